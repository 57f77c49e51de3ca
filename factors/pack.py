"""Read one pack: a manifest whose checksum pins the rows, rows checked all at once, factors assembled from them.

A pack is one publication in one edition of ours, ``packs/<name>/<version>_e<edition>/{pack.toml,factors.csv}``. Rows of one
id are one factor: a fuel's ncv, cc and of, or a factor's several gases. A released pack is never changed; a new edition stands beside it.
"""

import csv
import hashlib
import io
import json
import tomllib
from collections.abc import Iterable, Iterator
from importlib.abc import Traversable
from importlib.resources import files
from itertools import groupby

import msgspec

from factors.errors import PackInvalid
from factors.factor import EmissionFactor, Parameter, published_day
from factors.faults import EVIDENCE, all_faults

COLUMNS = (
    "id", "activities", "region", "parameter", "gas", "value", "unit", "basis", "set_id", "variant", "year_from", "year_to",
    "published", "used_from", "used_to", "source", "locator", "licence", "evidence", "lower", "upper", "name_zh", "name_en", "notes",
)  # fmt: skip
"""The columns of factors.csv, in their order."""
RULES = ("data-year", "use-year", "constant")
"""data-year: the data of the activity's year, else of the last year before it; use-year: the years it was issued for, else the last before;
constant: a number that does not age, such as stoichiometry or a default of a guideline"""
RANKS = ("supplier", "official", "secondary")
"""The stated order: a supplier's or firm's own number, an official publication, another source; the first that has an answer wins."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pack says of itself.

    `published` is the day, month or year of the publication, for rows that state none of their own; `released` the day of this edition of
    ours, which may replace an earlier one (`replaces`). `rule` says which of its factors answers for a year, `rank` how near to the act the
    pack stands, `fallback` which wider place stands in for a place; `attribution` is the sentence that the licence asks for.
    """

    name: str
    version: str
    edition: int
    title_zh: str
    title_en: str
    publisher: str
    licence: str
    published: str
    released: str
    rule: str = "data-year"
    rank: str = "official"
    replaces: str = ""
    attribution: str = ""
    fallback: dict[str, str] = {}
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
    faults = [*manifest_faults(manifest), *all_faults(rows)]
    if len(rows) != manifest.rows:
        faults.append(f"{len(rows)} rows, the manifest says {manifest.rows}")
    if faults:
        raise PackInvalid(manifest.id, faults)
    return assemble(manifest, rows)


def table_text(columns: Iterable[str], rows: Iterable[dict[str, str]]) -> bytes:
    """Rows as the CSV that a pack keeps: UTF-8, lines ended by LF, what a row lacks empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(columns), lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def manifest_text(manifest: Manifest) -> str:
    """A manifest as pack.toml writes it; a JSON string is a TOML string too."""
    fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__ if name != "fallback"}
    kept = {name: value for name, value in fields.items() if value != "" or name == "published"}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in kept.items()]
    if manifest.fallback:
        places = (f"{json.dumps(place)} = {json.dumps(wider)}" for place, wider in sorted(manifest.fallback.items()))
        lines += ["", "[fallback]", *places]
    return "\n".join(lines) + "\n"


def manifest_faults(manifest: Manifest) -> Iterator[str]:
    """What is wrong with a manifest: dates, rule, rank, a fallback that leads in a circle."""
    if (manifest.published and published_day(manifest.published) is None) or published_day(manifest.released) is None:
        yield "published (if stated) and released are a day, a month or a year: 2025-12-31, 2025-12 or 2025"
    if manifest.rule not in RULES:
        yield f"rule {manifest.rule!r} is not one of {', '.join(RULES)}"
    if manifest.rank not in RANKS:
        yield f"rank {manifest.rank!r} is not one of {', '.join(RANKS)}"
    for place in manifest.fallback:
        seen, at = [place], place
        while at in manifest.fallback:
            at = manifest.fallback[at]
            seen.append(at)
            if at == place:
                yield f"fallback leads in a circle: {' → '.join(seen)}"
                break
            if at in seen[:-1]:
                break


def assemble(manifest: Manifest, rows: Iterable[dict[str, str]]) -> Pack:
    """A pack of rows that have no fault."""
    grouped = groupby(sorted(rows, key=lambda row: row["id"]), key=lambda row: row["id"])
    return Pack(manifest=manifest, factors=tuple(_factor(manifest, row_id, list(group)) for row_id, group in grouped))


def _factor(manifest: Manifest, row_id: str, rows: list[dict[str, str]]) -> EmissionFactor:
    first = next((row for row in rows if row["parameter"] == "ncv"), rows[0])
    factor_id = f"{manifest.id}#{row_id}"
    worst = max((row["evidence"] for row in rows), key=EVIDENCE.index)
    return EmissionFactor(
        id=factor_id,
        name_zh=first["name_zh"].removesuffix("低位发热量").removesuffix("净发热值"),
        name_en=first["name_en"].removesuffix(" net calorific value"),
        activities=tuple(first["activities"].split("|")),
        region=first["region"],
        basis=first["basis"],
        set_id=first["set_id"],
        variant=first["variant"],
        year_from=_year(first["year_from"]),
        year_to=_year(first["year_to"]),
        published=first["published"] or manifest.published,
        used_from=_year(first.get("used_from")),
        used_to=_year(first.get("used_to")),
        source=first["source"],
        locator=" / ".join(dict.fromkeys(filter(None, (row["locator"] for row in rows)))),
        licence=first["licence"],
        evidence=worst,
        notes=first["notes"],
        parameters=tuple(_parameter(row, factor_id) for row in rows),
    )


def _year(text: str | None) -> int | None:
    return int(text) if text else None


def _parameter(row: dict[str, str], factor_id: str) -> Parameter:
    lower, upper = (row.get(name) or msgspec.UNSET for name in ("lower", "upper"))
    return Parameter(
        name=row["parameter"], gas=row["gas"], value=row["value"], unit=row["unit"], factor=factor_id, lower=lower, upper=upper
    )
