"""A firm's own headings and ours: what was agreed on before, what a heading plainly says, what it may mean.

A mapping goes from the heading as it stands in the file to a column of `carbon.activity_columns`: ``quantity [kWh]`` where the heading
states the unit of every line, ``-`` for a column that is left out, ``x_…`` for one that is kept and not read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from rapidfuzz import fuzz, process
from sqlmodel import Session

from carbon.activity_columns import COLUMNS, EXTRA, LEFT_OUT, PARAMETERS
from carbon.activity_text import Rename
from carbon.enterprise.errors import BadMapping
from carbon.enterprise.tables import MappingRow
from carbon.holder import find_holder
from factors.errors import UnknownUnit
from factors.guide import named_variables
from factors.item import VARIABLE
from factors.units import find_unit
from ledger.principal import Principal
from ledger.types import table_of

SAYINGS: dict[str, tuple[str, ...]] = {
    "activity": ("活动", "活动类型", "能源品种", "能源种类", "燃料", "燃料品种", "物料", "项目", "排放活动", "品名", "fuel",
        "energy type", "material", "item"),
    "quantity": ("数量", "消耗量", "用量", "使用量", "活动数据", "活动水平", "实物量", "消费量", "用电量", "耗电量", "用气量", "用煤量",
        "用汽量", "amount", "consumption",
        "usage", "qty"),
    "unit": ("单位", "计量单位", "units", "uom"),
    "day": ("日期", "月份", "期间", "年月", "所属期", "统计月份", "年份", "年度", "month", "date", "period", "year"),
    "start": ("开始", "开始日期", "起始日期", "起", "from", "start date"),
    "end": ("结束", "结束日期", "截止日期", "止", "to", "end date"),
    "division": ("地区", "行政区划", "区划代码", "县", "所在地", "region", "location code"),
    "site": ("场所", "厂区", "厂", "站点", "设施", "生产基地", "工厂", "plant", "facility", "location"),
    "source": ("排放源", "计量器具", "表号", "电表", "设备", "仪表", "来源", "meter", "equipment", "emission source"),
    "reference": ("凭证号", "单据号", "发票号", "凭证", "单号", "invoice", "document", "voucher"),
    "scope": ("范围", "排放范围", "ghg scope"),
    "category": ("类别", "排放类别", "源类别", "ipcc category"),
    "method": ("核算方法", "方法", "scope 2 method"),
    "tier": ("数据层级", "数据来源方式", "获取方式", "数据类型", "data tier", "data type"),
    "factor": ("因子", "排放因子", "因子编号", "factor id"),
    "ncv": ("低位发热量", "热值", "低位热值", "net calorific value", "lhv"),
    "carbon_content": ("单位热值含碳量", "含碳量", "carbon content"),
    "oxidation": ("碳氧化率", "氧化率", "oxidation factor"),
    "density": ("密度",),
    "biogenic_share": ("生物质份额", "生物质比例", "biogenic"),
    "counterparty": ("供应商", "对方", "交易对方", "销售方", "supplier", "vendor"),
    "instrument": ("证书", "证书编号", "绿证", "绿证编号", "合同", "合同编号", "certificate", "contract"),
    "uncertainty_pct": ("不确定度", "误差", "uncertainty"),
    "note": ("备注", "说明", "附注", "remark", "remarks", "comment", "comments"),
}  # fmt: skip
"""How firms call our columns; a heading in several is none of them."""
SURE, LIKELY = 100, 84
"""Of 100 points of likeness: the same words, and what is proposed as a guess."""
_UNIT = re.compile(r"^(?P<name>.+?)\s*[\[（(［【]\s*(?P<unit>[^\]）)］】]+?)\s*[\]）)］】]$")
_BLANKS = re.compile(r"[\s_\-:：*＊/]+")


class Way(StrEnum):
    """How a heading came to its column."""

    REMEMBERED = "remembered"
    SAME = "same"
    GUESS = "guess"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Match:
    """A heading, the column that it is read as, how that was found, and in which place of the file it stands, from 0."""

    heading: str
    column: str
    way: Way
    place: int


def propose(headings: Sequence[str | None], remembered: Mapping[str, str]) -> tuple[Match, ...]:
    """A match for each heading that is not blank, no column taken twice; what nothing fits is kept as a column of one's own."""
    wanted: dict[str, int] = {}
    for place, text in enumerate(headings):
        if text and text.strip():
            wanted.setdefault(text.strip(), place)
    found: dict[str, Match] = {}
    taken: set[str] = set()
    for sure in (True, False):
        for heading, place in wanted.items():
            if heading in found:
                continue
            column, way = _column(heading, remembered, guess=not sure)
            name = column.partition(" [")[0]
            if column and (name not in taken or column == LEFT_OUT):
                found[heading] = Match(heading, column, way, place)
                taken.add(name)
    return tuple(found.get(heading) or Match(heading, own_column(heading), Way.KEPT, place) for heading, place in wanted.items())


