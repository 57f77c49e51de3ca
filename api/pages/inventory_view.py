"""How an inventory is drawn: one unit a column, a link to the entries behind each figure, bridges as bars, tiers as a bar."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from api.figures import TONNE_G, Scale, decimal_text, percent, scale_for, signed
from api.inventories import PARTS, Shown
from api.language import Language, catalogue
from api.pages.entry import REPORTS
from api.pages.words import TIERS, Say
from api.problems import N_
from carbon.digits import integer
from carbon.enterprise.inventory.change import Change
from carbon.enterprise.inventory.inventory import Inventory, Row, Section
from carbon.enterprise.obligation.bridge import Bridge
from carbon.region.divisions import NATION
from factors.activities import by_id
from factors.gwp import gwp_set, gwp_sets, smallest_unit

VIEWS = {"scope": N_("By scope"), "gas": N_("By gas"), "iso": N_("ISO 14064-1"), "gbt": N_("GB/T 32150")}
FIGURES = {
    "scope1": N_("Scope 1"), "scope2_location": N_("Scope 2, by location"), "scope2_market": N_("Scope 2, by market"),
    "total_location": N_("Scope 1 + 2, by location"), "total_market": N_("Scope 1 + 2, by market"), "scope3": N_("Scope 3"),
}  # fmt: skip
WAY = {
    "purchased": N_("Purchased power and heat not counted"), "boundary": N_("Outside the programme's boundary"),
    "gases": N_("Gases not counted"), "gwp": N_("GWP set"), "factor": N_("The programme's own factors"),
    "verification": N_("Found by verification"),
}  # fmt: skip
"""What lies between an inventory and a programme's figure."""
LOOKS = {"measured": "b3", "calculated": "b1", "default": "b5", "estimated": "b8 est"}
BARS = 1000
GIGA_G = 10**15
"""From a thousand million tonnes on a firm is no firm."""


class Bar(NamedTuple):
    """A step of a bridge: its label, its figure, and where its bar lies in thousandths; `cut` where the bars do not begin at zero."""

    label: str
    text: str
    full: str
    left: int
    width: int
    kind: str
    cut: bool


def firm_scale(masses_g: Iterable[int | None], language: Language) -> Scale:
    """Tonnes with one decimal, in which firms think, but for the very small and the very large."""
    known = [abs(mass) for mass in masses_g if mass is not None]
    return Scale("t", TONNE_G, 1) if TONNE_G <= max(known, default=0) < GIGA_G else scale_for(known, language)


def lines_address(language: Language, shown: Inventory, row: Row) -> str:
    """The page of the lines behind a row; of what another's line put there the entry itself; of what emits nothing the firm's contracts."""
    if not row.entries:
        return f"/{language}/holders/{shown.holder}/profile"
    if not row.activity:
        return f"/{language}/entries/{row.entries[0]}?gwp={shown.gwp}"
    return section_address(language, shown, row.book, row.scope, category=row.category, activity=row.activity)


def section_address(language: Language, shown: Inventory, book: str, scope: str, **further: str) -> str:
    """The page of the lines behind a scope of one book."""
    asked = {"division": NATION, "year": shown.year, "book": book, "scope": scope, "holder": shown.holder, "gwp": shown.gwp}
    return f"/{language}/entries?{urlencode(asked | further)}"


