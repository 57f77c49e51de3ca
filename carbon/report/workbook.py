"""An inventory as a workbook: what the PDF shows, a sheet a view, and every line with its masses and its entry."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import xlsxwriter

from carbon.enterprise.inventory.inventory import Inventory
from carbon.report.document import Language, every_word
from carbon.report.inventory_pdf import Head, Steps, facts_of
from factors.gwp import smallest_unit

LINE_COLUMNS = (
    "line", "entry", "site", "division", "book", "scope", "category", "activity", "source", "quantity", "unit", "start", "end", "tier",
    "uncertainty_pct", "factor", "formula", "counterparty", "instrument", "gas", "amount",
)  # fmt: skip
GRAMS_A_TONNE = 1_000_000


def inventory_workbook(
    inventory: Inventory, *, head: Head, lines: pl.DataFrame, language: Language, bridges: Sequence[Steps] = ()
) -> bytes:
    """The workbook; `lines` are LINES of `carbon.enterprise.inventory.lines`. Texts are written as texts, never as formulas."""
    said = every_word(language)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"{head.firm} {inventory.year} {said['inventory']}", "created": head.made_at.replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "bottom": 1})
    grams = book.add_format({"num_format": "#,##0"})
    tonnes = book.add_format({"num_format": "#,##0.0"})

    def page(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[int]) -> None:
        sheet = book.add_worksheet(name[:31])
        sheet.write_row(0, 0, list(header), bold)
        for at, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                if isinstance(value, float):
                    sheet.write_number(at, place, value, tonnes)
                elif isinstance(value, int) and abs(value) < 10**15:
                    sheet.write_number(at, place, value, grams)
                elif value is not None:
                    sheet.write_string(at, place, str(value))
        sheet.freeze_panes(1, 0)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)

    zh = language == "zh"
    facts = [*facts_of(head, inventory.year, said), (said["gwp"], inventory.gwp), (said["log"], head.root)]
    page("概要 summary", ("", ""), facts, (34, 70))
    page("范围 scopes", (said["source"], said["tonnes"], "g CO2e", "± %", said["tier"], said["entries"]), _scopes(inventory, said, zh=zh),
         (52, 16, 22, 8, 16, 40))  # fmt: skip
    page("ISO 14064-1", (said["category"], "", said["tonnes"], "g CO2e"), _iso(inventory, zh=zh), (10, 52, 16, 22))
    page("GB-T 32150", (said["source"], said["tonnes"], "g CO2e"),
         ((one.name_zh if zh else one.name_en, one.co2e_g / GRAMS_A_TONNE, one.co2e_g) for one in inventory.gbt), (52, 16, 22))  # fmt: skip
    page(
        "气体 gases",
        (said["gas"], said["mass"], ""),
        ((gas, mass, smallest_unit(gas)) for gas, mass in inventory.by_gas.items()),
        (24, 24, 8),
    )
    page("能源 energy", (said["carrier"], said["quantity"], "", "tce", said["coefficient"]),
         ((one.carrier, one.quantity, one.unit, one.tce, one.coefficient) for one in inventory.energy), (40, 20, 10, 16, 60))  # fmt: skip
    for bridge in bridges:
        steps = [bridge.first, *bridge.steps, bridge.last]
        page(
            bridge.title[:31], ("", said["tonnes"], "g CO2e"), ((label, step / GRAMS_A_TONNE, step) for label, step in steps), (40, 16, 22)
        )
    page("明细 lines", LINE_COLUMNS, lines.select(LINE_COLUMNS).iter_rows(), (8, 10, 10, 10, 10, 8, 10, 36, 18, 14, 8, 12, 12, 12, 8, 40))
    book.close()
    return out.getvalue()


def _scopes(inventory: Inventory, said: dict[str, str], *, zh: bool) -> Iterable[Sequence[Any]]:
    def section(name: str) -> Iterable[Sequence[Any]]:
        part = getattr(inventory, name)
        for row in part.rows:
            label = row.label_zh if zh else row.label_en
            tier = max(row.tiers, key=lambda one: abs(row.tiers[one])) if row.tiers else ""
            ids = " ".join(map(str, row.entries))
            yield label, row.co2e_g / GRAMS_A_TONNE, row.co2e_g, row.uncertainty_pct or "", said.get(tier, ""), ids
        yield said[name], part.co2e_g / GRAMS_A_TONNE, part.co2e_g, part.uncertainty_pct or "", "", ""

    yield from section("scope1")
    yield from section("scope2_location")
    yield _total(said["total_location"], inventory.total_location_g, inventory.total_location_pct)
    yield from section("scope2_market")
    yield _total(said["total_market"], inventory.total_market_g, inventory.total_market_pct)
    yield from section("scope3")
    yield said["scope3_missing"], ", ".join(inventory.scope3_missing), "NE", "", "", ""
    for label, amount in (
        ("biogenic", sum(inventory.biogenic_g.values())),
        ("removals", inventory.removals_g),
        ("captured", inventory.captured_g),
    ):
        yield said[label], amount / GRAMS_A_TONNE, amount, "", "", ""


def _total(label: str, amount: int, pct: str | None) -> Sequence[Any]:
    return label, amount / GRAMS_A_TONNE, amount, pct or "", "", ""


def _iso(inventory: Inventory, *, zh: bool) -> Iterable[Sequence[Any]]:
    for one in inventory.iso:
        yield str(one.category), one.name_zh if zh else one.name_en, one.co2e_g / GRAMS_A_TONNE, one.co2e_g
        for part in one.subcategories:
            yield part.id, part.name_zh if zh else part.name_en, part.co2e_g / GRAMS_A_TONNE, part.co2e_g
