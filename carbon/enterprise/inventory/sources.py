"""What the parts of an inventory are called: sources of scope 1, carriers of scope 2, the fifteen categories of scope 3.

Scope 1 goes by the family of the activity, and where no line says one by the IPCC 2006 source category (vol. 1, Table 8.2). The names of
the fifteen categories are those of the GHG Protocol's Corporate Value Chain Standard, Table 5.3.
"""

from factors.activities import by_id

SOURCES = {
    "stationary": ("固定燃烧", "Stationary combustion"),
    "mobile": ("移动燃烧", "Mobile combustion"),
    "process": ("工业过程", "Industrial processes"),
    "fugitive": ("逸散", "Fugitive emissions"),
    "refrigerant": ("制冷剂", "Refrigerants"),
    "waste": ("废弃物与废水", "Waste and waste water"),
    "agriculture": ("农业与土地", "Agriculture and land"),
}
CARRIERS = {
    "electricity": ("电力", "Electricity"),
    "heat": ("热力", "Heat"),
    "steam": ("蒸汽", "Steam"),
    "cooling": ("冷量", "Cooling"),
    "losses": ("网损", "Network losses"),
}
CHAIN = {
    "1": ("外购商品和服务", "Purchased goods and services"),
    "2": ("资本货物", "Capital goods"),
    "3": ("燃料和能源相关活动", "Fuel- and energy-related activities"),
    "4": ("上游运输和配送", "Upstream transportation and distribution"),
    "5": ("运营中产生的废弃物", "Waste generated in operations"),
    "6": ("商务旅行", "Business travel"),
    "7": ("员工通勤", "Employee commuting"),
    "8": ("上游租赁资产", "Upstream leased assets"),
    "9": ("下游运输和配送", "Downstream transportation and distribution"),
    "10": ("售出产品的加工", "Processing of sold products"),
    "11": ("售出产品的使用", "Use of sold products"),
    "12": ("售出产品的报废处理", "End-of-life treatment of sold products"),
    "13": ("下游租赁资产", "Downstream leased assets"),
    "14": ("特许经营", "Franchises"),
    "15": ("投资", "Investments"),
}
_FAMILIES = {
    "combustion.stationary": "stationary", "combustion.mobile": "mobile", "vehicle": "mobile", "process": "process", "deduction": "process",
    "fugitive.refrigerant": "refrigerant", "fugitive": "fugitive", "waste": "waste", "wastewater": "waste", "agriculture": "agriculture",
    "land": "agriculture",
}  # fmt: skip
_IPCC = {
    "1A3": "mobile", "1A": "stationary", "1B": "fugitive", "1C": "fugitive", "2F": "refrigerant", "2": "process", "3": "agriculture",
    "4": "waste",
}  # fmt: skip

_ORDER = {group: no for no, group in enumerate((*SOURCES, *CARRIERS, *CHAIN))}


def within(text: str, families: dict[str, str]) -> str | None:
    """What the longest family says under which a dotted name lies."""
    fits = [family for family in families if text == family or text.startswith(family + ".")]
    return families[max(fits, key=len)] if fits else None


def source_of(activity: str, category: str) -> str:
    """The source of scope 1: by the activity's family, else by the IPCC category; what neither places is fugitive."""
    begins = [start for start in _IPCC if category.startswith(start)]
    return within(activity, _FAMILIES) or (_IPCC[max(begins, key=len)] if begins else "fugitive")


def group_of(scope: str, category: str, activity: str) -> str:
    """The part of its section that a row belongs to: a source of scope 1, else the category itself."""
    return source_of(activity, category) if scope == "1" else category


def group_order(group: str) -> int:
    """The place of a group among all: sources, carriers, then categories by their number; what has no name comes last."""
    return _ORDER.get(group, len(_ORDER))


def group_names(group: str) -> tuple[str, str]:
    """What a group is called, in Chinese and in English."""
    return SOURCES.get(group) or CARRIERS.get(group) or CHAIN.get(group) or (group, group)


def row_names(activity: str, category: str) -> tuple[str, str]:
    """What a row is called: as its activity, else as its category."""
    known = by_id().get(activity)
    return (known.name_zh, known.name_en) if known else group_names(category)
