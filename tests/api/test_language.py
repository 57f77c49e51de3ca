"""Every message of code and templates stands in every catalogue, with the same fields, and no catalogue holds more."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.language import LANGUAGES, catalogue, preferred
from api.pages import words

API = Path(__file__).parent.parent.parent / "api"
METHODS = [("pages/templates/**.html", "jinja2"), ("commands/**", "ignore"), ("pages/frontend/**", "ignore"), ("**.py", "python")]
OPTIONS = {"pages/templates/**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "trim_blocks": "true", "newstyle_gettext": "true"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "say": None}
FIELD = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


def extracted() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(API, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS)  # type: ignore[arg-type]
    return {tuple(filter(None, message)) if isinstance(message, tuple) else message for _, _, message, _, _ in found} - {"\n"}


def po(language: str) -> Catalog:
    with (API / "locale" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_catalogue_is_complete_and_holds_nothing_else(language: str) -> None:
    said = {message.id: message for message in po(language) if message.id}
    assert {str(key) for key in extracted()} - {str(key) for key in said} == set(), "missing messages"
    assert {str(key) for key in said} - {str(key) for key in extracted()} == set(), "messages nobody uses"
    for message in said.values():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), f"untranslated: {message.id}"
        assert not message.fuzzy, message.id
        source = message.id[-1] if isinstance(message.id, tuple) else message.id
        for text in texts:
            assert set(FIELD.findall(text)) == set(FIELD.findall(source)), message.id


def test_english_is_the_source() -> None:
    assert catalogue("en").gettext("Nation") == "Nation"
    assert catalogue("zh").gettext("Nation") == "全国"
    assert catalogue("zh").ngettext("%(num)s factor", "%(num)s factors", 3) == "%(num)s 条"


def test_the_reader_decides_the_language() -> None:
    assert preferred(cookie="en", accept="zh") == "en"
    assert preferred(cookie="xx", accept="de, en;q=0.2") == "en"
    assert preferred(cookie=None, accept=None) == "zh"


def test_codes_are_told_in_words() -> None:
    say = catalogue("zh").gettext
    assert words.category("1A2", say) == "制造业与建筑业"
    assert words.category("1A3bii", say) == "道路运输", "the nearest name above"
    assert words.category("6", say, book="product") == "商务差旅"
    assert words.account("holder/h1/s01/scope1/1A2", say, str) == "责任：范围一 · 制造业与建筑业"
    assert words.account("pool/location/electricity-330000", say, lambda code: f"<{code}>") == "来处：网络 · 电力 · <330000>"
    assert words.account("holder/h1/units", say, str) == "持有的配额与证书"
    assert words.account("holder/h1/obligation/2024", say, str) == "应清缴 · 2024"
    assert words.account("retired/GEC/claim-2024", say, str) == "已永久注销 · claim-2024"


def test_what_the_factor_library_notes_is_told_in_words() -> None:
    say = catalogue("zh").gettext
    assert words.note("year-after-last", say) == "取活动日期之前最近的一年"
    assert words.note("chosen unverified", say) == "由填报文件指定、未在原文中读到"
    assert words.note("CH4 and N2O: several tables fit, by engine or product", say).startswith("CH₄、N₂O")
    assert words.note("", say) == ""
