"""What the pages of a filing show: its steps, the inventory as a table that closes, the bridge, and what may be done by whom."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import polars as pl

from api.auth import vault as person
from api.auth.gate import who_is
from api.auth.office import Action
from api.figures import TONNE_G, Scale, signed
from api.language import Language
from api.pages.drawing import Fall, waterfall
from api.pages.shell import Asked
from api.problems import N_
from carbon.digits import grouped
from carbon.enterprise.filing.bridge import PARTS, Bridge, bridge
from carbon.enterprise.filing.filing import Filing
from carbon.enterprise.filing.said import Kind as Kind
from carbon.enterprise.filing.said import Party
from carbon.enterprise.filing.said import kind_of as kind_of
from carbon.enterprise.filing.state import FilingState, State
from carbon.enterprise.inventory.inventory import Inventory
from carbon.enterprise.inventory.lines import booked_lines
from carbon.enterprise.inventory.sections import Row, Section
from carbon.enterprise.preparing import Judged
from factors.gwp import GwpSet
from ledger.principal import Principal

STATES: dict[State, tuple[str, str]] = {
    State.DRAFT: ("none", N_("draft")), State.SUBMITTED: ("warn", N_("submitted")), State.VERIFYING: ("warn", N_("being verified")),
    State.VERIFIED: ("good", N_("verified")), State.ACCEPTED: ("good", N_("accepted")), State.BOOKED: ("good", N_("booked")),
    State.REJECTED: ("bad", N_("given back")),
}  # fmt: skip
TIERS = {"measured": N_("measured"), "calculated": N_("calculated"), "default": N_("default"), "estimated": N_("≈ estimated")}
TIER_LOOK = {"measured": "b1", "calculated": "b5", "default": "b8", "estimated": "est"}
PART_NAMES = {
    "activity": N_("Amount of activity"), "factor": N_("Factor"), "gwp": N_("GWP"), "method": N_("Method"), "boundary": N_("Boundary"),
}  # fmt: skip
PARTIES = {Party.FIRM: N_("Firm"), Party.VERIFIER: N_("Verifier"), Party.AUTHORITY: N_("Authority")}
KINDS = {
    Kind.OPENED: N_("opened the filing"), Kind.SAVED: N_("saved lines"), Kind.ATTACHED: N_("attached a document"),
    Kind.SUBMITTED: N_("handed it in"), Kind.TAKEN_UP: N_("began to verify"), Kind.FOUND: N_("found something"),
    Kind.REPLIED: N_("replied"), Kind.CLOSED: N_("closed a finding"), Kind.SIGNED: N_("signed, by two"),
    Kind.REJECTED: N_("gave it back"), Kind.ACCEPTED: N_("accepted it"), Kind.BOOKED: N_("booked it"),
}  # fmt: skip
TONNES = Scale("t", TONNE_G, 1)
Say = Callable[[str], str]


def may(request: Asked, action: Action) -> bool:
    """Whether the visitor's office holds the action."""
    who = who_is(request)
    return who is not None and who.binding is not None and action in who.binding.duty.actions


def namer(request: Asked, session: Any) -> Callable[[str], str]:
    """What people are called, to those whom a filing concerns."""
    found: dict[str, str] = {}

    def name(user: str) -> str:
        if user and user not in found:
            found[user] = person.called(session, request.app.state.vault, user)
        return found.get(user, "")

    return name


def day(at: datetime | None) -> str:
    """The day and hour of an instant, short."""
    return at.strftime("%m-%d %H:%M") if at else ""


