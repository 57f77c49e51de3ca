"""What the cells of activity data must say: each distinct value is judged once, each faulty row is told."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

import polars as pl

from carbon.activity_columns import PARAMETERS
from carbon.activity_days import read_period
from carbon.activity_text import FAULTS_MAX
from carbon.errors import Fault
from carbon.scope import METHODS, SCOPES, TIERS, is_category
from factors.activities import by_id, find_activity
from factors.errors import AmbiguousAlias, FactorNotFound, NotANumber, UnknownActivity, UnknownUnit
from factors.factor import PARAMETER_UNITS, parameter_value
from factors.units import NUMBER_LENGTH_MAX, NUMBER_PATTERN, find_unit, number

TEXT_MAX = {"site": 60, "source": 200, "reference": 200, "factor": 200, "counterparty": 200, "instrument": 200, "note": 2_000}
CONTROL_PATTERN = r"[\p{Cc}&&[^\n\r\t]]"


class Refusal(Exception):  # caught beside the cell and told as its fault
    """Why a value is refused: a stable code and a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class Sieve:
    """The lines of a file while they are judged: `frame` keeps every row, `faults` what is wrong with some."""

    def __init__(self, frame: pl.DataFrame, *, file: str) -> None:
        self.frame, self.file = frame, file
        self.faults: list[Fault] = []

    def tell(self, rows: pl.DataFrame, *, column: str, code: str, reason: str | Callable[[str], str], value: str | None = None) -> None:
        """A fault for each of `rows` (with `line`, and the column `value` or else `column` as what stands there)."""
        shown = value or column
        for line, text in islice(rows.select("line", shown).iter_rows(), FAULTS_MAX):
            why = reason if isinstance(reason, str) else reason(text)
            told = None if text is None else str(text)[:60]
            self.faults.append(Fault(file=self.file, row=line, column=column, value=told, code=code, reason=why))

    def has(self, column: str) -> bool:
        """Whether any row says anything in that column."""
        return not self.frame[column].is_null().all()

    def judge(self, column: str, read: Callable[[str], Any], *, dtype: Any = pl.String) -> pl.Series:
        """The column's values as `read` gives them for each distinct text; refused ones become null and faults."""
        texts = self.frame[column].unique().drop_nulls().sort()
        good: dict[str, Any] = {}
        bad: dict[str, Refusal] = {}
        for text in texts:
            try:
                good[text] = read(text)
            except Refusal as refusal:
                bad[text] = refusal
        if bad:
            rows = self.frame.filter(pl.col(column).is_in(list(bad)))
            for line, text in islice(rows.select("line", column).iter_rows(), FAULTS_MAX):
                self.faults.append(
                    Fault(file=self.file, row=line, column=column, value=text[:60], code=bad[text].code, reason=bad[text].reason)
                )
        if not good:
            return pl.Series(column, [None] * self.frame.height, dtype=dtype)
        if all(text is value for text, value in good.items()) and not bad:
            return self.frame[column]
        return self.frame[column].replace_strict(good, default=None, return_dtype=dtype)

    def require(self, column: str, *, code: str, reason: str) -> None:
        """Every row says something in that column."""
        self.tell(self.frame.filter(pl.col(column).is_null()), column=column, code=code, reason=reason)


def judge_activities(sieve: Sieve) -> pl.Series:
    """Canonical codes of the activities; a name that several bear is told with its candidates."""

    def read(text: str) -> str:
        try:
            return find_activity(text).id
        except AmbiguousAlias as error:
            raise Refusal("activity.ambiguous", str(error)) from error
        except UnknownActivity as error:
            raise Refusal("activity.unknown", str(error)) from error

    sieve.require("activity", code="activity.unknown", reason="the activity is missing: a code such as electricity.grid, or a name")
    return sieve.judge("activity", read)


