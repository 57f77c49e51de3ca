"""A firm's inventory as a PDF: the same figures as its pages, each with the note of the entries behind it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from carbon.digits import grouped, integer
from carbon.enterprise.inventory.inventory import Inventory
from carbon.enterprise.inventory.sections import Row, Section
from carbon.report.document import Language, every_word, pdf
from carbon.report.notes import Notes, tonnes
from factors.activities import by_id
from factors.gwp import smallest_unit

TIERS = ("measured", "calculated", "default", "estimated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a report says of whom it is about. `root` is that of the log which the figures were read at; `facts` more pairs for its head."""

    firm: str
    credit_code: str
    industry: str
    guide: str
    state: str
    root: str
    made_at: datetime
    example: bool = False
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A bridge between two figures in g CO2e: its title, its first and its last bar, and the steps between them, which add up."""

    title: str
    first: tuple[str, int]
    steps: Sequence[tuple[str, int]]
    last: tuple[str, int]
    more: Mapping[str, str] = field(default_factory=dict)


def inventory_pdf(
    inventory: Inventory, *, head: Head, language: Language, bridges: Sequence[Steps] = (), peers: str | None = None
) -> bytes:
    """The report. Raises NoChineseFont, ReportFailed."""
    return pdf("inventory", inventory_data(inventory, head=head, language=language, bridges=bridges, peers=peers), made_at=head.made_at)


def inventory_data(
    inventory: Inventory, *, head: Head, language: Language, bridges: Sequence[Steps] = (), peers: str | None = None
) -> dict[str, Any]:
    """What the template prints: all figures as text, none computed there."""
    said = every_word(language)
    notes = Notes()
    return {
        **common(head, inventory.year, language, title=f"{head.firm} {inventory.year} {said['inventory']}"),
        "facts": [*_facts(inventory, head, said)],
        "rows": _rows(inventory, language, said, notes),
        "apart": _apart(inventory, said, notes),
        "gwp_note": f"{inventory.gwp}. ",
        "tiers": _tiers(inventory, said),
        "bridges": [_bridge(bridge) for bridge in bridges],
        "iso": _iso(inventory, language, notes),
        "gbt": [
            {"label": name, "figure": tonnes(one.co2e_g), "note": notes.of(name, one.co2e_g)}
            for one in inventory.gbt
            for name in [one.name_zh if language == "zh" else one.name_en]
        ],
        "gases": [{"gas": gas, "mass": f"{integer(mass)} {smallest_unit(gas)}"} for gas, mass in sorted(inventory.by_gas.items())],
        "energy": _energy(inventory, language, said),
        "peers": peers,
        "exclusions": [{"source": one.source, "scope": one.scope, "reason": one.reason} for one in inventory.exclusions],
        "notes": notes.texts,
    }  # fmt: skip


def common(head: Head, year: int, language: Language, *, title: str) -> dict[str, Any]:
    """What every report prints, whatever it is about."""
    at = head.made_at.strftime("%Y-%m-%d %H:%M UTC")
    return {
        "language": language, "words": every_word(language), "firm": head.firm, "year": str(year), "title": title, "example": head.example,
        "footer": f"{title} · {at}", "root": head.root,
    }  # fmt: skip


def facts_of(head: Head, year: int, said: Mapping[str, str]) -> list[tuple[str, str]]:
    """The pairs at the head of every report."""
    return [
        (said["firm"], head.firm), (said["credit_code"], head.credit_code or said["unsaid"]), (said["year"], str(year)),
        (said["industry"], head.industry or said["unsaid"]), (said["guide"], head.guide or said["unsaid"]), (said["state"], head.state),
        *head.facts,
    ]  # fmt: skip


def _facts(inventory: Inventory, head: Head, said: Mapping[str, str]) -> list[tuple[str, str]]:
    boundary = said[inventory.boundary.approach] if inventory.boundary else said["unsaid"]
    return [*facts_of(head, inventory.year, said), (said["boundary"], boundary), (said["gwp"], inventory.gwp)]


def _figure(label: str, amount: int, note: int | None, *, pct: str | None = None, tier: str = "", kind: str = "plain") -> dict[str, Any]:
    return {"label": label, "figure": tonnes(amount), "note": note, "pct": pct or "", "tier": tier, "kind": kind}


def _rows(inventory: Inventory, language: Language, said: Mapping[str, str], notes: Notes) -> list[dict[str, Any]]:
    rows = [*_section(inventory.scope1, said["scope1"], language, said, notes)]
    rows += _section(inventory.scope2_location, said["scope2_location"], language, said, notes)
    location = (inventory.scope1, inventory.scope2_location)
    rows.append(_total(said["total_location"], inventory.total_location_g, inventory.total_location_pct, location, notes))
    rows += _section(inventory.scope2_market, said["scope2_market"], language, said, notes)
    market = (inventory.scope1, inventory.scope2_market)
    if inventory.scope2_market.rows or not inventory.scope2_location.rows:
        rows.append(_total(said["total_market"], inventory.total_market_g, inventory.total_market_pct, market, notes))
    rows += _section(inventory.scope3, said["scope3"], language, said, notes, missing=inventory.scope3_missing)
    return rows


def _total(label: str, amount: int, pct: str | None, sections: Sequence[Section], notes: Notes) -> dict[str, Any]:
    entries, lines = _behind(row for section in sections for row in section.rows)
    return _figure(label, amount, notes.of(label, amount, entries, lines), pct=pct, kind="total")


def _behind(rows: Iterable[Row]) -> tuple[tuple[int, ...], int]:
    """The entries behind some rows, as far as the rows name them, and how many lines."""
    some = list(rows)
    return tuple(entry for row in some for entry in row.entries), sum(row.lines for row in some)


def _section(
    section: Section, label: str, language: Language, said: Mapping[str, str], notes: Notes, *, missing: Sequence[str] = ()
) -> list[dict[str, Any]]:
    rows = []
    for row in section.rows:
        name = row.label_zh if language == "zh" else row.label_en
        name = f"{row.category}　{name}" if row.scope == "3" else name
        if row.co2e_g or not row.apart_g:
            note = notes.of(name, row.co2e_g, row.entries, row.lines)
            rows.append(_figure(name, row.co2e_g, note, pct=row.uncertainty_pct, tier=_tier(row, said)))
        if row.apart_g:  # published only as CO2e of another set: printed, and in no sum
            name = f"{name} † "
            rows.append(_figure(name, row.apart_g, notes.of(name, row.apart_g, row.entries, row.lines), tier=_tier(row, said)))
    if missing:
        named = {"label": f"{said['scope3_missing']}: {', '.join(missing)}", "figure": "NE", "note": None, "pct": "", "tier": "—"}
        rows.append(named | {"kind": "plain"})
    if not section.rows:  # nothing was estimated, which is not nothing emitted
        return [*rows, {"label": label, "figure": "NE", "note": None, "pct": "", "tier": "", "kind": "sub"}]
    entries, lines = _behind(section.rows)
    rows.append(_figure(label, section.co2e_g, notes.of(label, section.co2e_g, entries, lines), pct=section.uncertainty_pct, kind="sub"))
    if section.apart_g:
        apart = f"{label} † {said['apart']}"
        rows.append(_figure(apart, section.apart_g, notes.of(apart, section.apart_g), kind="sub"))
    return rows


def _tier(row: Row, said: Mapping[str, str]) -> str:
    """The tier in which most of the row stands."""
    return said[max(row.tiers, key=lambda tier: abs(row.tiers[tier]))] if row.tiers else ""


def _apart(inventory: Inventory, said: Mapping[str, str], notes: Notes) -> list[dict[str, Any]]:
    """What stands beside the totals and is in none."""
    beside = [
        (said["biogenic"], sum(inventory.biogenic_g.values())), (said["removals"], inventory.removals_g),
        (said["captured"], inventory.captured_g), (said["passed_on"], sum(row.co2e_g for row in inventory.passed_on)),
    ]  # fmt: skip
    rows = [{"label": label, "figure": tonnes(amount), "note": notes.of(label, amount)} for label, amount in beside if amount]
    rows += [
        {"label": f"{said['apart']} {gas}", "figure": tonnes(mass), "note": notes.of(gas, mass)} for gas, mass in inventory.apart.items()
    ]
    return rows + [
        {"label": f"{said['unpriced']} {gas}", "figure": f"{integer(mass)} {smallest_unit(gas)}", "note": None}
        for gas, mass in inventory.unpriced.items()
    ]


def _tiers(inventory: Inventory, said: Mapping[str, str]) -> list[dict[str, Any]]:
    total = sum(abs(mass) for mass in inventory.tiers.values())
    parts = []
    for tier in TIERS:
        part = abs(inventory.tiers.get(tier, 0))
        if part:
            percent = f"{100 * part / total:.2f}".rstrip("0").rstrip(".") if total else "0"
            parts.append({"kind": tier, "permille": round(1000 * part / total), "label": f"{said[tier]} {percent} %"})
    return parts or [{"kind": "estimated", "permille": 1000, "label": said["none"]}]


def _bridge(bridge: Steps) -> dict[str, Any]:
    """The bars of a bridge in thousandths of the largest height."""
    heights = [bridge.first[1]]
    for _, step in bridge.steps:
        heights.append(heights[-1] + step)
    top = max(1, *(abs(height) for height in (*heights, bridge.last[1])))

    def scaled(amount: int) -> int:
        return max(0, round(1000 * amount / top))

    bars = [{"label": bridge.first[0], "figure": tonnes(bridge.first[1]), "from": 0, "to": scaled(bridge.first[1]), "kind": "total"}]
    for (label, step), before, after in zip(bridge.steps, heights, heights[1:], strict=False):
        figure = tonnes(step) if step < 0 else f"+{tonnes(step)}"
        bars.append({"label": label, "figure": figure, "from": scaled(before), "to": scaled(after), "kind": "down" if step < 0 else "up"})
    bars.append({"label": bridge.last[0], "figure": tonnes(bridge.last[1]), "from": 0, "to": scaled(bridge.last[1]), "kind": "total"})
    return {"title": bridge.title, "bars": bars}


def _iso(inventory: Inventory, language: Language, notes: Notes) -> list[dict[str, Any]]:
    rows = []
    for one in inventory.iso:
        name = one.name_zh if language == "zh" else one.name_en
        rows.append({"id": str(one.category), "name": name, "figure": tonnes(one.co2e_g), "note": notes.of(name, one.co2e_g), "scopes": ""})
        for part in one.subcategories:
            if part.co2e_g:
                label = part.name_zh if language == "zh" else part.name_en
                note = notes.of(label, part.co2e_g)
                rows.append({"id": "", "name": label, "figure": tonnes(part.co2e_g), "note": note, "scopes": part.id})
    return rows


def _energy(inventory: Inventory, language: Language, said: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = [
        {
            "carrier": _name(one.carrier, language), "quantity": f"{grouped(one.quantity)} {one.unit}",
            "tce": grouped(one.tce) if one.tce else "—", "coefficient": one.coefficient,
        }
        for one in inventory.energy
    ]  # fmt: skip
    return [*rows, {"carrier": said["sum"], "quantity": "", "tce": grouped(inventory.tce or "0"), "coefficient": ""}] if rows else []


def _name(activity: str, language: Language) -> str:
    known = by_id().get(activity)
    if known is None:
        return activity
    return known.name_zh if language == "zh" else known.name_en
