"""Chinese names of factors whose publication has none: the activity's name and, in brackets, what the variant says.

The words of `variants_zh.csv` are our own translations; the names of countries are those of CLDR, as Babel carries them.
"""

import csv
import re
from functools import cache

from babel import Locale

from factors.data.facts import HERE, Row


def name_zh(row: Row) -> str:
    """The Chinese name: the activity's, and in brackets what the variant says, in Chinese where `variants_zh.csv` has a word."""
    said = [words_zh().get(part) or in_chinese(part.partition("=")[2] or part) for part in row["variant"].split(";") if part]
    place = [] if row["region"] in {"GB", "US"} or not row["activities"].startswith("travel.hotel") else [country_zh(row["region"])]
    named = "，".join([*place, *said])
    return activity_zh()[row["activities"].split("|")[0]] + (f"（{named}）" if named else "")


def in_chinese(words: str) -> str:
    """The word for a variant's value; sizes keep their figures, and what has no word stays as published."""
    known = words_zh().get(words.casefold().replace("_", " "))
    if known:
        return known
    for unit, chinese in (("dwt", "载重吨"), ("TEU", "标箱"), ("CEU", "车位"), ("LM", "车道米"), ("m3", "立方米")):
        words = re.sub(rf"(?<=[\d+]) {unit}\b", chinese, words)
    return re.sub(r"(?<=\d)\+", "以上", words)


def country_zh(region: str) -> str:
    """The Chinese name of a country as CLDR has it; of the three divisions that are no part of the mainland, the usual short one."""
    divisions = {"710000": "台湾", "810000": "香港", "820000": "澳门"}
    return divisions.get(region) or str(Locale("zh").territories[region])


@cache
def words_zh() -> dict[str, str]:
    with (HERE / "variants_zh.csv").open(encoding="utf-8", newline="") as file:
        return {row["spelling"]: row["zh"] for row in csv.DictReader(file)}


@cache
def activity_zh() -> dict[str, str]:
    with (HERE / "activities.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["name_zh"] for row in csv.DictReader(file)}
