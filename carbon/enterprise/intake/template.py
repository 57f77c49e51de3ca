"""The workbook that a firm fills in: made for its guide and its sites, with lists to choose from, units, and a row 示例 to go by.

Row 1 says what a column is, row 2 is an example, row 3 holds the keys by which the file is read: only rows below it count. The template's
version stands in the sheet 说明, which is not read.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import xlsxwriter

from carbon.scope import METHODS, TIERS
from factors.activities import Activity, by_id
from factors.guide import Guide
from factors.units import find_unit

VERSION = "1"
SHEET, LISTS, ABOUT = "活动数据", "lists", "说明 about"
ROWS_MAX = 50_000
LABELS: dict[str, tuple[str, str]] = {
    "activity": ("活动", "Activity"), "quantity": ("数量", "Quantity"), "unit": ("单位", "Unit"), "day": ("期间", "Period"),
    "site": ("场所", "Site"), "source": ("排放源／计量器具", "Source or meter"), "reference": ("凭证号", "Document"),
    "tier": ("数据层级", "Data tier"), "scope": ("范围", "Scope"), "category": ("类别", "Category"),
    "method": ("范围二方法", "Scope 2 method"), "factor": ("因子", "Factor"), "ncv": ("低位发热量", "Net calorific value"),
    "carbon_content": ("单位热值含碳量", "Carbon content"), "oxidation": ("碳氧化率", "Oxidation"), "density": ("密度", "Density"),
    "biogenic_share": ("生物质份额", "Biogenic share"), "counterparty": ("供应商", "Supplier"),
    "instrument": ("证书／合同", "Certificate, contract"),
    "uncertainty_pct": ("不确定度 %", "Uncertainty %"), "note": ("备注", "Note"), "start": ("开始", "Start"), "end": ("结束", "End"),
    "division": ("地区", "Division"), "formula": ("指南公式", "Guide formula"), "variables": ("变量", "Variables"),
}  # fmt: skip
UNIT_OF = {"ncv": "GJ/t", "carbon_content": "tC/GJ", "density": "kg/L"}
OFFERED = (
    "activity", "quantity", "unit", "day", "site", "source", "reference", "tier", "ncv", "carbon_content", "oxidation", "counterparty",
    "instrument", "uncertainty_pct", "note",
)  # fmt: skip
"""The columns that every template has; the others may be added by their key."""
ALWAYS = ("electricity.grid", "heat.purchased", "combustion.stationary.natural_gas", "combustion.mobile.road.diesel")
"""What every firm may have, whatever its guide names."""
WIDTHS = {"activity": 36, "source": 20, "reference": 20, "note": 28, "counterparty": 18, "instrument": 22}
_INK, _LINE, _PAPER = "#1c2733", "#c9c4b8", "#f3f1ec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a template is made for: a title, the activities to choose from, formula items with their variables, sites, year, language."""

    title: str
    activities: Sequence[Activity]
    sites: Sequence[tuple[str, str]]
    year: int
    language: str = "zh"
    formulas: Sequence[str] = ()
    variables: Sequence[str] = ()


def form_of(guide: Guide, *, sites: Sequence[tuple[str, str]], year: int, language: str = "zh") -> Form:
    """The form of a guide: the activities of its sources and of their families, its items and the variables of their formulas."""
    named = {one for source in guide.sources for one in source.activities} | {item.activity for item in guide.items}
    families = tuple(f"{one}." for source in guide.sources for one in source.families)
    chosen = [one for one in by_id().values() if one.id in named or one.id.startswith(families or "\x00") or one.id in ALWAYS]
    name = guide.name_zh if language == "zh" else guide.name_en
    return Form(
        title=f"{name} {year}", activities=chosen, sites=sites, year=year, language=language,
        formulas=[item.id for item in guide.items], variables=list(dict.fromkeys(v.name for item in guide.items for v in item.variables)),
    )  # fmt: skip


