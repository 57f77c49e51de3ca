"""Read one pack: a manifest whose checksum pins the rows, rows checked all at once, factors assembled from them.

A pack is one publication in one edition of ours, ``packs/<name>/<version>_e<edition>/{pack.toml,factors.csv}``. Rows of one
id are one factor: a fuel's ncv, cc and of, or a factor's several gases. A released pack is never changed; a new edition stands beside it.
"""

import csv
import hashlib
import tomllib
from collections.abc import Iterator
from importlib.abc import Traversable
from importlib.resources import files
from itertools import groupby

import msgspec

from factors.activities import by_id
from factors.errors import NotANumber, PackInvalid, UnknownUnit
from factors.factor import EmissionFactor, Parameter
from factors.units import find_unit, series_number

EVIDENCE = ("definition", "transcribed", "corroborated", "transcribed-source-inferred", "unverified")
RANGES = {"of": (0.5, 1.0), "ncv": (0.5, 1000.0), "cc": (5.0, 120.0)}
COLUMNS = {"id", "activities", "region", "parameter", "gas", "value", "unit", "source", "evidence"}
MASSES = {"mg", "g", "kg", "t"}


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pack says of itself."""

    name: str
    version: str
    edition: int
    title_zh: str
    title_en: str
    publisher: str
    licence: str
    rows: int
    sha256: str

    @property
    def id(self) -> str:
        return f"{self.name}/{self.version}_e{self.edition:03d}"


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest and its factors."""

    manifest: Manifest
    factors: tuple[EmissionFactor, ...]


def shipped() -> Iterator[Traversable]:
    """The folders of the packs that come with this package, by name and version."""
    for name in sorted(files("factors").joinpath("data", "packs").iterdir(), key=lambda item: item.name):
        yield from sorted(name.iterdir(), key=lambda item: item.name)


def read_pack(folder: Traversable) -> Pack:
    """The pack in `folder`; PackInvalid with every fault where manifest, checksum or rows are wrong."""
    manifest = msgspec.convert(tomllib.loads(folder.joinpath("pack.toml").read_text(encoding="utf-8")), Manifest)
    raw = folder.joinpath("factors.csv").read_bytes()
    if hashlib.sha256(raw).hexdigest() != manifest.sha256:
        raise PackInvalid(manifest.id, ["factors.csv is not what the manifest's sha256 pins: restore it, or release a new edition"])
    rows = list(csv.DictReader(raw.decode().splitlines()))
    faults = [f"row {number}: {fault}" for number, row in enumerate(rows, start=2) for fault in _faults(row)]
    if len(rows) != manifest.rows:
        faults.append(f"{len(rows)} rows, the manifest says {manifest.rows}")
    if faults:
        raise PackInvalid(manifest.id, faults)
    grouped = groupby(sorted(rows, key=lambda row: row["id"]), key=lambda row: row["id"])
    return Pack(manifest=manifest, factors=tuple(_factor(manifest, row_id, list(group)) for row_id, group in grouped))


def _faults(row: dict[str, str]) -> Iterator[str]:
    lacking = sorted(name for name in COLUMNS if not row.get(name))
    if lacking:
        yield f"{', '.join(lacking)} is empty"
        return
    try:
        value = float(series_number(row["value"]))
    except NotANumber as error:
        yield str(error)
        return
    low, high = RANGES.get(row["parameter"], (0.0, 1e9))
    if not low <= value <= high:
        yield f"{row['parameter']} of {row['value']} {row['unit']} lies outside {low:g}–{high:g}: was another unit meant?"
    yield from _bound_faults(row, value)
    if row["evidence"] not in EVIDENCE:
        yield f"evidence {row['evidence']!r} is not one of {', '.join(EVIDENCE)}"
    for code in row["activities"].split("|"):
        if code not in by_id():
            yield f"activity {code!r} is not known"
    if row["parameter"] == "ef":
        top, _, bottom = row["unit"].partition("/")
        try:
            find_unit(bottom)
        except UnknownUnit as error:
            yield str(error)
        if top not in MASSES:
            yield f"unit {row['unit']!r} does not begin with a mass"


def _bound_faults(row: dict[str, str], value: float) -> Iterator[str]:
    """Bounds are decimals, both or none, with the value between them."""
    lower, upper = row.get("lower"), row.get("upper")
    if not lower and not upper:
        return
    if not lower or not upper:
        yield "lower and upper are stated together or not at all"
        return
    try:
        low, high = float(series_number(lower)), float(series_number(upper))
    except NotANumber as error:
        yield str(error)
        return
    if not low <= value <= high:
        yield f"{row['value']} does not lie between its bounds {lower} and {upper}"


def _factor(manifest: Manifest, row_id: str, rows: list[dict[str, str]]) -> EmissionFactor:
    first = next((row for row in rows if row["parameter"] == "ncv"), rows[0])
    factor_id = f"{manifest.id}#{row_id}"
    worst = max((row["evidence"] for row in rows), key=EVIDENCE.index)
    return EmissionFactor(
        id=factor_id,
        name_zh=first["name_zh"].removesuffix("低位发热量"),
        name_en=first["name_en"].removesuffix(" net calorific value"),
        activities=tuple(first["activities"].split("|")),
        region=first["region"],
        basis=first["basis"],
        set_id=first["set_id"],
        variant=first["variant"],
        year_from=int(first["year_from"]) if first["year_from"] else None,
        year_to=int(first["year_to"]) if first["year_to"] else None,
        published=first["published"],
        source=first["source"],
        locator=" / ".join(dict.fromkeys(filter(None, (row["locator"] for row in rows)))),
        licence=first["licence"],
        evidence=worst,
        notes=first["notes"],
        parameters=tuple(_parameter(row, factor_id) for row in rows),
    )


def _parameter(row: dict[str, str], factor_id: str) -> Parameter:
    lower, upper = (row.get(name) or msgspec.UNSET for name in ("lower", "upper"))
    return Parameter(
        name=row["parameter"], gas=row["gas"], value=row["value"], unit=row["unit"], factor=factor_id, lower=lower, upper=upper
    )
