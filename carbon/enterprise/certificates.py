"""Certificates of energy: which ones a text names, where they are used already, and whether those of the book's own registry were claimed.

One certificate stands for one MWh and has one number (发改能源〔2023〕1044 号, mark A): it proves
one thing once, whoever files it. A number is written as its registry writes it. One whose series is a lot of this book is
``<series>:<serial>``, several are ``<series>:<first>-<last>``; ``-``, ``/``, ``#`` or ``_`` in the place of the colon are understood where
the book has such a series. Numbers of any other registry are taken as they are: nobody here can ask it.

The readers here need a session that sees every holder; what they tell of another is that it uses a number, never who it is.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.activity_text import read_text_table
from carbon.activity_values import TEXT_MAX
from carbon.enterprise.inventory.lines import span
from carbon.enterprise.obligation.units import SERIAL_MAX
from carbon.enterprise.tables import CertificateUseRow, ContractRow, FilingRow
from carbon.errors import FaultyFile
from carbon.tables import ActivityLineRow, ImportRow
from factors.activities import by_id
from ledger.tables import ReversalRow
from ledger.types import table_of

PENDING = ("submitted", "verifying", "verified", "accepted")
"""States of a filing (`carbon.enterprise.filing.state`) whose lines were handed in and are not in the book yet."""
ELSEWHERE = "in another holder's filing"
GREEN = "electricity.green"
"""Power that emits nothing by rule, since a contract or a retired certificate says so."""
CERTIFICATE = "GEC"
"""The commodity of the book that proves energy; any other unit proves something else."""
_EXPLICIT = re.compile(r"(.+):([0-9]{1,16})(?:[-–~]([0-9]{1,16}))?")
_LENIENT = (re.compile(r"(.+)[:#/_-]([0-9]{1,16})[-–~]([0-9]{1,16})"), re.compile(r"(.+)[:#/_-]([0-9]{1,16})()"))
_PART = 500
SERIES_MAX = TEXT_MAX["instrument"]


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """What a number names: serials `first` to `last` of a series, or (both 0) one certificate whose number is `series`."""

    series: str
    first: int = 0
    last: int = 0

    def meets(self, other: "Named") -> bool:
        """Whether both name one certificate."""
        return self.series == other.series and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Kept:
    """Serials of the book's own registry; `fault` says what keeps them from proving the holder's power of the year, "" where nothing
    does."""

    named: Named
    fault: str = ""

    @property
    def count(self) -> int:
        """How many certificates they are."""
        return self.named.last - self.named.first + 1


@dataclass(frozen=True, slots=True)
class Registry:
    """What the book knows of the numbers that a filing names: what each is `used` for elsewhere, and which are `kept` in the book."""

    used: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Kept] = field(default_factory=dict)


def certificates(text: str) -> list[str]:
    """The numbers of certificates that a cell names: parted by blanks, commas or semicolons."""
    for mark in ";,，；、\n\t":
        text = text.replace(mark, " ")
    return text.split()


def named(number: str) -> Named:
    """What a number names, in one form for all ways to write it: half or full width, large or small letters."""
    text = unicodedata.normalize("NFKC", number).casefold()
    match = _EXPLICIT.fullmatch(text)
    found = _serials(match) if match else None
    return found or Named(text)


class Numbers(NamedTuple):
    """The numbers that a version's text holds: those `named` in its column `instrument`, and the words `referred` to by lines of green
    power that name no instrument, where some firms write the certificate: they count where the book has such a series."""

    named: list[str]
    referred: list[str]


def numbers_in(data: bytes, *, file: str) -> Numbers:
    """The numbers of a version's text; none where it cannot be read as a table."""
    header = data.partition(b"\n")[0]
    if b"instrument" not in header and b"reference" not in header:
        return Numbers([], [])
    try:
        table = read_text_table(data, file=file)
    except FaultyFile:
        return Numbers([], [])
    frame = table.frame.select(**{name: pl.col(str(place)) for name, place in table.header.places.items()})
    named_ = _numbers(frame["instrument"]) if "instrument" in frame.columns else []
    if not {"activity", "reference"} <= set(frame.columns):
        return Numbers(named_, [])
    bare = pl.col("instrument").is_null() if "instrument" in frame.columns else pl.lit(value=True)
    green = by_id()[GREEN]
    words = [name.casefold() for name in (green.id, green.name_zh, green.name_en, *green.aliases_zh, *green.aliases_en)]
    return Numbers(named_, _numbers(frame.filter(bare & pl.col("activity").str.to_lowercase().is_in(words))["reference"]))


