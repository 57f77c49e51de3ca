"""What certificates prove of a filing's lines: each one thing once, those of the book's registry only where they were claimed for it.

Pure: what the book knows is handed over (`carbon.enterprise.certificates.Registry`). Each answer names row and column, of a contract those
of the first line that it covers. Certificates of the book count as many kWh as its rule says (`obligation.rules.certificate`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import polars as pl

from carbon.activity import ActivityFrame
from carbon.answer import decimal_text
from carbon.enterprise.certificates import GREEN, Kept, Named, Registry, certificates, named
from carbon.enterprise.intake.problem import Problem, Weight
from carbon.enterprise.market import BY_MARKET, Contract, with_market
from carbon.enterprise.obligation.rules import certificate
from factors.errors import UnitMismatch
from factors.units import find_unit, number, ratio

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Use:
    """What numbers are named for: a line's energy, or that of a contract by its id; `kwh` is None where it is no energy.

    `green`: a line of green power, which has to name something. `referred` are the words of its reference where it names no instrument:
    they count where they are certificates of the book.
    """

    row: int
    numbers: tuple[str, ...]
    kwh: Fraction | None
    contract: str = ""
    green: bool = False
    referred: tuple[str, ...] = ()


def uses(lines: ActivityFrame, contracts: Sequence[Contract]) -> list[Use]:
    """Every use of certificates in the lines, and in the contracts that cover some of them, by row."""
    green = (pl.col("activity") == GREEN) & ~pl.col("quantity").str.starts_with("-")
    found = []
    rows_ = lines.frame.filter(pl.col("instrument").is_not_null() | green)
    for row, text, reference, quantity, unit, bare in rows_.select(
        "line", "instrument", "reference", "quantity", "unit", green & pl.col("instrument").is_null()
    ).iter_rows():
        named_ = tuple(certificates(text or ""))
        found.append(Use(row, named_, _kwh(quantity, unit), green=bare, referred=tuple(certificates(reference or "")) if bare else ()))
    proved = {one.id: one.instrument for one in contracts if one.instrument.certificates}
    if proved:
        made = with_market(lines, contracts).frame.filter(pl.col("line") > BY_MARKET, pl.col("instrument").is_not_null())
        rows: dict[str, int] = {}
        for line, text in made.select("line", "instrument").iter_rows():
            name, row = text.partition(" ")[0], line % BY_MARKET
            rows[name] = min(row, rows.get(name, row))
        for name, row in rows.items():
            if name in proved:
                said = proved[name]
                found.append(Use(row, said.certificates, _kwh(said.amount, said.unit), name))
    return sorted(found, key=lambda use: (use.row, use.contract))


def _kwh(quantity: str, unit: str) -> Fraction | None:
    try:
        return Fraction(number(quantity)) * ratio(find_unit(unit).token, "kWh")
    except UnitMismatch:
        return None


def certified(file: str, some: Iterable[Use], registry: Registry) -> list[tuple[Use, Problem]]:
    """The problems of each use: used before, named twice, not claimed, too few; and what nobody here can ask a registry about."""
    first: dict[str, list[tuple[Named, Use]]] = {}
    return [(use, problem) for use in some for problem in _certified(file, use, registry, first)]


def _certified(file: str, use: Use, registry: Registry, first: dict[str, list[tuple[Named, Use]]]) -> Iterator[Problem]:
    use = replace(use, numbers=(*use.numbers, *(one for one in use.referred if one in registry.kept)))
    if use.green and not use.numbers:
        reason = "green power names neither contract nor certificate: name what proves it, or confirm that something does"
        yield _problem(file, use, None, "certificate.none", reason, weight=Weight.ASK)
        return
    wrong = list(_wrong(file, use, registry, first))
    yield from wrong
    named_wrong = {one.value for one in wrong}
    outside = [one for one in use.numbers if one not in registry.kept and one not in named_wrong]
    if outside:
        reason = (
            f"{_whose(use)}{len(outside)} numbers are of no series in this book ({', '.join(outside)[:SHOWN]}): they were not checked "
            "against a registry; confirm that they prove this energy and nothing else"
        )
        yield _problem(file, use, " ".join(outside)[:SHOWN], "certificate.unchecked", reason, weight=Weight.ASK)
    elif not wrong:
        yield from _enough(file, use, registry)


def _wrong(file: str, use: Use, registry: Registry, first: dict[str, list[tuple[Named, Use]]]) -> Iterator[Problem]:
    for one in use.numbers:
        here = registry.kept.get(one)
        what = here.named if here else named(one)
        before = next((by for other, by in first.get(what.series, ()) if other.meets(what)), None)
        if one in registry.used:
            reason = f"{_whose(use)}the certificate {one} was used already, {registry.used[one]}: name another one"
            yield _problem(file, use, one, "certificate.used", reason)
        elif before is not None:
            reason = f"{_told(before)} and {_told(use)} name the certificate {one}: it proves one of the two"
            yield _problem(file, use, one, "certificate.twice", reason)
        else:
            first.setdefault(what.series, []).append((what, use))
            if here and here.fault:
                yield _problem(file, use, one, "certificate.unclaimed", f"{_whose(use)}of {here.named.series} {here.fault}")


def _enough(file: str, use: Use, registry: Registry) -> Iterator[Problem]:
    """Certificates of the book prove as much as they say and no more."""
    counted: list[Kept] = [registry.kept[one] for one in use.numbers if one in registry.kept]
    proved = sum(one.count for one in counted) * certificate().kwh
    if counted and use.kwh is not None and use.kwh > proved:
        reason = (
            f"{_whose(use)}its certificates prove {proved} kWh of {decimal_text(use.kwh)} kWh: name more, or file the rest without them"
        )
        yield _problem(file, use, " ".join(use.numbers)[:SHOWN], "certificate.too-few", reason)


def _problem(file: str, use: Use, value: str | None, code: str, reason: str, *, weight: Weight = Weight.MUST) -> Problem:
    return Problem(file=file, row=use.row, column="instrument", value=value, code=code, weight=weight, reason=reason)


def _whose(use: Use) -> str:
    return f"contract {use.contract} covers this line; " if use.contract else ""


def _told(use: Use) -> str:
    return f"contract {use.contract} (row {use.row})" if use.contract else f"row {use.row}"
