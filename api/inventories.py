"""An inventory as machines and pages ask for it: the figures of a year, what changed, the firm's peers, and the reports made of them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from api.export import TYPES
from api.kept import KEPT
from api.language import Language, catalogue
from api.problems import N_
from carbon.enterprise.filing.filing import filings
from carbon.enterprise.filing.state import State
from carbon.enterprise.firm import BaseYear, facts
from carbon.enterprise.inventory.change import Change, change
from carbon.enterprise.inventory.inventory import Inventory, booked_inventory
from carbon.enterprise.inventory.lines import booked_lines
from carbon.enterprise.obligation.declare import statements
from carbon.enterprise.obligation.statement import Statement
from carbon.enterprise.peers import Peers, filed_years, peers
from carbon.holder import Holder, find_holder
from carbon.report.inventory_pdf import Head, Steps, inventory_pdf
from carbon.report.workbook import inventory_workbook
from factors.guide import guides
from factors.gwp import gwp_set
from ledger.balances import log_root
from ledger.book import Book
from ledger.principal import Principal

PARTS = {
    "activity": N_("Activity"), "factor": N_("Factor"), "gwp": N_("GWP set"), "method": N_("Method"), "boundary": N_("Boundary"),
}  # fmt: skip
"""What a difference is made of, in the order of the bridge."""
STATES = {
    State.DRAFT: N_("draft"), State.SUBMITTED: N_("submitted"), State.VERIFYING: N_("being verified"), State.VERIFIED: N_("verified"),
    State.ACCEPTED: N_("accepted"), State.BOOKED: N_("booked"), State.REJECTED: N_("rejected"),
}  # fmt: skip
PDF = "application/pdf"
MEDIA = {"pdf": PDF, "xlsx": TYPES["xlsx"]}


@dataclass(frozen=True, slots=True)
class Shown:
    """A year of a holder: its inventory, the changes from the year before and from the base year, statements, peers, and all its years."""

    holder: Holder
    years: tuple[int, ...]
    inventory: Inventory
    changes: tuple[Change, ...]
    statements: tuple[Statement, ...]
    peers: Peers | None
    base_year: BaseYear | None


def shown(book: Book, session: Session, principal: Principal, *, holder: str, year: int, gwp: str) -> Shown:
    """What there is to say of a holder's year in a GWP set; nothing may have been read in the session before. HolderNotFound."""
    return KEPT.value(
        book, session, principal, ("inventory", holder, year, gwp), lambda: _made(book, session, principal, holder, year, gwp)
    )


def _made(book: Book, session: Session, principal: Principal, holder: str, year: int, gwp: str) -> Shown:
    prices, known = gwp_set(gwp), find_holder(session, principal, holder)
    years = filed_years(session, principal, holder)
    base = facts(session, principal, holder, date(year, 12, 31)).base_year
    before = sorted({year - 1, *([base.year] if base else [])} & set(years) - {year}, reverse=True)
    with book.reading() as everybody:
        beside = peers(everybody, holder=holder, year=year, prices=prices)
    return Shown(
        holder=known, years=years, inventory=booked_inventory(session, principal, holder=holder, year=year, prices=prices),
        changes=tuple(changed(session, principal, holder=holder, year=year, against=one, gwp=gwp, rule=base) for one in before),
        statements=latest(session, principal, holder, year), peers=beside, base_year=base,
    )  # fmt: skip


def changed(
    session: Session, principal: Principal, *, holder: str, year: int, against: int, gwp: str, rule: BaseYear | None = None
) -> Change:
    """A year against another, and where that is the base year whether it is to be calculated anew. HolderNotFound."""
    before, after = (booked_lines(session, principal, holder=holder, year=one) for one in (against, year))
    return change(before, after, before_year=against, after_year=year, prices=gwp_set(gwp), rule=rule)


def latest(session: Session, principal: Principal, holder: str, year: int) -> tuple[Statement, ...]:
    """The statements of a year to each programme, in their last version."""
    found = {one.statement.programme: one.statement for one in statements(session, principal, holder=holder, year=year)}
    return tuple(found.values())


def head_of(session: Session, principal: Principal, holder: Holder, *, year: int, language: Language, now: datetime) -> Head:
    """What a report of a holder's year says at its head: guide and state are those of the filing that was opened last for it."""
    say, filed = catalogue(language).gettext, filings(session, principal, holder=holder.id, year=year)
    last = max(filed, key=lambda one: one.created_at, default=None)
    guide = guides().get(last.guide) if last else None
    return Head(
        firm=holder.name, credit_code=holder.credit_code or "", industry=holder.industry or "",
        guide=(guide.name_zh if language == "zh" else guide.name_en) if guide else "",
        state=say(STATES[last.state]) if last else say(N_("booked without a filing")),
        root=log_root(session).hex(), made_at=now, example=holder.example,
    )  # fmt: skip


def steps_of(one: Change, language: Language) -> Steps:
    """A change as the bridge of a report."""
    say, way = catalogue(language).gettext, one.bridge
    steps = [(say(PARTS[name]), amount) for name, amount in way.parts.items() if amount]
    title = say(N_("From {before} to {after}")).format(before=one.before_year, after=one.after_year)
    return Steps(title=title, first=(str(one.before_year), way.old_g), steps=steps, last=(str(one.after_year), way.new_g))


def report(session: Session, principal: Principal, found: Shown, *, kind: str, language: Language, now: datetime) -> bytes:
    """The report of a year as ``pdf`` or ``xlsx``. Raises NoChineseFont, ReportFailed."""
    year = found.inventory.year
    head = head_of(session, principal, found.holder, year=year, language=language, now=now)
    bridges = [steps_of(one, language) for one in found.changes]
    if kind == "pdf":
        return inventory_pdf(found.inventory, head=head, language=language, bridges=bridges, peers=_said(found.peers, language))
    lines = booked_lines(session, principal, holder=found.holder.id, year=year)
    return inventory_workbook(found.inventory, head=head, lines=lines, language=language, bridges=bridges)


def _said(beside: Peers | None, language: Language) -> str | None:
    """The firm beside its industry, in a sentence."""
    if beside is None:
        return None
    text = catalogue(language).gettext(N_("Mean of {members} firms of industry {industry}: {mean} t CO₂e; this firm {own} t CO₂e."))
    mean, own = (f"{mass / 1_000_000:,.1f}" for mass in (beside.mean_g, beside.own_g))
    return text.format(members=beside.members, industry=beside.industry, mean=mean, own=own)
