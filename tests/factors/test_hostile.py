"""Four hundred hostile numbers, made by hand and by family: each is read exactly or refused at once, alone and a column at a time."""

import time
import unicodedata
from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factors.activities import find_activity
from factors.errors import FactorError, NotANumber
from factors.units import NUMBER_PATTERN, find_unit, number, series_number

LIMIT_S = 0.05
# digits of every other script, blanks and invisible characters, signs, separators, and what parsers take for numbers
SCRIPTS = [chr(code) for code in range(128, 0x1FBFA) if unicodedata.category(chr(code)) == "Nd" and unicodedata.decimal(chr(code)) == 0]
FOREIGN = ["".join(chr(ord(zero) + digit) for digit in (1, 2)) + ".5" for zero in SCRIPTS]
HALF_FOREIGN = ["1" + zero for zero in SCRIPTS]
BLANKS = " \t\n\r\v\f\0\x1f\x7f\x85\xa0\xad\u1680\u180e\u2000\u2002\u2007\u2009\u200a\u200b\u200c\u200d\u200e\u2028\u2029\u202e\u202f\u2060\u3000\ufeff"
BLANKED = [text for blank in BLANKS for text in (blank + "12.5", "12.5" + blank, "1" + blank + "2.5")]
SIGNED = [sign + "12.5" for sign in "+−–—‐‑‒―﹣－⁻₋＋~±"] + ["12.5-", "(12.5)", "--1", "+-1", "-+1", "- 1", "-", "−0"]
SEPARATED = [f"1{mark}234{mark}567" for mark in ",'’‘`_;:，、٬·．。/\\|"] + [
    "1,5",
    "1.234,56",
    "1,234.56",
    "12,34,567.8",
    "1..5",
    "1.5.2",
    ".5",
    "5.",
    ".",
]
EXPONENTS = [
    "1e3", "1E3", "1e+3", "1e-3", "1e400", "1e-400", "1e1000000", "1E-1000000", "9e999999999", "1e", "1e+", "e5", "1.5e2", "1×10^3", "1*10^3", "10^6",
    "10⁶", "1ｅ3", "1d3", "1p3", "0x1p3", "1_e3", "9**9**9", "9^9^9", "2<<99999", "1!",
]  # fmt: skip
WORDS = [
    "", "nan", "NaN", "NAN", "-nan", "sNaN", "nan(1)", "inf", "-inf", "Infinity", "∞", "null", "None", "NULL", "N/A", "#N/A", "#DIV/0!", "#REF!", "true",
    "True", "一百", "壹佰", "十二", "〇", "两", "百", "十二点五", "半", "½", "1½", "¼", "Ⅻ", "ⅻ", "①", "㈠", "²", "1²", "௧", "twelve", "about 12", "<12",
    ">12", "≈12", "~12", "12?", "12...", "…", "-", "—", "--", "/", "无", "同上", "零",
]  # fmt: skip
RADIX = [
    "0x10",
    "0X1F",
    "0b1",
    "0o17",
    "017",
    "00",
    "007.5",
    "00.5",
    "-01",
    "1f",
    "1.0f",
    "1L",
    "1u",
    "1n",
    "1j",
    "1+0j",
    "#ff",
    "1h",
    "&H10",
]
TACKED = [
    "12kg", "12 kg", "kg", "12t", "12吨", "12万", "12亿", "1.2万", "12%", "12％", "12‰", "$12", "¥12", "￥12", "12元", "€12", "12°", "12m³", "12kWh", "1 kWh",
    "100 kWh 2024", "12h", "2023-07-01", "45108", "2024年3月", "12:30", "1/3", "3 1/2", "1:2", "1;2", "1 2", "12.5。", "12.5，", "12．5", "12。5", "\"12\"", "'12", "'12'",
    "=12", "=1+1", "+12", "@12", "=HYPERLINK(\"x\")", "=cmd|'/C calc'!A0", "1;DROP TABLE entry", "1'--", "${12}", "{{12}}", "%d", "%00", "\\x31", "&#49;", "1<br>",
    "__import__('os')", "[1]", "{1}", "1,", ",1", "1e5000e5000", "1" * 16, "9" * 16 + ".5", "1." + "0" * 19, "1." + "1" * 100, "1" * 41, "0" * 40, "-" + "9" * 16,
    "1" * 5_000, "9" * 1_000_000, "1." + "9" * 1_000_000, "1e" + "9" * 1_000_000, "-" * 100_000, "(" * 100_000, "１" * 1_000, "\ud800", "1\ud800",
]  # fmt: skip
HOSTILE = list(dict.fromkeys([*FOREIGN, *HALF_FOREIGN, *BLANKED, *SIGNED, *SEPARATED, *EXPONENTS, *WORDS, *RADIX, *TACKED]))
PLAIN = {"45108"}  # an Excel day is a number like any other: only its column can tell


def verdict(gate: Callable[[str], object], text: str) -> tuple[object, str]:
    """What the gate makes of the text, or what it says when it refuses; never in more than 50 ms of work."""
    start = time.thread_time()
    try:
        read, said = gate(text), ""
    except FactorError as error:
        read, said = None, str(error)
    assert time.thread_time() - start < LIMIT_S, text[:60]
    return read, said


def test_there_are_four_hundred_and_more() -> None:
    assert len(HOSTILE) >= 400


@pytest.mark.parametrize("gate", [number, series_number])
def test_each_is_refused_within_fifty_milliseconds(gate: Callable[[str], Decimal]) -> None:
    exponents = {"1e3", "1E3", "1e+3", "1e-3", "1.5e2"} if gate is series_number else set()
    for text in HOSTILE:
        read, said = verdict(gate, text)
        if text in PLAIN | exponents:
            assert read == Decimal(text)
        else:
            assert read is None, text[:60]
            assert "is not a plain number" in said
            assert len(said) < 300, "a refusal quotes no more than a person can read"


def test_a_column_at_a_time_refuses_the_same() -> None:
    texts = [text for text in HOSTILE if "\ud800" not in text]  # no UTF-8 file can hold a lone surrogate
    passed = pl.DataFrame({"text": texts}).filter(pl.col("text").str.contains(NUMBER_PATTERN))["text"].to_list()
    assert set(passed) == PLAIN


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=45)
    | st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{0,20})?([eE][0-9])?\n?", fullmatch=True)
)
def test_both_gates_agree_on_any_text(text: str) -> None:
    try:
        number(text)
        alone = True
    except NotANumber:
        alone = False
    assert pl.select(pl.lit(text).str.contains(NUMBER_PATTERN)).item() == alone


@pytest.mark.parametrize(("look_up", "known"), [(find_unit, {"kg"}), (find_activity, set())])
def test_what_is_no_number_is_no_unit_and_no_activity_either_and_as_quickly(look_up: Callable[[str], object], known: set[str]) -> None:
    look_up("kWh" if known else "electricity.grid")  # the tables are read once
    for text in HOSTILE:
        read, said = verdict(look_up, text)
        assert (read is not None) == (text in known), text[:60]
        assert len(said) < 1_000