def bars(first: tuple[str, int], steps: Iterable[tuple[str, int]], last: tuple[str, int], scale: Scale) -> list[Bar]:
    """A bridge as bars, cut where the steps would be too small to see: a step is drawn from where the one before it ended."""
    told = [(label, step) for label, step in steps if step]
    heights = [first[1]]
    for _, step in told:
        heights.append(heights[-1] + step)
    low, high = min(heights), max(*heights, 1)
    floor = low - (high - low) if low > 0 and high - low < low // 2 else min(0, low)
    floor = max(floor, 0) if low > 0 else floor
    span = max(high - floor, 1)

    def bar(label: str, text: str, full: int, ends: tuple[int, int], kind: str) -> Bar:
        left, right = (BARS * (end - floor) // span for end in sorted(ends))
        return Bar(label, text, f"{integer(full)} g", left, max(right - left, 2), kind, floor > 0)

    rows = [bar(first[0], scale.text(first[1]), first[1], (floor, first[1]), "total")]
    for (label, step), before, after in zip(told, heights, heights[1:], strict=False):
        rows.append(bar(label, signed(scale.text(step)), step, (before, after), "down" if step < 0 else "up"))
    return [*rows, bar(last[0], scale.text(last[1]), last[1], (floor, last[1]), "total")]


def change_bars(one: Change, scale: Scale, say: Say) -> list[Bar]:
    """From one year to another."""
    way = one.bridge
    steps = [(say(PARTS[name]), amount) for name, amount in way.parts.items()]
    return bars((str(one.before_year), way.old_g), steps, (str(one.after_year), way.new_g), scale)


def programme_bars(way: Bridge, scale: Scale, say: Say) -> list[Bar]:
    """From the inventory to a programme's figure."""
    inventory, verified = say(N_("Inventory")), say(N_("Verified for the programme"))
    first, last = f"{inventory} ({way.inventory_gwp})", f"{verified} ({way.programme_gwp})"
    return bars((first, way.inventory_g), [(say(WAY[part.id]), part.co2e_g) for part in way.parts], (last, way.verified_g), scale)


def tier_parts(tiers: dict[str, int], say: Say) -> list[dict[str, Any]]:
    """The tiers of the total by location, best first, in percent of it."""
    total = sum(abs(mass) for mass in tiers.values())
    return [
        {"name": say(name), "percent": percent(abs(tiers[tier]), total), "look": LOOKS[tier], "width": 100 * abs(tiers[tier]) / total}
        for tier, name in TIERS.items()
        if tiers.get(tier) and total
    ]


def main_tier(row: Row) -> str:
    """The tier in which most of a row stands."""
    return max(row.tiers, key=lambda tier: abs(row.tiers[tier])) if row.tiers else ""


def gas_rows(shown: Inventory) -> list[dict[str, Any]]:
    """Each gas with its masses by scope, its GWP, and what it is worth in scope 1 and 2 by location."""
    sections = [shown.scope1.gases, shown.scope2_location.gases, shown.scope2_market.gases, shown.scope3.gases]
    prices, rows = gwp_set(shown.gwp), []
    for gas in sorted({gas for section in sections for gas in section}):
        counted = gas not in shown.apart and gas not in shown.unpriced
        mass = shown.by_gas.get(gas, 0)
        rows.append(
            {
                "gas": gas, "unit": smallest_unit(gas), "masses": [section.get(gas, 0) for section in sections],
                "gwp": prices.value(gas) if counted else None, "co2e_g": round(mass * prices.per_unit(gas)) if counted else None,
            }
        )  # fmt: skip
    return rows


def inventory_context(found: Shown, language: Language, *, view: str) -> dict[str, Any]:
    """Everything that inventory.html names of a year."""
    say, shown = catalogue(language).gettext, found.inventory
    every: Sequence[Section] = (shown.scope1, shown.scope2_location, shown.scope2_market, shown.scope3)
    rows = [row.co2e_g for section in every for row in section.rows]
    scale = firm_scale([shown.total_location_g, shown.total_market_g, shown.scope3.co2e_g, *rows], language)
    return {
        "shown": shown, "found": found, "view": view if view in VIEWS else "scope", "views": VIEWS, "scale": scale,
        "gwp_sets": [name for name in REPORTS if name in gwp_sets()], "main_tier": main_tier, "tier_names": TIERS,
        "lines_of": lambda row: lines_address(language, shown, row),
        "section_of": lambda book, scope: section_address(language, shown, book, scope),
        "tiers": tier_parts(shown.tiers, say), "gases": gas_rows(shown), "activities": by_id(), "figures": FIGURES,
        "changes": [(one, change_bars(one, scale, say)) for one in found.changes],
        "ways": [(one, programme_bars(one.bridge, scale, say)) for one in found.statements if one.bridge],
        "permille": _percent, "told": lambda one, it: (_told(one, it.figure, "before_g"), _told(one, it.figure, "after_g")),
        "tce": decimal_text(Decimal(shown.tce or "0"), 1),
        "market_g": shown.total_market_g if shown.scope2_market.rows or not shown.scope2_location.rows else None,
    }  # fmt: skip


def _told(one: Change, figure: str, side: str) -> bool:
    """Whether a figure of a year was estimated at all: nothing of scope 3 or of scope 2 by the market is NE, and so is a total with it."""
    masses = {it.figure: getattr(it, side) for it in one.figures}
    if figure == "total_market":
        return bool(masses["scope2_market"] or not masses["scope2_location"])
    return figure not in {"scope3", "scope2_market"} or bool(masses[figure])


def _percent(permille: int | None) -> str:
    """Thousandths as a signed percentage."""
    return "" if permille is None else signed(percent(permille, 1000) or "")