def preparing_steps(judged: Judged, say: Say) -> list[tuple[str, str, str]]:
    """The way of a filing from upload to book: a word, whether it is ``done`` or ``now``, and what is said below."""
    stand, must, ask = judged.filing.stand, len(judged.must), len(judged.ask)
    guessed = sum(one.way.value == "guess" for one in judged.matches)
    handed = stand.state not in {State.DRAFT, State.REJECTED}
    done = [
        bool(stand.version), bool(stand.version) and not guessed, bool(stand.version) and not must, handed,
        stand.state in {State.VERIFIED, State.ACCEPTED, State.BOOKED}, stand.state is State.BOOKED,
    ]  # fmt: skip
    told = [
        say(N_("%(n)s rows")) % {"n": grouped(str(stand.lines))} if stand.version else "",
        say(N_("%(n)s guessed")) % {"n": guessed} if guessed else say(N_("remembered")) if stand.version else "",
        say(N_("%(n)s must be mended")) % {"n": must} if must else say(N_("%(n)s to confirm")) % {"n": ask} if ask else "",
        "", day(stand.declared.at) if stand.declared and handed else "", "",
    ]  # fmt: skip
    words = [N_("Upload"), N_("Match columns"), N_("Mend"), N_("Preview"), N_("Verify"), N_("Enter in the book")]
    return _marked([say(word) for word in words], [handed or one for one in done[:4]] + done[4:], told)