def judge_quantities(sieve: Sieve) -> None:
    """Quantities are plain decimals; one below zero names the document of the line that it corrects."""
    frame = sieve.frame
    sieve.require("quantity", code="number.not-plain", reason="the quantity is missing: write a plain number such as 1240.6")
    plain = pl.col("quantity").str.contains(NUMBER_PATTERN) & (pl.col("quantity").str.len_bytes() <= NUMBER_LENGTH_MAX)
    sieve.tell(
        frame.filter(pl.col("quantity").is_not_null() & ~plain),
        column="quantity",
        code="number.not-plain",
        reason=lambda text: str(NotANumber(text)),
    )
    below = plain & pl.col("quantity").str.starts_with("-") & pl.col("quantity").str.contains("[1-9]")
    sieve.tell(
        frame.filter(below & pl.col("reference").is_null()), column="quantity", code="number.negative-without-reference",
        reason="a quantity below zero corrects an earlier line: give that line's reference in the column 'reference'",
    )  # fmt: skip


def judge_units(sieve: Sieve, activities: pl.Series) -> pl.Series:
    """Canonical unit tokens, each of a kind that measures its activity, or can with the line's own density or calorific value."""

    def read(text: str) -> str:
        try:
            return find_unit(text).token
        except UnknownUnit as error:
            raise Refusal(error.code, str(error)) from error

    sieve.require("unit", code="unit.unknown", reason="the unit is missing, such as kWh, t, Nm3")
    units = sieve.judge("unit", read)
    both = sieve.frame.select("line", "unit", *(pl.col(name).is_not_null().alias(name) for name in ("density", "ncv"))).with_columns(
        activity=activities, token=units
    )
    if sieve.has("formula"):  # an item of a guide has a unit of its own
        both = both.filter(sieve.frame["formula"].is_null())
    kinds = both.select("activity", "token", "density", "ncv").unique().drop_nulls()
    wrong = [row for row in kinds.iter_rows() if not _measures(*row)]
    if wrong:
        bad = pl.DataFrame(wrong, schema=kinds.schema, orient="row")
        rows = both.join(bad, on=["activity", "token", "density", "ncv"], maintain_order="left")
        for line, text, activity in islice(rows.select("line", "unit", "activity").iter_rows(), FAULTS_MAX):
            sieve.faults.append(
                Fault(file=sieve.file, row=line, column="unit", value=text, code="unit.dimension", reason=_wrong_unit(text, activity))
            )
    return units


def _measures(activity: str, token: str, density: bool, ncv: bool) -> bool:
    dimension = find_unit(token).dimension
    allowed = {find_unit(unit).dimension for unit in by_id()[activity].units}
    if dimension in allowed or not allowed:
        return True
    if "mass" in allowed and dimension in {"volume_liquid", "volume_gas_normal"}:
        return density
    return dimension == "energy" and "mass" in allowed and ncv


def _wrong_unit(text: str, activity: str) -> str:
    known = by_id()[activity]
    dimension = find_unit(text).dimension
    allowed = {find_unit(unit).dimension for unit in known.units}
    hint = ""
    if dimension == "volume_liquid" and "volume_gas_normal" in allowed:
        hint = ". A volume of gas needs its state: Nm3 (0 °C), m3(20C) or m3(15C)"
    elif "mass" in allowed and dimension.startswith("volume"):
        hint = ". A volume becomes a mass with the column 'density [kg/L]'"
    return f"{activity} ({known.name_zh}) is not measured in {text}: use one of {', '.join(known.units[:12])}{hint}"


def judge_periods(sieve: Sieve, *, today: date) -> tuple[pl.Series, pl.Series]:
    """First and last days: of `day`, or of `start` and `end`; never after today."""

    def edge(last: bool) -> Callable[[str], date]:
        def read(text: str) -> date:
            try:
                return read_period(text)[int(last)]
            except ValueError as error:
                raise Refusal("day.unreadable", str(error)) from error

        return read

    frame = sieve.frame
    spans = pl.col("start").is_not_null() | pl.col("end").is_not_null()
    sieve.tell(
        frame.filter(pl.col("day").is_not_null() & spans), column="day", code="day.unreadable",
        reason="the line has a day and a start or end: keep one of the two",
    )  # fmt: skip
    missing = pl.col("day").is_null() & (pl.col("start").is_null() | pl.col("end").is_null())
    sieve.tell(
        frame.filter(missing),
        column="day",
        code="day.unreadable",
        reason="the day is missing: 2023-07-01, 2023-07 or 2023, or both start and end",
    )
    first = sieve.judge("day", edge(last=False), dtype=pl.Date)
    faults = len(sieve.faults)
    last = sieve.judge("day", edge(last=True), dtype=pl.Date)
    del sieve.faults[faults:]  # the same texts were told above
    days = frame.select("line", day=pl.coalesce("end", "day")).with_columns(
        start=first.zip_with(first.is_not_null(), sieve.judge("start", edge(last=False), dtype=pl.Date)),
        end=last.zip_with(last.is_not_null(), sieve.judge("end", edge(last=True), dtype=pl.Date)),
    )
    turned = days.filter(pl.col("start") > pl.col("end"))
    sieve.tell(turned, column="end", value="day", code="day.order", reason="the period ends before it begins")
    future = days.filter(pl.col("end") > today)
    sieve.tell(
        future, column="day" if sieve.has("day") else "end", value="day", code="day.future",
        reason=f"the period ends after today ({today.isoformat()}): file it when it is over",
    )  # fmt: skip
    return days["start"], days["end"]


