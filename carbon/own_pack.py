"""A user's own factor pack: read from a folder or a workbook, judged whole, stored under the home or refused with every fault.

A folder holds pack.toml and factors.csv as a shipped pack does; `sha256` and `rows` may be left out, and are then pinned when it is stored.
What a pack of one's own may not do: bear the name of a shipped pack or replace one, leave the basis of electricity and heat open (a
supplier's number would else count as the average of the area), or answer one question twice.
"""

import csv
import hashlib
import io
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from carbon.own_pack_sheet import read_sheet
from factors.activities import find_activity
from factors.errors import AmbiguousAlias, PackInvalid, UnknownActivity
from factors.faults import all_faults
from factors.library import FactorLibrary, load_library
from factors.pack import COLUMNS, Manifest, Pack, assemble, manifest_faults, manifest_text, table_text

NAME = re.compile(r"[a-z0-9][a-z0-9.\-]{0,59}")
BYTES_MAX, ROWS_MAX, FAULTS_MAX = 64 * 2**20, 100_000, 200
FORMULA = re.compile(r"[=@\t\r]|[+\-](?![0-9.])")
"""How a cell begins that a spreadsheet would run (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack as it was sent: what its manifest says, its rows with their row numbers, and faults of its form."""

    named: str
    manifest: dict[str, Any]
    rows: list[dict[str, str]]
    numbers: list[int]
    faults: list[str]
    sha256: str


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Who released a pack, with whom (``""``: nobody else was there), at what instant, on which request; `release.json` beside the pack."""

    by: str
    second: str
    at: datetime
    request: str = ""


def add_pack(source: Path, home: Path, library: FactorLibrary, *, release: Release | None = None) -> tuple[Pack, bool]:
    """The pack, now in `home/packs`, and whether it is new there. PackInvalid with every fault, and nothing is stored."""
    draft = read_folder(source) if source.is_dir() else read_sheet_draft(source)
    pack, content = judge(draft, library)
    return pack, store(home, pack, content, release=release)


def store(home: Path, pack: Pack, content: bytes, *, release: Release | None = None) -> bool:
    """Release a pack that was judged: from now on it answers. Whether it is new; PackInvalid where others rows are stored under its id."""
    if is_stored(home, pack):
        return False
    released = {} if release is None else {"release.json": msgspec.json.encode(release)}
    lay(home, home / "packs" / pack.manifest.name / pack.manifest.id.partition("/")[2], pack, content, **released)
    return True


def is_stored(home: Path, pack: Pack) -> bool:
    """Whether just this pack is stored already. Raises PackInvalid where its id is taken by other rows."""
    target = home / "packs" / pack.manifest.name / pack.manifest.id.partition("/")[2]
    if not target.exists():
        return False
    if hashlib.sha256(target.joinpath("factors.csv").read_bytes()).hexdigest() == pack.manifest.sha256:
        return True
    raise PackInvalid(pack.manifest.id, ["is stored with other rows: a released pack is never changed, give this one the next edition"])


def lay(home: Path, target: Path, pack: Pack, content: bytes, **more: bytes) -> None:
    """Write a pack's files into `target`, below `home/packs`: all of them, or there is no such folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft_folder = Path(tempfile.mkdtemp(prefix=".draft-", dir=home / "packs"))
    files = {"factors.csv": content, "pack.toml": manifest_text(pack.manifest).encode()} | more
    try:
        for name, data in files.items():
            with draft_folder.joinpath(name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        draft_folder.rename(target)
    finally:
        shutil.rmtree(draft_folder, ignore_errors=True)


def judge(draft: Draft, library: FactorLibrary) -> tuple[Pack, bytes]:
    """The pack and the bytes of its factors.csv; PackInvalid with every fault of manifest and rows."""
    faults = list(draft.faults)
    rows = list(_rows_named(draft, faults))
    content = table_text(COLUMNS, rows)
    given = draft.manifest.get("sha256")
    if given and given != draft.sha256:
        faults.append(f"factors.csv is not what pack.toml pins: its sha256 is {draft.sha256[:12]}…, the manifest says {str(given)[:12]}…")
    if draft.manifest.get("rows", len(rows)) != len(rows):
        faults.append(f"{len(rows)} rows, the manifest says {draft.manifest['rows']}")
    pinned = {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = None
    try:
        manifest = msgspec.convert({**draft.manifest, **pinned}, Manifest)
        faults += [*manifest_faults(manifest), *_claims(manifest, library)]
    except msgspec.ValidationError as error:
        faults.append(f"pack.toml: {error}")
    faults += all_faults(rows, numbers=draft.numbers)
    if not rows:
        faults.append("there is no row below the names of the columns")
    if manifest is None or faults:
        more = [f"and {len(faults) - FAULTS_MAX:,} more"] if len(faults) > FAULTS_MAX else []
        raise PackInvalid(draft.named, [*faults[:FAULTS_MAX], *more])
    pack = assemble(manifest, rows)
    if twice := list(_answered_twice(pack)):
        raise PackInvalid(draft.named, twice)
    return pack, content


def read_folder(folder: Path) -> Draft:
    """The pack in a folder; faults of form are noted, so that all are told at once."""
    faults: list[str] = []
    manifest: dict[str, Any] = {}
    try:
        manifest = tomllib.loads(folder.joinpath("pack.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append("pack.toml is missing: it names the pack, its publisher, licence and dates")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"pack.toml is no TOML: {error}")
    file = folder / "factors.csv"
    if not file.exists():
        raise PackInvalid(folder.name, [*faults, "factors.csv is missing: it holds the rows"])
    if file.stat().st_size > BYTES_MAX:
        raise PackInvalid(folder.name, [*faults, f"factors.csv has {file.stat().st_size:,} bytes, at most {BYTES_MAX:,} are read"])
    raw = file.read_bytes()
    rows, numbers = _read_csv(raw, faults)
    return Draft(folder.name, manifest, rows, numbers, faults, hashlib.sha256(raw).hexdigest())


def read_sheet_draft(file: Path) -> Draft:
    """The pack in a workbook made from the template."""
    if file.suffix.lower() != ".xlsx" or not file.exists():
        raise PackInvalid(file.name, ["is no folder with pack.toml and factors.csv, and no .xlsx workbook"])
    return workbook_draft(file.read_bytes(), file=file.name)


def workbook_draft(data: bytes, *, file: str) -> Draft:
    """The pack in the bytes of such a workbook. Raises PackInvalid, FaultyFile where it is none."""
    manifest, rows, numbers, faults = read_sheet(data, file=file)
    return Draft(file, {"rank": "supplier", **manifest}, rows, numbers, faults, "")


def _read_csv(raw: bytes, faults: list[str]) -> tuple[list[dict[str, str]], list[int]]:
    try:
        lines = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
        head = next(lines, [])
        unknown = [name for name in head if name not in COLUMNS]
        if unknown:
            shown = ", ".join(repr(name[:30]) for name in unknown[:6]) + (f" and {len(unknown) - 6:,} more" if len(unknown) > 6 else "")
            faults.append(f"factors.csv has {len(unknown):,} columns that no pack has ({shown}): the columns are {', '.join(COLUMNS)}")
        if len(set(head)) < len(head):
            faults.append("factors.csv names a column twice")
        if unknown or len(set(head)) < len(head):
            return [], []
        rows, numbers = [], []
        for cells in lines:
            if not any(cells):
                continue
            if len(cells) != len(head):
                faults.append(f"row {lines.line_num}: {len(cells)} cells under {len(head)} columns")
                continue
            rows.append(dict.fromkeys(COLUMNS, "") | dict(zip(head, cells, strict=True)))
            numbers.append(lines.line_num)
            if len(rows) > ROWS_MAX:
                faults.append(f"more than {ROWS_MAX:,} rows: split the pack")
                return [], []
    except UnicodeDecodeError as error:
        faults.append(f"factors.csv is not UTF-8 (byte {error.start:,}): save it as CSV UTF-8")
    except csv.Error as error:
        faults.append(f"factors.csv, line {lines.line_num}: {error}")
    else:
        return rows, numbers
    return [], []


def _rows_named(draft: Draft, faults: list[str]) -> Iterator[dict[str, str]]:
    """The rows with activity codes where they bore names; formulas and open bases are noted."""
    for number, row in zip(draft.numbers, draft.rows, strict=True):
        for name, cell in row.items():
            if FORMULA.match(cell):
                faults.append(f"row {number}: {name} {cell[:30]!r} begins like a formula: write the value itself")
        codes = []
        for text in filter(None, row["activities"].split("|")):
            try:
                codes.append(find_activity(text).id)
            except (UnknownActivity, AmbiguousAlias) as error:
                faults.append(f"row {number}: {error}")
        open_basis = not row["basis"] and any(code.startswith(("electricity.", "heat.", "steam.", "cooling.")) for code in codes)
        if open_basis:
            faults.append(f"row {number}: bought energy needs a basis: contract for a supplier's own number, average for an area's")
        yield row | ({"activities": "|".join(codes)} if codes else {})


def _claims(manifest: Manifest, library: FactorLibrary) -> Iterator[str]:
    """What a pack of one's own may not claim."""
    ours = {pack.manifest.name for pack in load_library().packs}
    for name in (manifest.name, manifest.version):
        if not NAME.fullmatch(name):
            yield f"{name[:60]!r} cannot be a pack's name or version: small letters, digits, points and hyphens, at most 60"
    if manifest.name in ours:
        yield f"{manifest.name!r} is the name of a shipped pack: choose another"
    if manifest.replaces.partition("/")[0] in ours:
        yield f"a shipped pack ({manifest.replaces}) is not replaced: a supplier's number outranks it by its rank"
    taken = sorted(place for pack in load_library().packs for place in pack.manifest.fallback if place in manifest.fallback)
    if taken:
        yield f"fallback of {', '.join(taken)}: a shipped pack says what stands in for that place"
    known = {pack.manifest.id for pack in library.packs}
    if manifest.replaces and manifest.replaces not in known:
        yield f"replaces {manifest.replaces!r}, which is not stored"
    if not 1 <= manifest.edition <= 999:
        yield f"edition {manifest.edition} is not from 1 to 999"
    for field in ("title_zh", "title_en", "publisher", "licence", "attribution"):
        text = getattr(manifest, field)
        if not text.isprintable() or len(text) > 500:
            yield f"{field} holds control characters or more than 500 characters"
        if not text.strip() and field != "attribution":
            yield f"{field} is empty"


def _answered_twice(pack: Pack) -> Iterator[str]:
    """Two factors with one key: nobody could choose between them."""
    seen: dict[tuple[Any, ...], str] = {}
    for factor in pack.factors:
        for activity in factor.activities:
            key = (activity, factor.region, factor.basis, factor.set_id, factor.variant, factor.year_from, factor.year_to, factor.gases)
            if key in seen:
                yield f"{factor.id} and {seen[key]} answer the same question ({activity}): tell them apart by variant or year"
                break
            seen[key] = factor.id
