"""Estimates as JSON, one object a line: text made column by column, so that a million lines take seconds.

What lines share (factor, components, source) is written once per resolution and put between what is their own (row, period, masses).
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from math import lcm
from typing import Any

import msgspec
import polars as pl

from carbon.activity import ActivityFrame
from carbon.estimate import EmissionFrame
from factors.calculate import half_even_quotient
from factors.gwp import GwpSet, smallest_unit
from factors.ladder import ChainOf
from factors.resolution import Resolution, Step, Worked

CHUNK = 50_000
WORKERS = 2


def components(resolution: Resolution) -> dict[str, dict[str, str]]:
    """The named numbers behind the coefficients, by gas: a ready factor (``ef``) or a fuel's ncv, cc and of; measured ones say so.

    A period over two factor years has the number of each, in the order of its days: ``0.5153 kg/kWh; 0.4974 kg/kWh``.
    """
    found: dict[str, dict[str, str]] = {}
    for parameter in resolution.parameters:
        unit = "" if parameter.unit == "1" else f" {parameter.unit}"
        tier = "" if parameter.tier == "default" else f" ({parameter.tier})"
        text = f"{parameter.value}{unit}{tier}"
        named = found.setdefault(parameter.gas or "quantity", {})
        named[parameter.name] = f"{named[parameter.name]}; {text}" if parameter.name in named else text
    return found


def step_text(step: Step) -> str:
    """A step as one line: ``330106 county: none``, ``330000 province: used, data of 2023``."""
    year = f", data of {step.data_year}" if step.data_year else ""
    note = f", {step.note}" if step.note else ""
    return f"{step.region} {step.level}: {step.outcome}{year}{note}"


def quoted(value: Any) -> str:
    """JSON without blanks, in the script it is written in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decimal_text(value: Fraction, *, digits: int = 12) -> str:
    """A fraction as a decimal of at most `digits` places, for people to read; exact where it ends earlier."""
    scaled = round(value * 10**digits)
    whole, rest = divmod(abs(scaled), 10**digits)
    tail = f"{rest:0{digits}d}".rstrip("0")
    return ("-" if scaled < 0 else "") + str(whole) + (f".{tail}" if tail else "")


def describe(resolution: Resolution) -> dict[str, Any]:
    """All that is needed to explain a resolution later, without the packs: what `activity_line` keeps and pages show."""
    return {
        "activity": resolution.activity,
        "unit": resolution.unit,
        "factors": [
            {
                "id": part.factor.id,
                "basis": part.factor.basis,
                "published": part.factor.published,
                "quality": {**msgspec.to_builtins(part.quality), "score": str(part.quality.score)},
                "days": part.days,
                "share": str(part.share),
                "source": part.factor.cited,
                "name_zh": part.factor.name_zh,
                "name_en": part.factor.name_en,
                "evidence": part.factor.evidence,
            }
            for part in resolution.parts
        ],
        "parameters": msgspec.to_builtins(resolution.parameters),
        "coefficients": {
            gas: {"exact": str(value), "decimal": decimal_text(value), "unit": f"{smallest_unit(gas)}/{resolution.unit}"}
            for gas, value in resolution.coefficients.items()
        },
        "steps": msgspec.to_builtins(resolution.steps),
        "skipped": resolution.skipped,
        "programme": resolution.query.rule.id if resolution.query else None,
        "known": resolution.query.known.isoformat() if resolution.query and resolution.query.known else None,
        "not_estimated": list(resolution.not_estimated),
        **({"formula": _formula(resolution.worked)} if resolution.worked else {}),
    }


def _formula(worked: Worked) -> dict[str, Any]:
    """What is told of an item of an accounting guide: its formula as written and with its numbers, each with where it comes from."""
    item = worked.item
    told = ("id", "name_zh", "name_en", "sign", "unit", "gives", "set", "mark", "evidence", "copies", "cited", "edition", "note")
    return {name: getattr(item, name) for name in told} | {
        "texts": item.formulas, "filled": worked.filled, "inputs": msgspec.to_builtins(worked.inputs),
    }  # fmt: skip


def kept(resolution: Resolution) -> tuple[bytes, str]:
    """What the book keeps of a resolution: its id (the first 16 bytes of SHA-256 over the text) and `describe` as JSON text."""
    content = json.dumps(describe(resolution), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).digest()[:16], content