def _one_of(code: str, allowed: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise Refusal(code, f"{text[:40]!r} is not one of {', '.join(allowed)}")
        return text

    return read


def _category(text: str) -> str:
    if not is_category(text):
        raise Refusal(
            "category.unknown", f"{text[:40]!r} is no IPCC 2006 category such as 1A2, nor one of the fifteen of scope 3 (1 to 15)"
        )
    return text


def _between(low: int, high: int | None) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            value = number(text)
        except NotANumber as error:
            raise Refusal("number.not-plain", str(error)) from error
        if value < low or (high is not None and value > high):
            raise Refusal("parameter.out-of-range", f"{text} lies outside {low} to {'∞' if high is None else high}")
        return text

    return read


def _parameter(name: str, unit: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            number(text)
            parameter_value(name, text, unit)
        except NotANumber as error:
            raise Refusal("number.not-plain", str(error)) from error
        except FactorNotFound as error:
            raise Refusal("parameter.out-of-range", error.reason) from error
        return text

    return read


def judge_options(sieve: Sieve, *, parameter_units: Mapping[str, str], header_row: int) -> None:
    """The optional columns: closed sets, ranges, parameters with their unit, texts that print."""
    closed = {"scope": ("scope.unknown", SCOPES), "method": ("method.unknown", METHODS), "tier": ("tier.unknown", TIERS)}
    reads: dict[str, Callable[[str], Any]] = {name: _one_of(code, allowed) for name, (code, allowed) in closed.items()}
    reads |= {"category": _category, "biogenic_share": _between(0, 1), "uncertainty_pct": _between(0, None)}
    for name in PARAMETERS:
        known = PARAMETER_UNITS[name]
        unit = parameter_units.get(name, "1" if name == "oxidation" else "")
        if unit in known:
            reads[name] = _parameter(name, unit)
        elif sieve.has(name):
            reason = f"{name} needs a unit in the header: one of {', '.join(f'{name} [{other}]' for other in known)}"
            sieve.faults.append(Fault(file=sieve.file, row=header_row, column=name, value=unit or None, code="unit.unknown", reason=reason))
    for name, most in TEXT_MAX.items():
        odd = (pl.col(name).str.len_chars() > most) | pl.col(name).str.contains(CONTROL_PATTERN)
        reason = f"the {name} has more than {most} characters, or control characters"
        sieve.tell(sieve.frame.filter(odd), column=name, code="file.hostile", reason=reason)
    for name, read in reads.items():
        if sieve.has(name):
            sieve.judge(name, read)


def extra_texts(frame: pl.DataFrame, places: Mapping[str, int]) -> pl.Series:
    """The columns of one's own (``x_…``) as a JSON object a line, null where they say nothing."""
    if not places:
        return pl.Series("extra", [None] * frame.height, dtype=pl.String)
    names = list(places)
    rows = frame.select(str(places[name]) for name in names)
    found: dict[tuple[str | None, ...], str | None] = {}
    texts = []
    for row in rows.iter_rows():
        if row not in found:
            said = {name: text for name, text in zip(names, row, strict=True) if text is not None}
            found[row] = json.dumps(said, ensure_ascii=False) if said else None
        texts.append(found[row])
    return pl.Series("extra", texts, dtype=pl.String)
