"""Where it happened: the division of a line, by its own word or by its site, on that day."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from carbon.activity_text import FAULTS_MAX
from carbon.activity_values import Refusal, Sieve
from carbon.errors import Fault

if TYPE_CHECKING:
    from carbon.region.divisions import DivisionTree

Sites = Mapping[str, Sequence[tuple[date, str]]]
"""The sites of a holder by code: from which day on each lies in which division, the earliest first."""


def division_on(sites: Sites, site: str, day: date) -> str | None:
    """The division in which a site lies on a day; before its first day it lies where it lay then."""
    lies = sites.get(site)
    if not lies:
        return None
    return next((division for since, division in reversed(lies) if since <= day), lies[0][1])


def judge_places(sieve: Sieve, ends: pl.Series, *, sites: Sites | None) -> tuple[pl.Series, pl.Series]:
    """Site and division of each line. Without `sites` (nobody's book is open) every line names its division itself.

    A line with a site takes its division, which a division beside it must equal. A line with a division alone belongs to the one site of
    the holder that lies there, or to a site named by the division's code where none does.
    """
    frame = sieve.frame
    if sites is None:
        sieve.require(
            "division", code="division.missing", reason="the division is missing: six digits such as 330106, or an ISO code such as GB"
        )
        return frame["site"], frame["division"]
    # a site that never moved lies where it lies on every day: then days need no look
    moved = any(len(lies) > 1 for lies in sites.values())
    rows = frame.select("line", "site", "division", end=ends if moved else pl.lit(None, dtype=pl.Date))
    ever: dict[str, list[str]] = {}
    for code, lies in sorted(sites.items()):
        for division in {division for _, division in lies}:
            ever.setdefault(division, []).append(code)
    found: dict[tuple[str | None, str | None, date | None], tuple[str | None, str | None]] = {}
    for site, division, day in rows.select("site", "division", "end").unique().iter_rows():
        try:
            found[site, division, day] = _place(site, division, day, sites, ever)
        except Refusal as refusal:
            here = rows.filter(
                pl.col("site").eq_missing(pl.lit(site, dtype=pl.String))
                & pl.col("division").eq_missing(pl.lit(division, dtype=pl.String))
                & pl.col("end").eq_missing(pl.lit(day, dtype=pl.Date))
            )
            column = "site" if refusal.code.startswith("site") else "division"
            sieve.tell(here, column=column, code=refusal.code, reason=refusal.reason)
            found[site, division, day] = (site, None)
    keys = pl.DataFrame([(*key, *value) for key, value in found.items()], schema=_PLACES, orient="row")
    placed = rows.join(keys, on=["site", "division", "end"], how="left", nulls_equal=True, maintain_order="left")
    return placed["at_site"].alias("site"), placed["at_division"].alias("division")


_PLACES = {"site": pl.String, "division": pl.String, "end": pl.Date, "at_site": pl.String, "at_division": pl.String}


def _place(
    site: str | None, division: str | None, day: date | None, sites: Sites, ever: Mapping[str, Sequence[str]]
) -> tuple[str | None, str | None]:
    """The site and the division of lines that name these two, on that day; `ever` names the sites that ever lay in a division."""
    if site is not None:
        if site not in sites:
            near = difflib.get_close_matches(site, list(sites), n=3, cutoff=0.4)
            known = f"; nearest: {', '.join(near)}" if near else ""
            raise Refusal(
                "site.unknown", f"the holder has no site {site[:60]!r}{known}. Add it with `tanzhang site add`, or give the division alone"
            )
        lies = division_on(sites, site, day or date.max)
        if division is not None and division != lies:
            raise Refusal(
                "division.not-of-site",
                f"the site {site} lies in {lies} on that day, not in {division}: leave the division out, or mend one",
            )
        return site, lies
    if division is None:
        raise Refusal("division.missing", "neither site nor division is given: where did it happen?")
    there = [code for code in ever.get(division, ()) if division_on(sites, code, day or date.max) == division]
    if len(there) > 1:
        raise Refusal("site.missing", f"the holder has several sites in {division} ({', '.join(there[:8])}): name one in the column 'site'")
    return (there[0] if there else division), division


def judge_divisions(sieve: Sieve, divisions: pl.Series, starts: pl.Series, ends: pl.Series, *, tree: "DivisionTree") -> pl.Series:
    """The divisions, each of which exists on the last day of its line, and on the first too or as what it grew out of."""
    rows = sieve.frame.select("line").with_columns(division=divisions, start=starts, end=ends)
    spans = rows.group_by("division").agg(pl.col("start").min(), pl.col("end").max(), n=pl.len()).drop_nulls("division")
    suspect: list[str] = []
    for division, first, last, _ in spans.sort("division").iter_rows():
        if tree.ever(division) is None:
            sieve.tell(rows.filter(pl.col("division") == division), column="division", code="division.unknown", reason=_unknown(division))
        elif first is None or last is None or not _whole_time(tree, division, first, last):
            suspect.append(division)
    if suspect:
        doubtful = rows.filter(pl.col("division").is_in(suspect)).drop_nulls()
        spans = doubtful.select("division", "start", "end").unique(maintain_order=True)
        reasons = pl.Series("reason", [_not_on_day(tree, *span) for span in spans.iter_rows()], dtype=pl.String)
        wrong = doubtful.join(spans.with_columns(reasons).drop_nulls(), on=["division", "start", "end"], maintain_order="left")
        for line, division, reason in islice(wrong.select("line", "division", "reason").iter_rows(), FAULTS_MAX):
            sieve.faults.append(
                Fault(file=sieve.file, row=line, column="division", value=division, code="division.not-on-day", reason=reason)
            )
    return divisions


def _whole_time(tree: "DivisionTree", code: str, first: date, last: date) -> bool:
    """Whether one and the same life of the division spans both days, so that no day between needs a look."""
    born, now = tree.at(code, first), tree.at(code, last)
    return born is not None and born is now


def _unknown(code: str) -> str:
    if code.isdecimal() and len(code) == 6:
        return f"{code} never was a division of GB/T 2260: is a digit wrong?"
    return (
        f"{code[:40]!r} is no division: six digits such as 330106 (county, city 330100 or province 330000), or ISO 3166 such as GB or US-CA"
    )


def _not_on_day(tree: "DivisionTree", code: str, start: date, end: date) -> str | None:
    if tree.at(code, end) is None:
        life = tree.ever(code)
        assert life is not None
        successors = [division.code for division in map(tree.ever, life.successors) if division is not None]
        lives = f"it lived from {life.valid_from or '…'} to {life.valid_to or 'today'}"
        hint = f"; use {', '.join(successors)}" if successors else ""
        return f"{code} {life.name_zh} was no division on {end}: {lives}{hint}"
    if tree.at(code, start) is None and not tree.predecessors(code):
        return f"{code} was no division on {start}, the first day of the period: file the days before and after apart"
    return None