def _numbers(cells: pl.Series) -> list[str]:
    return list(dict.fromkeys(number for text in cells.drop_nulls() for number in certificates(text)))


def keep_uses(session: Session, *, filing: str, holder: str, version: int, numbers: Iterable[str]) -> None:
    """Write which certificates a version of a filing names, so that other filings find them by their series. Longer than SERIES_MAX none is
    handed in."""
    rows = [
        {"filing_id": filing, "version": version, "holder_id": holder, "series": one.series, "first": one.first, "last": one.last}
        for one in sorted({named(number) for number in numbers})
        if len(one.series) <= SERIES_MAX
    ]
    if rows:
        session.execute(sa.insert(table_of(CertificateUseRow)), rows)


def look_up(
    session: Session, numbers: Sequence[str], *, holder: str, year: int, filing: str | None = None, but: str | None = None
) -> Registry:
    """What the book knows of the numbers: of the holder's own lines those of the import `but` do not count, nor does `filing`."""
    if not numbers:
        return Registry()
    return Registry(
        used_elsewhere(session, numbers, holder=holder, filing=filing, but=but), kept(session, numbers, holder=holder, year=year)
    )


def used_elsewhere(
    session: Session, numbers: Sequence[str], *, holder: str, filing: str | None = None, but: str | None = None
) -> dict[str, str]:
    """What each number is used for already: in what was booked, in filings that were handed in, and in contracts that count in these."""
    asked: dict[str, list[tuple[Named, str]]] = {}
    for number in numbers:
        one = named(number)
        asked.setdefault(one.series, []).append((one, number))
    used: dict[str, str] = {}
    for use, words in _uses(session, list(asked), holder=holder, filing=filing, but=but):
        for one, number in asked.get(use.series, ()):
            if number not in used and use.meets(one):
                used[number] = words
    return used


def _uses(session: Session, series: Sequence[str], *, holder: str, filing: str | None, but: str | None) -> Iterator[tuple[Named, str]]:
    """What is used, and for what: of the holder itself in words, of others without any."""
    u, f = table_of(CertificateUseRow).c, table_of(FilingRow).c
    handed_in = (
        sa.select(u.series, u.first, u.last, f.holder_id, f.year)
        .join_from(table_of(CertificateUseRow), table_of(FilingRow), sa.and_(f.id == u.filing_id, f.version == u.version))
        .where(f.state.in_(PENDING), f.id != (filing or ""))
        .order_by(u.filing_id, u.series, u.first)
    )
    for part in _parts(series):
        for of, first, last, whose, year in session.execute(handed_in.where(u.series.in_(part))):
            yield Named(of, first, last), f"in the filing of {year}" if whose == holder else ELSEWHERE
    yield from _contracted(session, holder)
    yield from _booked(session, holder, but)


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The names, as many at a time as a statement takes."""
    return (names[at : at + _PART] for at in range(0, len(names), _PART))


def _contracted(session: Session, holder: str) -> Iterator[tuple[Named, str]]:
    """Certificates of other holders' contracts on days of a year whose filing is handed in: they count in it."""
    c, f = table_of(ContractRow).c, table_of(FilingRow).c
    query = (
        sa.select(c.instrument, c.valid_from, c.valid_until, f.year, f.start_month)
        .join_from(table_of(ContractRow), table_of(FilingRow), f.holder_id == c.holder_id)
        .where(c.holder_id != holder, c.instrument.like('%"certificates"%'), f.state.in_(PENDING))
        .order_by(c.id)
    )
    for said, since, until, year, month in session.execute(query):
        first, last = span(year, month)
        if since <= last and first <= until:
            for number in json.loads(said)["certificates"]:
                yield named(number), ELSEWHERE


def _booked(session: Session, holder: str, but: str | None) -> Iterator[tuple[Named, str]]:
    """Certificates of lines that stand in the book. One that emits nothing has no entry to reverse: it goes with its import."""
    a, f, r = (table_of(row).c for row in (ActivityLineRow, ImportRow, ReversalRow))
    replaced = sa.select(f.replaces).where(f.replaces.is_not(None))
    query = (
        sa.select(a.details, a.activity, a.end, a.holder_id)
        .select_from(table_of(ActivityLineRow).outerjoin(table_of(ReversalRow), r.entry_id == a.entry_id))
        .where(sa.text("activity_line.details LIKE '%\"instrument\"%'"), r.entry_id.is_(None), a.import_id.not_in(replaced))
        .order_by(a.import_id, a.row)
    )
    if but is not None:
        query = query.where(a.import_id != but)
    for details, activity, end, whose in session.execute(query):
        words = f"for {activity} of {end.year}" if whose == holder else ELSEWHERE
        for number in certificates(str(json.loads(details).get("instrument", ""))):
            yield named(number), words


