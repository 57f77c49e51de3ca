"""The tables of an inventory as they are exported: in full grams and smallest units, with the entries behind each row."""

from collections.abc import Callable
from typing import Any

from litestar.exceptions import NotFoundException

from api.inventories import Shown
from api.pages.inventory_view import gas_rows
from carbon.enterprise.inventory.inventory import Row, Section

Table = tuple[list[str], list[list[object]]]
ROW = [
    "section",
    "book",
    "scope",
    "category",
    "activity",
    "name_zh",
    "name_en",
    "co2e_g",
    "gwp",
    "uncertainty_pct",
    "tiers",
    "lines",
    "entries",
]


def inventory_table(found: Shown, name: str) -> Table:
    """A table of the page by its name. Raises NotFoundException, which names them."""
    if name not in TABLES:
        raise NotFoundException(detail=f"no table {name!r} of an inventory: {', '.join(TABLES)}, inventory.pdf, inventory.xlsx")
    return TABLES[name](found)


def _row(section: str, row: Row, gwp: str) -> list[object]:
    tiers = " ".join(f"{tier}={mass}" for tier, mass in row.tiers.items())
    return [
        section, row.book, row.scope, row.category, row.activity, row.label_zh, row.label_en, row.co2e_g, gwp, row.uncertainty_pct, tiers,
        row.lines, " ".join(map(str, row.entries)),
    ]  # fmt: skip


def _scopes(found: Shown) -> Table:
    shown, rows = found.inventory, []
    blank: list[object] = ["", "", "", ""]

    def sums(label: str, zh: str, en: str, mass: int, pct: str | None, lines: int) -> None:
        rows.append([label, *blank, zh, en, mass, shown.gwp, pct, "", lines, ""])

    def section(label: str, part: Section, zh: str, en: str) -> None:
        rows.extend(_row(label, row, shown.gwp) for row in part.rows)
        sums(label, zh, en, part.co2e_g, part.uncertainty_pct, sum(row.lines for row in part.rows))

    section("scope1", shown.scope1, "范围一", "Scope 1")
    section("scope2_location", shown.scope2_location, "范围二（按地区）", "Scope 2, by location")
    sums("total_location", "范围一 + 二（按地区）", "Scope 1 + 2, by location", shown.total_location_g, shown.total_location_pct, 0)
    section("scope2_market", shown.scope2_market, "范围二（按市场）", "Scope 2, by market")
    if shown.scope2_market.rows or not shown.scope2_location.rows:  # else nothing was estimated by the market
        sums("total_market", "范围一 + 二（按市场）", "Scope 1 + 2, by market", shown.total_market_g, shown.total_market_pct, 0)
    section("scope3", shown.scope3, "范围三", "Scope 3")
    return ROW, rows


def _passed_on(found: Shown) -> Table:
    return ROW, [_row("passed-on", row, found.inventory.gwp) for row in found.inventory.passed_on]


def _gases(found: Shown) -> Table:
    head = ["gas", "unit", "scope1", "scope2_location", "scope2_market", "scope3", "gwp", "co2e_g_scope1_and_2_location"]
    return head, [[one["gas"], one["unit"], *one["masses"], _text(one["gwp"]), one["co2e_g"]] for one in gas_rows(found.inventory)]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _iso(found: Shown) -> Table:
    rows: list[list[object]] = []
    for one in found.inventory.iso:
        rows.append([one.category, "", one.name_zh, one.name_en, one.co2e_g, one.apart_g, ""])
        rows += [
            [one.category, part.id, part.name_zh, part.name_en, part.co2e_g, part.apart_g, part.mark] for part in one.subcategories
        ]  # fmt: skip
    return ["category", "subcategory", "name_zh", "name_en", "co2e_g", "apart_g", "mark"], rows


def _gbt(found: Shown) -> Table:
    return ["class", "name_zh", "name_en", "co2e_g"], [[one.id, one.name_zh, one.name_en, one.co2e_g] for one in found.inventory.gbt]


def _energy(found: Shown) -> Table:
    rows: list[list[object]] = [[one.carrier, one.quantity, one.unit, one.tce, one.coefficient] for one in found.inventory.energy]
    return ["carrier", "quantity", "unit", "tce", "coefficient"], [*rows, ["sum", "", "", found.inventory.tce, ""]]


def _changes(found: Shown) -> Table:
    rows: list[list[object]] = []
    for one in found.changes:
        years: list[object] = [one.before_year, one.after_year]
        rows += [[*years, "figure", it.figure, it.before_g, it.after_g, it.change_g, it.permille] for it in one.figures]
        rows += [[*years, "part", name, None, None, amount, None] for name, amount in one.bridge.parts.items()]
    return ["before_year", "after_year", "kind", "name", "before_g", "after_g", "change_g", "permille"], rows


def _tiers(found: Shown) -> Table:
    return ["tier", "co2e_g"], [[tier, mass] for tier, mass in found.inventory.tiers.items()]


def _exclusions(found: Shown) -> Table:
    head = ["source", "scope", "category", "notation", "share_permille", "reason", "until"]
    rows: list[list[object]] = [
        [one.source, one.scope, one.category, one.notation, one.share_permille, one.reason, one.until and one.until.isoformat()]
        for one in found.inventory.exclusions
    ]
    return head, rows


def _programmes(found: Shown) -> Table:
    rows: list[list[object]] = []
    for one in found.statements:
        if (way := one.bridge) is not None:
            rows.append([one.programme, "inventory", way.inventory_g, way.inventory_coal_g])
            rows += [[one.programme, part.id, part.co2e_g, part.coal_g] for part in way.parts]
            rows.append([one.programme, "verified", way.verified_g, way.coal_g])
    return ["programme", "step", "co2e_g", "coal_g"], rows


TABLES: dict[str, Callable[[Shown], Table]] = {
    "scopes": _scopes, "gases": _gases, "iso": _iso, "gbt": _gbt, "energy": _energy, "changes": _changes, "tiers": _tiers,
    "exclusions": _exclusions, "passed-on": _passed_on, "programmes": _programmes,
}  # fmt: skip