def verifying_steps(stand: FilingState, say: Say, name: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """The way of a filing from submission to book."""
    taken, signed_, accepted, booked = (stand.decided(kind) for kind in (Kind.TAKEN_UP, Kind.SIGNED, Kind.ACCEPTED, Kind.BOOKED))
    past = stand.state in {State.VERIFIED, State.ACCEPTED, State.BOOKED}
    open_ = len(stand.open_findings)
    done = [
        stand.declared is not None and stand.state not in {State.DRAFT, State.REJECTED}, past or stand.state is State.VERIFYING,
        past or (stand.state is State.VERIFYING and not open_), past, stand.state in {State.ACCEPTED, State.BOOKED},
        stand.state is State.BOOKED,
    ]  # fmt: skip
    told = [
        f"{day(stand.declared.at)} {name(stand.declared.actor)}" if stand.declared else "",
        f"{day(taken.at)} {name(taken.actor)}" if taken and done[1] else "",
        say(N_("%(n)s open")) % {"n": open_} if open_ else "",
        day(signed_.at) if signed_ and past else say(N_("takes two")),
        day(accepted.at) if accepted and done[4] else "", day(booked.at) if booked else "",
    ]  # fmt: skip
    words = [N_("Submit"), N_("Verify"), N_("Correct"), N_("Sign"), N_("Accept"), N_("Enter in the book")]
    return _marked([say(word) for word in words], done, told)


def _marked(words: Sequence[str], done: Sequence[bool], told: Sequence[str]) -> list[tuple[str, str, str]]:
    at = next((k for k, one in enumerate(done) if not one), len(done))
    return [(word, "done" if k < at else "now" if k == at else "", text) for k, (word, text) in enumerate(zip(words, told, strict=True))]


def inventory_rows(inventory: Inventory, say: Say, language: Language) -> list[dict[str, Any]]:
    """The inventory as a table: three double rules, no grand total. `kind` is of a row: ````, ``sub``, ``total``, ``gap`` or ``ne``."""
    at = f"/{language}/entries?"

    def link(rows: Sequence[Row], **wanted: str) -> str:
        entries = {entry for row in rows for entry in row.entries}
        if not entries:
            return ""
        if len(entries) == 1:
            return f"/{language}/entries/{min(entries)}"
        return at + urlencode({"division": "100000", "year": inventory.year, "holder": inventory.holder, "gwp": inventory.gwp} | wanted)

    def line(row: Row) -> dict[str, Any]:
        told = row.label_zh if language == "zh" else row.label_en
        tier = max(row.tiers, key=lambda one: abs(row.tiers[one])) if row.tiers else ""
        href = link([row], book=row.book, scope=row.scope, category=row.category)
        return _row(told, row.co2e_g, row.uncertainty_pct, say(TIERS[tier]) if tier else "", href, "")

    def whole(word: str, section: Section, kind: str, **wanted: str) -> dict[str, Any]:
        if not section.rows:
            return {"label": word, "text": None, "pct": "", "tier": "", "href": "", "kind": kind, "g": None}
        return _row(word, section.co2e_g, section.uncertainty_pct, "", link(section.rows, **wanted), kind)

    location, market = inventory.scope2_location, inventory.scope2_market
    gap = {"kind": "gap", "label": "", "text": "", "pct": "", "tier": "", "href": "", "g": None}
    return [
        *map(line, inventory.scope1.rows), whole(say(N_("Scope 1")), inventory.scope1, "sub", book="physical", scope="1"),
        *map(line, location.rows), whole(say(N_("Scope 2 (location)")), location, "sub", book="location", scope="2"),
        _row(say(N_("Scope 1 + 2 (location)")), inventory.total_location_g, inventory.total_location_pct, "", "", "total"), gap,
        *map(line, market.rows), whole(say(N_("Scope 2 (market)")), market, "sub", book="market", scope="2"),
        _row(say(N_("Scope 1 + 2 (market)")), inventory.total_market_g, inventory.total_market_pct, "", "", "total"), gap,
        *map(line, inventory.scope3.rows), whole(say(N_("Scope 3")), inventory.scope3, "total", book="product", scope="3"),
    ]  # fmt: skip


def _row(label: str, mass_g: int, pct: str | None, tier: str, href: str, kind: str) -> dict[str, Any]:
    return {"label": label, "text": TONNES.text(mass_g), "pct": pct or "", "tier": tier, "href": href, "kind": kind, "g": mass_g}


def tiers_of(inventory: Inventory, say: Say) -> list[tuple[str, str, str]]:
    """The tiers of scope 1 + 2 by location: the look, the word, and the share in percent."""
    whole = sum(abs(mass) for mass in inventory.tiers.values())
    shares = [(tier, abs(inventory.tiers.get(tier, 0))) for tier in TIERS]
    return [(TIER_LOOK[tier], say(TIERS[tier]), f"{100 * mass / whole:.2f}") for tier, mass in shares if mass and whole]


def bridge_from_last_year(session: Any, principal: Principal, judged: Judged, prices: GwpSet) -> Bridge | None:
    """From what stands for the year before to what is filed now; None where nothing stands."""
    new, found = judged.laid(), judged.filing
    before = booked_lines(session, principal, holder=found.holder, year=found.year - 1)
    if new is None or before.filter(pl.col("amount") != 0).is_empty():
        return None
    return bridge(before, new, old_prices=prices).bridge


def drawn(way: Bridge, say: Say, *, before: str, after: str) -> dict[str, Any]:
    """A bridge as it is drawn for wide and narrow screens, and as rows: name, g."""
    parts = [(name, mass) for name, mass in way.parts.items() if mass]
    figures = [(before, TONNES.text(way.old_g)), *((say(PART_NAMES[name]), signed(TONNES.text(mass))) for name, mass in parts),
               (after, TONNES.text(way.new_g))]  # fmt: skip

    def fall(width: int, height: int) -> Fall:
        steps = [TONNES.number(mass) for _, mass in parts]
        return waterfall(TONNES.number(way.old_g), steps, TONNES.number(way.new_g), words=figures, width=width, height=height)

    return {"wide": fall(500, 236), "narrow": fall(358, 220), "figures": figures, "cut": fall(500, 236).cut}


def bridge_table(way: Bridge) -> list[list[object]]:
    """A bridge as it is exported."""
    return [["old", way.old_g], *([name, getattr(way, name)] for name in PARTS), ["new", way.new_g]]


def sums(stand: FilingState) -> dict[str, Any]:
    """What was declared, what holds, and what each finding moved between the two, in g CO2e: the parts add up to what holds."""
    declared = stand.declared.total_g if stand.declared else 0
    moves = [(one, one.verified.effect_g) for one in stand.findings if one.verified and one.verified.effect_g]
    held = declared + sum(effect for _, effect in moves)
    permille = abs(stand.misstatement_g) * 10_000 // abs(declared) if declared else 0
    return {"declared": declared, "held": held, "moves": moves, "off_g": stand.misstatement_g, "off": f"{permille / 100:.2f}"}


def turn(found: Filing) -> str:
    """Whose turn it is: ``firm``, ``verifier``, ``authority`` or nobody."""
    return {
        State.DRAFT: "firm", State.REJECTED: "firm", State.SUBMITTED: "verifier", State.VERIFYING: "verifier", State.VERIFIED: "authority",
        State.ACCEPTED: "authority",
    }.get(found.state, "")  # fmt: skip