def kept(session: Session, numbers: Sequence[str], *, holder: str, year: int) -> dict[str, Kept]:
    """Of the numbers those whose series is in the book, and whether their serials were claimed for the holder's power of the year."""
    possible = {number: list(_splits(number)) for number in numbers}
    series = _series(session, sorted({one.series.lower() for splits in possible.values() for one in splits}))
    retired: dict[str, Retired] = {}
    found: dict[str, Kept] = {}
    for number, splits in possible.items():
        one = next((one for one in splits if one.series.lower() in series), None)
        if one is None:
            continue
        unit, name = series[one.series.lower()]
        here = Named(name, one.first, one.last)
        if unit != CERTIFICATE:
            found[number] = Kept(here, f"it is a unit of {unit} and proves no energy: name a certificate of the energy")
            continue
        if name not in retired:
            retired[name] = _retired(session, name)
        found[number] = Kept(here, _fault(session, here, retired[name], holder=holder, year=year))
    return found


def _splits(number: str) -> Iterator[Named]:
    """The series and serials that a number may be made of."""
    text = unicodedata.normalize("NFKC", number)
    for pattern in _LENIENT:
        match = pattern.fullmatch(text)
        found = _serials(match) if match else None
        if found:
            yield found


def _serials(match: re.Match[str]) -> Named | None:
    first, last = int(match[2]), int(match[3] or match[2])
    return Named(match[1], first, last) if 0 < first <= last <= SERIAL_MAX else None


def _series(session: Session, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Series that were issued, by their names in small letters: the commodity, certificates before others, and the name as it is."""
    query = sa.text(
        "SELECT DISTINCT c.code, l.series FROM lot l JOIN commodity c ON c.id = l.commodity_id WHERE lower(l.series) IN :names "
        "ORDER BY c.code, l.series"
    ).bindparams(sa.bindparam("names", expanding=True))
    found: dict[str, tuple[str, str]] = {}
    for part in _parts(names):
        for code, series in session.execute(query, {"names": list(part)}):
            if code == CERTIFICATE or series.lower() not in found:
                found[series.lower()] = (code, series)
    return found


Retired = Sequence[tuple[int, int, str, str]]
"""What was retired of a series: first and last serial, purpose and beneficiary, by serial."""


def _retired(session: Session, series: str) -> Retired:
    query = sa.text(
        "SELECT r.first, r.last, r.purpose, r.beneficiary FROM retirement r JOIN lot l ON l.entry_id = r.lot_id "
        "JOIN commodity c ON c.id = l.commodity_id WHERE c.code = :unit AND l.series = :series ORDER BY r.first"
    )
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query, {"unit": CERTIFICATE, "series": series})]


def _fault(session: Session, asked: Named, retired: Retired, *, holder: str, year: int) -> str:
    """What keeps serials from proving the power that a holder used in a year, and what to do about it."""
    at = asked.first
    for first, last, purpose, beneficiary in retired[max(0, bisect_right(retired, at, key=lambda row: row[0]) - 1) :]:
        if first > at or at > asked.last:
            break
        if last < at:
            continue
        if (purpose, beneficiary) != (f"claim-{year}", holder):
            return f"{at} was retired for another purpose, year or holder, once and for ever: name another certificate"
        at = last + 1
    return "" if at > asked.last else _lying(session, asked.series, at, holder=holder, year=year)


def _lying(session: Session, series: str, at: int, *, holder: str, year: int) -> str:
    account = session.execute(
        sa.text(
            "SELECT a.name FROM lot_place p JOIN lot l ON l.entry_id = p.lot_id JOIN commodity c ON c.id = l.commodity_id "
            "JOIN account a ON a.id = p.account_id WHERE c.code = :unit AND l.series = :series AND p.first <= :at AND p.last >= :at"
        ),
        {"unit": CERTIFICATE, "series": series, "at": at},
    ).scalar()
    if account is None:
        return f"{at} was never issued: correct the number"
    if account == chart.units(holder):
        return f"{at} lies on the holder's account and is not used up: retire it as a claim for {year} first, then hand this in"
    return f"{at} is not retired for this holder: have who holds it claim it for {year} with this holder as the beneficiary, or pass it on"
