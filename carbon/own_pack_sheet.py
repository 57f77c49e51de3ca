"""The workbook of a user's own factors: the template that is written, and the reading of one that was filled in.

Two sheets: 因子 factors (a row of labels, a row of keys, then one number a row) and 说明 pack (a key, a value and what it means, a row).
"""

import re
from pathlib import Path
from typing import Any

import xlsxwriter

from carbon.workbook import open_workbook
from factors.activities import activities
from factors.errors import PackInvalid
from factors.faults import EVIDENCE, RANGES
from factors.pack import COLUMNS, RANKS, RULES
from factors.programme import BASES

FACTORS, MANIFEST = "因子 factors", "说明 pack"
VERSION = "1"
LABELS = {
    "id": "编号", "activities": "活动", "region": "地区代码", "parameter": "参数", "gas": "气体", "value": "数值", "unit": "单位",
    "basis": "口径", "set_id": "参数组", "variant": "变体", "year_from": "数据年起", "year_to": "数据年止", "published": "发布日",
    "used_from": "适用年起", "used_to": "适用年止", "source": "来源文件", "locator": "表号页码", "licence": "许可", "evidence": "依据",
    "lower": "95% 下限", "upper": "95% 上限", "name_zh": "中文名", "name_en": "英文名", "notes": "备注",
}  # fmt: skip
ABOUT = [
    ("name", "", "小写字母、数字、连字符 · small letters, digits, hyphens: acme-supplier"),
    ("version", "", "版本 · version: 2025"), ("edition", "1", "修订号，内容变动时加一 · one more at each change"),
    ("title_zh", "", "中文名称"), ("title_en", "", "English title"), ("publisher", "", "谁给出这些数 · who states the numbers"),
    ("licence", "", "许可或合同 · licence or contract"), ("published", "", "发布日 · day, month or year: 2025-06-30"),
    ("released", "", "本包日期 · day of this pack: 2025-07-01"),
    ("rule", "data-year", " | ".join(RULES)), ("rank", "supplier", " | ".join(RANKS)),
    ("replaces", "", "取代的自有包 · own pack that this replaces: acme-supplier/2024_e001"),
    ("template", VERSION, "模板版本 · do not change"),
]  # fmt: skip
INTEGERS = {"edition"}


def write_template(path: Path) -> None:
    """Write an empty workbook with the lists that a cell may be chosen from."""
    book = xlsxwriter.Workbook(str(path))
    bold, key = book.add_format({"bold": True}), book.add_format({"font_color": "#666666", "bottom": 1, "locked": True})
    text = book.add_format({"num_format": "@", "locked": False})
    sheet = book.add_worksheet(FACTORS)
    sheet.write_row(0, 0, [LABELS[name] for name in COLUMNS], bold)
    sheet.write_row(1, 0, COLUMNS, key)
    lists = book.add_worksheet("lists")
    lists.hide()
    choices = {
        "activities": [one.id for one in activities()], "parameter": ["ef", *RANGES], "basis": list(BASES), "evidence": list(EVIDENCE),
    }  # fmt: skip
    for place, (name, words) in enumerate(choices.items()):
        lists.write_column(0, place, words)
        book.define_name(f"list_{name}", f"=lists!${chr(65 + place)}$1:${chr(65 + place)}${len(words)}")
    for place, name in enumerate(COLUMNS):
        sheet.set_column(place, place, 28 if name in {"activities", "source", "name_zh", "name_en"} else 12, text)
        if name in choices:
            # an activity may be written by its name too, and several stand apart by |
            sheet.data_validation(
                2,
                place,
                5_000,
                place,
                {"validate": "list", "source": f"=list_{name}", "error_type": "information" if name == "activities" else "stop"},
            )
    sheet.freeze_panes(2, 1)
    about = book.add_worksheet(MANIFEST)
    for line, row in enumerate(ABOUT):
        about.write_row(line, 0, row, text)
    about.set_column(0, 0, 12)
    about.set_column(1, 1, 40, text)
    about.set_column(2, 2, 70)
    book.close()


def read_sheet(data: bytes, *, file: str) -> tuple[dict[str, Any], list[dict[str, str]], list[int], list[str]]:
    """What the manifest says, the rows, their row numbers, and the faults of form. PackInvalid where it is no such workbook.

    Raises FaultyFile where the file is no workbook that may be opened.
    """
    opened = open_workbook(data, file=file)
    faults = [f"cell {place} is a formula: write its value" for place in opened.checked.formulas]
    sheets = {name: [[cell[1] if cell else "" for cell in row] for row in rows] for name, rows in opened.sheets.items()}
    about = next((rows for rows in sheets.values() if any(row[:1] == ["name"] for row in rows)), None)
    table = next((rows for rows in sheets.values() if _head(rows) is not None), None)
    if about is None or table is None:
        raise PackInvalid(
            file, ["holds no sheet with the rows name, version, … and no sheet with the columns id, activities, …: fill in a template"]
        )
    manifest: dict[str, Any] = {row[0]: row[1] for row in about if len(row) > 1 and row[0] and row[1] and row[0] != "template"}
    for name in INTEGERS & set(manifest):
        if re.fullmatch(r"[0-9]{1,3}", manifest[name]):
            manifest[name] = int(manifest[name])
    head = _head(table) or 0
    names = [name.strip() for name in table[head]]
    unknown = [name for name in names if name and name not in COLUMNS]
    if unknown:
        faults.append(f"columns that no pack has: {', '.join(repr(name[:30]) for name in unknown[:6])}")
    rows, numbers = [], []
    for number, cells in enumerate(table[head + 1 :], start=head + 2):
        if any(cells):
            named = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name in COLUMNS}
            rows.append(dict.fromkeys(COLUMNS, "") | named)
            numbers.append(number)
    return manifest, rows, numbers, faults


def _head(rows: list[list[str]]) -> int | None:
    """The row of keys, looked for in the first twenty."""
    return next(
        (at for at, row in enumerate(rows[:20]) if {"id", "activities", "parameter", "value"} <= {cell.strip() for cell in row}), None
    )