def own_column(heading: str) -> str:
    """The column of one's own in which what a heading holds is kept."""
    return heading if heading.startswith(EXTRA) else EXTRA + _BLANKS.sub("_", heading)[:50]


def _column(heading: str, remembered: Mapping[str, str], *, guess: bool) -> tuple[str, Way]:
    if heading in remembered:
        return remembered[heading], Way.REMEMBERED
    if heading == LEFT_OUT or heading.startswith(EXTRA) or _is_variable(heading):
        return heading, Way.SAME
    name, unit = _parted(heading)
    plain = _plain(name)
    columns = _words().get(plain, ())
    if len(columns) == 1:
        return _with_unit(columns[0], unit), Way.SAME
    if not guess or columns:
        return "", Way.KEPT
    near = process.extractOne(plain, _words().keys(), scorer=fuzz.WRatio, score_cutoff=LIKELY)
    columns = _words()[near[0]] if near and len(plain) > 1 else ()
    return (_with_unit(columns[0], unit), Way.GUESS) if len(columns) == 1 else ("", Way.KEPT)


def _is_variable(heading: str) -> bool:
    """Whether it names a variable of a guide's formula, such as ``v_CaO`` or ``v_CaO [%]``."""
    name = heading.partition("[")[0].strip()
    return name.startswith(VARIABLE) and name.removeprefix(VARIABLE) in named_variables()


def _parted(heading: str) -> tuple[str, str | None]:
    """The name and the unit of a heading such as 用电量（kWh）; a bracket that holds no unit belongs to the name."""
    match = _UNIT.fullmatch(heading)
    if match is None:
        return heading, None
    try:
        return match["name"], find_unit(match["unit"]).token
    except UnknownUnit:
        return (match["name"], match["unit"]) if "/" in match["unit"] else (heading, None)


def _with_unit(column: str, unit: str | None) -> str:
    return f"{column} [{unit}]" if unit and (column == "quantity" or column in PARAMETERS) else column


def _plain(text: str) -> str:
    return _BLANKS.sub(" ", text.strip().lower()).strip()


@cache
def _words() -> dict[str, tuple[str, ...]]:
    words: dict[str, list[str]] = {}
    for column in COLUMNS:
        for saying in (column, *SAYINGS.get(column, ())):
            words.setdefault(_plain(saying), []).append(column)
    return {word: tuple(columns) for word, columns in words.items()}


def renaming(mapping: Mapping[str, str]) -> Rename:
    """The row of headings as the mapping calls them; one that it does not name is kept as a column of one's own, unless it is ours."""

    def rename(cells: Sequence[str | None]) -> list[str | None]:
        return [_called(cell, mapping) for cell in cells]

    return rename


def _called(cell: str | None, mapping: Mapping[str, str]) -> str | None:
    heading = (cell or "").strip()
    if not heading:
        return cell
    if heading in mapping:
        return mapping[heading]
    return heading if _parted(heading)[0] in COLUMNS or _is_variable(heading) else own_column(heading)


def remembered(session: Session, principal: Principal, *, holder: str) -> dict[str, str]:
    """How the firm's headings were called before. Raises HolderNotFound."""
    find_holder(session, principal, holder)
    row = table_of(MappingRow).c
    rows = session.execute(sa.select(row.heading, row.column).where(row.holder_id == holder))
    return {heading: column for heading, column in rows}  # noqa: C416 — rows are no pairs to a type checker


def remember(session: Session, principal: Principal, *, holder: str, mapping: Mapping[str, str], now: datetime) -> None:
    """Keep how headings are called, over what was kept of the same headings. Raises HolderNotFound, BadMapping."""
    find_holder(session, principal, holder)
    check_mapping(mapping)
    row = table_of(MappingRow)
    for heading, column in mapping.items():
        session.execute(sa.delete(row).where(row.c.holder_id == holder, row.c.heading == heading))
        values = {"holder_id": holder, "heading": heading, "column": column, "changed_by": principal.actor, "changed_at": now}
        session.execute(sa.insert(row).values(values))


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise BadMapping where a column is none of ours, or one is meant twice."""
    seen: dict[str, str] = {}
    for heading, column in mapping.items():
        if not heading.strip() or len(heading) > 200:
            raise BadMapping(heading=heading, column=column, reason="a heading has 1 to 200 signs")
        name, unit = _parted(column) if "[" in column else (column, None)
        if column == LEFT_OUT or _is_variable(column) or (column.startswith(EXTRA) and len(column) <= 60):
            continue
        if name not in COLUMNS or (unit is not None and name != "quantity" and name not in PARAMETERS):
            raise BadMapping(
                heading=heading, column=column, reason=f"one of {', '.join(COLUMNS)}, {LEFT_OUT} or a name that begins with {EXTRA}"
            )
        if name in seen:
            raise BadMapping(heading=heading, column=column, reason=f"{seen[name]!r} is read as {name} already: choose one of the two")
        seen[name] = heading