def json_lines(lines: ActivityFrame, emissions: EmissionFrame, *, gwp: GwpSet, chain: ChainOf) -> Iterator[bytes]:
    """The answers in chunks of whole lines, in the order of the file.

    Each object: ``line, factor, components, steps, period, gases`` (integers as text in the gas's smallest unit),
    ``not_estimated, co2e_g, source``; and ``apart`` where a gas was published only as CO2e of another GWP set: `co2e_g` leaves it out.
    """
    found = emissions.resolutions
    heads, middles, tails = (
        pl.Series([make(resolution) for resolution in found], dtype=pl.String) for make in (_head, _middle, partial(_tail, gwp))
    )
    skipped = pl.Series([resolution.skipped for resolution in found], dtype=pl.Int64)
    frame = emissions.lines.hstack(lines.frame.select("start", "end", "division"))
    passed = _passed(frame, skipped, chain)
    shared = _Shared(heads, middles, tails, pl.Series([quoted(resolution.cited) for resolution in found], dtype=pl.String), skipped, passed)
    chunks = (frame.slice(start, CHUNK) for start in range(0, frame.height, CHUNK))
    with ThreadPoolExecutor(WORKERS) as pool:  # polars lets go of the interpreter's lock while it works
        waiting: deque[Future[bytes]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_render, chunk, shared, emissions.gases, gwp))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True, slots=True)
class _Shared:
    """What lines of one resolution have in common, as JSON text."""

    heads: pl.Series
    middles: pl.Series
    tails: pl.Series
    sources: pl.Series
    skipped: pl.Series
    passed: pl.DataFrame


def _render(chunk: pl.DataFrame, shared: _Shared, gases: tuple[str, ...], gwp: GwpSet) -> bytes:
    at = pl.col("resolution")
    chunk = chunk.with_columns(year=pl.col("end").dt.year(), skip=pl.lit(shared.skipped).gather(at))
    chunk = chunk.join(shared.passed, on=["division", "year", "skip"], how="left", nulls_equal=True, maintain_order="left")
    line = pl.concat_str(
        pl.lit('{"line":'),
        pl.col("line").cast(pl.String),
        pl.lit(shared.heads).gather(at),
        pl.col("passed").fill_null(""),
        pl.lit(shared.middles).gather(at),
        pl.col("start").dt.to_string("iso"),
        pl.lit("/"),
        pl.col("end").dt.to_string("iso"),
        pl.lit('","gases":{'),
        _gases(gases),
        pl.lit("}"),
        pl.lit(shared.tails).gather(at),
        pl.lit('"co2e_g":"'),
        co2e(gases, gwp).cast(pl.String),
        pl.lit('","source":'),
        pl.lit(shared.sources).gather(at),
        pl.lit("}\n"),
    )
    text: bytes = chunk.select(line.str.join("").cast(pl.Binary)).item()
    return text


def _head(resolution: Resolution) -> str:
    shared = {"factor": resolution.factor_ids, "components": components(resolution)}
    return "," + quoted(shared)[1:-1] + ',"steps":['


def _middle(resolution: Resolution) -> str:
    return ",".join(quoted(step_text(step)) for step in resolution.steps) + '],"period":"'


def _tail(gwp: GwpSet, resolution: Resolution) -> str:
    beside = [gas for gas in resolution.coefficients if gwp.apart(gas)]
    told = f',"apart":{quoted(beside)}' if beside else ""
    return ',"not_estimated":' + quoted(list(resolution.not_estimated)) + told + ","


def _passed(frame: pl.DataFrame, skipped: pl.Series, chain: ChainOf) -> pl.DataFrame:
    """The steps that found nothing before the first place with a factor, as JSON text by division, year and how many they are."""
    keys = frame.select("division", year=pl.col("end").dt.year(), skip=pl.lit(skipped).gather(pl.col("resolution"))).unique()
    rows = []
    for division, year, skip in keys.iter_rows():
        places = chain(division, date(year, 12, 31))[:skip] if division else ()
        steps = (Step(region=place.code, level=place.level, outcome="none") for place in places)
        rows.append((division, year, skip, "".join(quoted(step_text(step)) + "," for step in steps)))
    return pl.DataFrame(rows, schema={"division": pl.String, "year": pl.Int32, "skip": pl.Int64, "passed": pl.String}, orient="row")


def _gases(gases: tuple[str, ...]) -> pl.Expr:
    if not gases:
        return pl.lit("")
    texts = []
    for gas in gases:
        text = pl.concat_str(pl.lit(f'"{gas}":"'), pl.col(gas).cast(pl.String), pl.lit('"'))
        texts.append(pl.when(pl.col(gas).is_not_null()).then(text))
    return pl.concat_str(texts, separator=",", ignore_nulls=True)


def co2e(gases: tuple[str, ...], gwp: GwpSet) -> pl.Expr:
    """Grams of CO2e: masses × GWP summed exactly over a common denominator, rounded half-even once; what stays `apart` is not in it."""
    prices = {gas: gwp.per_unit(gas) for gas in gases if not gwp.apart(gas)}
    bottom = lcm(*(price.denominator for price in prices.values()))
    total = pl.lit(0, dtype=pl.Int128)
    for gas, price in prices.items():
        total = total + pl.col(gas).fill_null(0).cast(pl.Int128) * pl.lit(int(price * bottom), dtype=pl.Int128)
    return half_even_quotient(total, pl.lit(bottom, dtype=pl.Int128))
