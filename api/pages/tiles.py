"""Where the 34 squares of the national tile map lie. Positions are schematic: no boundary is drawn and none is implied."""

from typing import NamedTuple


class Tile(NamedTuple):
    """A square: its row and column, and the province's short names; `code_en` is for narrow screens."""

    row: int
    column: int
    zh: str
    en: str
    code_en: str


TILES = {
    "110000": Tile(3, 6, "北京", "Beijing", "BJ"),
    "120000": Tile(3, 7, "天津", "Tianjin", "TJ"),
    "130000": Tile(4, 6, "河北", "Hebei", "HE"),
    "140000": Tile(3, 5, "山西", "Shanxi", "SX"),
    "150000": Tile(2, 5, "内蒙古", "Nei Mongol", "NM"),
    "210000": Tile(3, 8, "辽宁", "Liaoning", "LN"),
    "220000": Tile(2, 8, "吉林", "Jilin", "JL"),
    "230000": Tile(1, 8, "黑龙江", "Heilongjiang", "HL"),
    "310000": Tile(5, 8, "上海", "Shanghai", "SH"),
    "320000": Tile(5, 7, "江苏", "Jiangsu", "JS"),
    "330000": Tile(6, 7, "浙江", "Zhejiang", "ZJ"),
    "340000": Tile(5, 6, "安徽", "Anhui", "AH"),
    "350000": Tile(7, 6, "福建", "Fujian", "FJ"),
    "360000": Tile(6, 6, "江西", "Jiangxi", "JX"),
    "370000": Tile(4, 7, "山东", "Shandong", "SD"),
    "410000": Tile(4, 5, "河南", "Henan", "HA"),
    "420000": Tile(5, 5, "湖北", "Hubei", "HB"),
    "430000": Tile(6, 5, "湖南", "Hunan", "HN"),
    "440000": Tile(7, 5, "广东", "Guangdong", "GD"),
    "450000": Tile(7, 4, "广西", "Guangxi", "GX"),
    "460000": Tile(8, 4, "海南", "Hainan", "HI"),
    "500000": Tile(5, 4, "重庆", "Chongqing", "CQ"),
    "510000": Tile(5, 3, "四川", "Sichuan", "SC"),
    "520000": Tile(6, 4, "贵州", "Guizhou", "GZ"),
    "530000": Tile(6, 3, "云南", "Yunnan", "YN"),
    "540000": Tile(4, 1, "西藏", "Xizang", "XZ"),
    "610000": Tile(4, 4, "陕西", "Shaanxi", "SN"),
    "620000": Tile(3, 3, "甘肃", "Gansu", "GS"),
    "630000": Tile(4, 2, "青海", "Qinghai", "QH"),
    "640000": Tile(3, 4, "宁夏", "Ningxia", "NX"),
    "650000": Tile(3, 1, "新疆", "Xinjiang", "XJ"),
    "710000": Tile(7, 8, "台湾", "Taiwan", "TW"),
    "810000": Tile(8, 6, "香港", "Hong Kong", "HK"),
    "820000": Tile(8, 5, "澳门", "Macao", "MO"),
}
