"""Make `example_2023.xlsx`, the workbook of the demo: one invented works, one year, every quantity an example.

The quantities are invented and say so in the workbook; the factors that they meet are the published ones. Run by hand
(`python -m carbon.data.example FILE.xlsx`) when the columns change; the file is the same to the byte each time.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

YEAR = 2023
HEADER = [
    "activity", "quantity", "unit", "day", "site", "source", "reference", "category", "tier",
    "density [kg/L]", "note", "x_名称",
]  # fmt: skip

# activity, name, unit, source (meter), document, IPCC category, tier, density, twelve months
SOURCES: list[tuple[str, str, str, str, str, str, str, str, str]] = [
    ("combustion.stationary.bituminous", "烟煤", "t", "皮带秤 BW-02", "入炉煤月报", "1A2", "measured", "",
     "1186.4 902.7 1240.6 1215.3 1198.8 1150.2 1102.9 1127.5 1171.0 1209.6 1228.1 1251.7"),
    ("combustion.stationary.natural_gas", "天然气", "万Nm3", "流量计 GF-01", "燃气结算单", "1A2", "measured", "",
     "21.46 16.03 22.18 21.77 21.09 20.35 19.62 19.94 20.71 21.38 21.85 22.40"),
    ("combustion.mobile.road.diesel", "柴油（厂内与自有货车）", "t", "加油台账", "柴油出库单", "1A3b", "calculated", "",
     "7.12 5.04 7.86 7.43 7.51 7.28 6.93 7.07 7.34 7.60 7.72 7.95"),
    ("combustion.mobile.road.gasoline", "汽油（公务车）", "L", "加油卡", "加油卡对账单", "1A3b", "calculated", "0.74",
     "412 305 438 421 430 417 402 409 415 433 441 452"),
    ("electricity.grid", "外购电力", "万kWh", "关口表 1101", "电费结算单", "", "measured", "",
     "214.62 163.08 221.35 218.74 219.90 224.17 236.45 238.02 225.33 219.06 217.88 223.51"),
    ("heat.purchased", "外购热力", "GJ", "热量表 H-03", "供热结算单", "", "measured", "",
     "3320 2480 3145 2760 2410 2185 2040 2065 2230 2590 2935 3290"),
    ("process.carbonate.limestone", "石灰石（脱硫与配料）", "t", "地磅 W-01", "石灰石入库单", "2A4", "calculated", "",
     "418.2 307.5 431.6 424.0 420.7 409.3 396.8 401.1 412.5 422.9 428.4 436.0"),
]  # fmt: skip

ABOUT = [
    ["示例 · EXAMPLE", ""],
    ["单位", "示例建材有限公司（虚构），长兴一厂，浙江省湖州市长兴县 330522"],
    ["说明", "本工作簿的单位、数量、计量器具与凭证号均为虚构的示例，只用于演示；排放因子取自公开文件，见每笔分录。"],
    ["About", "Firm, quantities, meters and document numbers are invented for demonstration; factors are published."],
]  # fmt: skip


def write(path: Path) -> None:
    """Write the workbook: the sheet 活动数据 with a line per source and month, and one that says it is an example."""
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"title": "示例 2023 年活动数据", "created": datetime(2024, 1, 31, tzinfo=UTC)})
    sheet = book.add_worksheet("活动数据")
    head = book.add_format({"bold": True, "bottom": 1})
    sheet.write_row(0, 0, HEADER, head)
    row = 1
    for activity, name, unit, source, document, category, tier, density, months in SOURCES:
        for month, quantity in enumerate(months.split(), start=1):
            day = f"{YEAR}-{month:02d}"
            sheet.write_row(row, 0, [activity])
            sheet.write_number(row, 1, float(quantity))
            sheet.write_row(row, 2, [unit, day, "s01", source, f"{document} {day}", category, tier])
            if density:
                sheet.write_number(row, 9, float(density))
            sheet.write_row(row, 10, ["示例", name])
            row += 1
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, row - 1, len(HEADER) - 1)
    for column, width in enumerate([34, 12, 9, 10, 6, 16, 22, 10, 12, 14, 8, 26]):
        sheet.set_column(column, column, width)
    about = book.add_worksheet("说明")
    for line, texts in enumerate(ABOUT):
        about.write_row(line, 0, texts)
    about.set_column(0, 0, 16)
    about.set_column(1, 1, 110)
    book.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