def template(form: Form) -> bytes:
    """The workbook, the same to the byte for the same form."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": form.title, "created": _created(form)})
    lists = _lists(book, form)
    _sheet(book, form, lists)
    _about(book, form)
    book.close()
    return out.getvalue()


def _created(form: Form) -> datetime:
    return datetime(form.year + 1, 1, 1, tzinfo=UTC)


def columns_of(form: Form) -> list[str]:
    """The keys of the columns, in their order."""
    keys = [f"{name} [{UNIT_OF[name]}]" if name in UNIT_OF else name for name in OFFERED]
    return [*keys, *(["formula"] if form.formulas else []), *(f"v_{name}" for name in form.variables)]


def _lists(book: xlsxwriter.Workbook, form: Form) -> dict[str, str]:
    """A hidden sheet with what a cell may be chosen from; the name of each list by its column."""
    sheet = book.add_worksheet(LISTS)
    sheet.hide()
    choices = {
        "activity": [one.id for one in form.activities], "unit": _units(form.activities), "tier": list(TIERS), "method": list(METHODS),
        "site": [code for code, _ in form.sites], "formula": list(form.formulas),
    }  # fmt: skip
    named = {}
    for place, (column, words) in enumerate(choices.items()):
        if words:
            sheet.write_column(0, place, words)
            letter = chr(ord("A") + place)
            book.define_name(f"list_{column}", f"={LISTS}!${letter}$1:${letter}${len(words)}")
            named[column] = f"=list_{column}"
    names = {one.id: one.name_zh if form.language == "zh" else one.name_en for one in form.activities}
    sheet.write_column(0, len(choices), list(names))
    sheet.write_column(0, len(choices) + 1, list(names.values()))
    return named


def _units(activities: Sequence[Activity]) -> list[str]:
    """The units of the activities, the usual ones first, each once."""
    usual = [one.default_unit for one in activities]
    tokens = [find_unit(token).token for one in activities for token in (*usual, *one.units)]
    return list(dict.fromkeys(tokens))[:200]


def _sheet(book: xlsxwriter.Workbook, form: Form, lists: dict[str, str]) -> None:
    sheet = book.add_worksheet(SHEET)
    label = book.add_format({"bold": True, "font_color": _INK, "bottom": 1, "bottom_color": _LINE, "text_wrap": True, "valign": "top"})
    example = book.add_format({"italic": True, "font_color": "#6b6f76", "bg_color": _PAPER})
    key = book.add_format({"font_color": "#6b6f76", "font_size": 9, "bottom": 2, "bottom_color": _INK, "locked": True})
    text = book.add_format({"num_format": "@", "locked": False})
    free = book.add_format({"locked": False})
    shown = _example(form)
    for place, column in enumerate(columns_of(form)):
        name = column.partition(" [")[0]
        zh, en = LABELS.get(name, (name.removeprefix("v_"), name.removeprefix("v_")))
        sheet.write_string(0, place, zh if form.language == "zh" else en, label)
        sheet.write_string(1, place, shown.get(name, ""), example)
        sheet.write_string(2, place, column, key)
        number = name in {"quantity", "uncertainty_pct", "oxidation", "ncv", "carbon_content"} or name.startswith("v_")
        sheet.set_column(place, place, WIDTHS.get(name, 13), free if number else text)
        if name in lists:
            # a name or a code may be written by hand as well: the reader knows both, and refuses what it does not
            sheet.data_validation(3, place, ROWS_MAX, place, {"validate": "list", "source": lists[name], "error_type": "information"})
        elif number:
            low = {"validate": "decimal", "criteria": "between", "minimum": -1e15, "maximum": 1e15, "error_type": "stop"}
            sheet.data_validation(3, place, ROWS_MAX, place, low)
    sheet.freeze_panes(3, 1)
    sheet.protect("", {"insert_rows": True, "delete_rows": True, "sort": True, "autofilter": True, "format_columns": True})
    sheet.activate()
    sheet.set_first_sheet()


def _example(form: Form) -> dict[str, str]:
    """The row 示例: the first activity of the guide, in its usual unit, in the first month of the year."""
    first = form.activities[0]
    return {
        "activity": first.id, "quantity": "1240.6", "unit": first.default_unit, "day": f"{form.year}-01",
        "site": form.sites[0][0] if form.sites else "s01", "source": "表 01" if form.language == "zh" else "meter 01",
        "reference": "示例" if form.language == "zh" else "example", "tier": "measured",
        "note": "示例行，不读取" if form.language == "zh" else "example row, not read",
    }  # fmt: skip


def _about(book: xlsxwriter.Workbook, form: Form) -> None:
    sheet = book.add_worksheet(ABOUT)
    rows = [
        ("template", VERSION), ("title", form.title), ("year", str(form.year)),
        ("填写", "从第 4 行起，每行一个排放源的一个期间；第 3 行的列名不要改。数量写数，不写公式。"),
        ("How", "One source and period a row, from row 4 on; leave the keys of row 3 as they are. Numbers, no formulas."),
        ("期间", "2024-07 或 2024-07-01；跨月写 start 与 end 两列。"),
        ("Period", "2024-07 or 2024-07-01; for longer ones add start and end."),
    ]  # fmt: skip
    for line, row in enumerate(rows):
        sheet.write_row(line, 0, row)
    for line, one in enumerate(form.activities, start=len(rows) + 1):
        sheet.write_row(line, 0, [one.id, one.name_zh, one.name_en, ", ".join(one.units[:8])])
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, 3, 40)
