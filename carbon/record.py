"""Record a file of activity data: read, place, estimate, post, all of it in one transaction or none.

A file is keyed by holder and SHA-256: recorded again it posts nothing and gives the receipt of the first time. `replace` reverses what
another file filed, in the same transaction.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon.activity import ActivityFrame, load, parse_activities
from carbon.activity_columns import PARAMETERS
from carbon.answer import kept
from carbon.bookkeeping import SELLER, Booking, PlacedLines, cell_sums, emission_entries, place_lines, seller_of, with_cells
from carbon.counterparty import sellers
from carbon.errors import FaultyFile, ImportNotFound, ImportReplaced, SitesMoved
from carbon.estimate import EmissionFrame, estimate
from carbon.filed import correcting_nothing, overlapping_book, twice_in_file
from carbon.holder import Site, find_holder, new_id, open_sites, places, sites
from carbon.region.divisions import DivisionTree, chain_of
from carbon.seal import seals
from carbon.tables import ActivityLineRow, ImportRow
from carbon.turn import take_turn
from factors.library import FactorLibrary
from ledger.book import Book
from ledger.bulk import insert, select_in
from ledger.errors import NotAllowed
from ledger.journal import post, reversal_batch
from ledger.principal import Principal, Role
from ledger.tables import ReversalRow
from ledger.types import table_of

DETAILS = (
    "scope", "category", "factor", *PARAMETERS, "biogenic_share", "counterparty", "instrument", "uncertainty_pct", "note", "formula",
    "variables", "extra",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordReceipt:
    """What became of a file. `repeated`: it was booked before, and nothing was booked now. `reversed_entries`: of the file it replaces."""

    import_id: str
    holder: str
    file: str
    sha256: str
    lines: int
    first_entry: int | None
    last_entry: int | None
    replaces: str | None
    imported_at: datetime
    repeated: bool = False
    reversed_entries: int = 0
    opened_sites: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


def record(
    book: Book, path: Path, *, holder: str, principal: Principal, now: datetime, today: date, library: FactorLibrary, tree: DivisionTree,
    replace: str | None = None, allow_duplicates: bool = False, data: bytes | None = None,
) -> RecordReceipt:  # fmt: skip
    """Book every line of a file for a holder; where one is at fault FaultyFile is raised and nothing is booked.

    `data` are the bytes of the file where they came by another way than `path`, which then only names it.

    Raises HolderNotFound, ImportNotFound, ImportReplaced, NotAllowed, SitesMoved besides, and what the ledger refuses.
    Lines that name a division and no site open a site of the division's code where the holder has none there.
    """
    ready = read_file(
        book, path, holder=holder, principal=principal, today=today, library=library, tree=tree, replace=replace,
        allow_duplicates=allow_duplicates, data=data,
    )  # fmt: skip
    if isinstance(ready, RecordReceipt):
        return ready
    made, standing = ready
    with book.writing() as session:
        return book_prepared(session, made, principal, sites_read=standing, now=now)


def read_file(
    book: Book, path: Path, *, holder: str, principal: Principal, today: date, library: FactorLibrary, tree: DivisionTree,
    replace: str | None = None, allow_duplicates: bool = False, data: bytes | None = None,
) -> "tuple[Prepared, list[Site]] | RecordReceipt":  # fmt: skip
    """All of `record` that needs no transaction: the entries of a file and the sites that it was read by; or the receipt of the first time
    where it was booked before. Raises what `record` raises."""
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="record activity data")
    data = load(path) if data is None else data
    with book.reading(principal) as session:
        known = find_holder(session, principal, holder)
        before = _booked_before(session, holder, hashlib.sha256(data).digest(), path.name)
        if before is not None:
            return before
        standing = sites(session, principal, holder=holder)
    lines = parse_activities(
        data, file=path.name, tree=tree, today=today, sites=places(standing),
        further=lambda right: estimate(place_lines(right, industry=known.industry).lines, library, chain=chain_of),
    )  # fmt: skip
    placed = place_lines(lines, industry=known.industry, sellers=sellers(book, lines, buyer=holder))
    emissions = estimate(placed.lines, library, chain=chain_of)
    return prepare(lines, placed, emissions, holder=holder, replace=replace, allow_duplicates=allow_duplicates), standing


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that was read, placed, estimated and made into entries, and is not booked yet: all that needs no transaction.

    `lines` are the file's own; `placed` may hold more, which were made of these (power by the market beside power by location). `again`:
    bytes that were booked before may be booked in the place of `replace`, as what they come to is another figure now.
    """

    holder: str
    lines: ActivityFrame
    placed: PlacedLines
    told: "_Told"
    booking: Booking
    replace: str | None
    allow_duplicates: bool
    again: bool = False


def prepare(
    lines: ActivityFrame, placed: PlacedLines, emissions: EmissionFrame, *, holder: str, replace: str | None = None,
    allow_duplicates: bool = False, again: bool = False,
) -> Prepared:  # fmt: skip
    """The entries of a file for `book_prepared`. FaultyFile where two lines of it file the same. `replace` is the import that it is to
    take the place of, `again` whether it may though the same bytes were booked before."""
    twice = [] if allow_duplicates else twice_in_file(lines)
    if twice:
        raise FaultyFile(twice)
    keys = f"activity/{holder}" + (f"/{replace}" if replace else "")
    told = _tell(placed, emissions)
    booking = emission_entries(placed, emissions, holder=holder, scope_of_keys=keys, by_reference=not allow_duplicates, evidence=told.seals)
    return Prepared(holder, lines, placed, told, booking, replace, allow_duplicates, again)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A file that may be booked in this transaction: what of the import that it replaces was taken back, and the sites that it opened."""

    made: Prepared
    sites: list[Site]
    opened: list[Site]
    taken_back: int


def book_prepared(session: Session, made: Prepared, principal: Principal, *, sites_read: list[Site], now: datetime) -> RecordReceipt:
    """Book it in the caller's transaction, once: the receipt of the first time where the same file was booked before.

    `sites_read` are the holder's sites as the file was read by them; SitesMoved where they are others now. Raises what `record` raises.
    """
    admitted = admit(session, made, principal, sites_read=sites_read, now=now)
    if isinstance(admitted, RecordReceipt):
        return admitted
    receipt = post(session, made.booking.batch, principal, now=now)
    return keep(session, admitted, tuple(at for at in receipt.ids if at is not None), principal, now=now)


def admit(session: Session, made: Prepared, principal: Principal, *, sites_read: list[Site], now: datetime) -> Admitted | RecordReceipt:
    """What must hold before the file's entries are posted, and what makes room for them. As `book_prepared`."""
    holder, lines = made.holder, made.lines
    take_turn(session, f"holder/{holder}")
    before = None if made.again else _booked_before(session, holder, lines.sha256, lines.file)
    if before is not None:
        return before
    if sites(session, principal, holder=holder) != sites_read:
        raise SitesMoved(holder)
    taken_back = _take_back(session, made.replace, holder=holder, principal=principal, now=now, file=lines.file) if made.replace else 0
    overlaps = [] if made.allow_duplicates else overlapping_book(session, lines, sites_read, but=made.replace)
    faults = [*overlaps, *correcting_nothing(session, lines, holder=holder)]
    if faults:
        raise FaultyFile(faults)
    opened = _open_sites(session, holder, lines, sites_read)
    return Admitted(made, [*sites_read, *opened], opened, taken_back)


def keep(session: Session, admitted: Admitted, ids: tuple[int, ...], principal: Principal, *, now: datetime) -> RecordReceipt:
    """Write the file's lines beside its entries, whose positions in the log are `ids`."""
    made = admitted.made
    done = RecordReceipt(
        import_id=new_id("i"), holder=made.holder, file=made.lines.file, sha256=made.lines.sha256.hex(),
        lines=made.placed.lines.frame.height, first_entry=min(ids, default=None), last_entry=max(ids, default=None),
        replaces=made.replace, imported_at=now, reversed_entries=admitted.taken_back,
        opened_sites=tuple(site.code for site in admitted.opened), read=made.lines.read,
    )  # fmt: skip
    _keep(session, done, made.placed.lines, made.told, made.booking, ids, sites=admitted.sites, actor=principal.actor)
    return done


def _booked_before(session: Session, holder: str, sha256: bytes, file: str) -> RecordReceipt | None:
    """The receipt of the first time, or None; ImportReplaced where another file took this one's place since."""
    f = table_of(ImportRow).c
    query = sa.select(table_of(ImportRow)).where(f.holder_id == holder, f.sha256 == sha256).order_by(f.again.desc()).limit(1)
    row = session.execute(query).mappings().one_or_none()  # the last: those before it gave way to it
    if row is None:
        return None
    _refuse_replaced(session, row["id"])
    return RecordReceipt(
        import_id=row["id"], holder=holder, file=row["name"] or file, sha256=sha256.hex(), lines=row["lines"],
        first_entry=row["first_entry"], last_entry=row["last_entry"], replaces=row["replaces"],
        imported_at=row["imported_at"], repeated=True,
    )  # fmt: skip


def _times_booked(session: Session, holder: str, sha256: bytes) -> int:
    """How often the same bytes were booked for the holder."""
    f = table_of(ImportRow).c
    return int(session.execute(sa.select(sa.func.count()).where(f.holder_id == holder, f.sha256 == sha256)).scalar_one())


def _refuse_replaced(session: Session, import_id: str) -> None:
    f = table_of(ImportRow).c
    by = session.execute(sa.select(f.id).where(f.replaces == import_id)).scalar_one_or_none()
    if by is not None:
        raise ImportReplaced(import_id=import_id, by=by)


def _take_back(session: Session, import_id: str, *, holder: str, principal: Principal, now: datetime, file: str) -> int:
    """Reverse every entry of an import that still stands, and take its sums out of the cells; gives how many."""
    f, a, r = (table_of(row).c for row in (ImportRow, ActivityLineRow, ReversalRow))
    if session.execute(sa.select(f.id).where(f.id == import_id, f.holder_id == holder)).scalar_one_or_none() is None:
        raise ImportNotFound(import_id)
    _refuse_replaced(session, import_id)
    rows = session.execute(
        sa.select(a.entry_id, a.division, a.details)
        .select_from(table_of(ActivityLineRow).outerjoin(table_of(ReversalRow), r.entry_id == a.entry_id))
        .where(a.import_id == import_id, a.entry_id.is_not(None), r.entry_id.is_(None))
    ).all()
    if not rows:
        return 0
    filed = [(entry, division, seller_of(details)) for entry, division, details in rows]
    divisions = pl.DataFrame(filed, schema={"reverses": pl.Int64, "division": pl.String, "seller": pl.String}, orient="row")
    batch = reversal_batch(session, divisions["reverses"].to_list(), reason=f"{file} replaces import {import_id}")
    legs = batch.postings.join(batch.entries.select("no", "book", "day", "reverses"), on="no").join(divisions, on="reverses")
    booked = with_cells(legs)
    return post(session, replaced(batch, cells=cell_sums(booked)), principal, now=now).created


def _open_sites(session: Session, holder: str, lines: ActivityFrame, standing: list[Site]) -> list[Site]:
    """The sites of lines that named a division alone, each under the division's code, from the first day that is filed for it."""
    known = {site.code for site in standing}
    fresh = lines.frame.filter(~pl.col("site").is_in(list(known))).group_by("site", "division").agg(pl.col("start").min()).sort("site")
    opened = [Site(new_id("s"), holder, code, code, ((since, division),)) for code, division, since in fresh.iter_rows()]
    open_sites(session, opened)
    return opened


@dataclass(frozen=True, slots=True)
class _Told:
    """What stands beside the lines: resolutions (`id`, `content`), and of each line its resolution's id, its details and its seal."""

    resolutions: pl.DataFrame
    resolution_ids: pl.Series
    details: pl.Series
    seals: pl.Series


def _tell(placed: PlacedLines, emissions: EmissionFrame) -> _Told:
    lines = placed.lines
    told = [kept(resolution) for resolution in emissions.resolutions]
    keys, contents = pl.Series("id", [key for key, _ in told], dtype=pl.Binary), [content for _, content in told]
    at = emissions.lines["resolution"]
    skipped = pl.Series([resolution.skipped for resolution in emissions.resolutions], dtype=pl.Int64)
    details, ids = _details(lines, skipped.gather(at), placed.sellers()), keys.gather(at)
    sealed = lines.frame.with_columns(
        name=pl.lit(lines.file), sha256=pl.lit(lines.sha256.hex()), row=pl.col("line"), details=details, resolution=ids.bin.encode("hex")
    )
    return _Told(pl.DataFrame([keys, pl.Series("content", contents, dtype=pl.String)]), ids, details, seals(sealed))


def _keep(
    session: Session, done: RecordReceipt, lines: ActivityFrame, told: _Told, booking: Booking, ids: tuple[int, ...], *,
    sites: list[Site], actor: str,
) -> None:  # fmt: skip
    """Write the import, the resolutions that are new, and each line beside its entry."""
    row = {
        "id": done.import_id, "holder_id": done.holder, "sha256": lines.sha256, "name": done.file, "lines": done.lines,
        "first_entry": done.first_entry, "last_entry": done.last_entry, "replaces": done.replaces, "actor": actor,
        "again": _times_booked(session, done.holder, lines.sha256), "imported_at": done.imported_at,
    }  # fmt: skip
    session.execute(sa.insert(table_of(ImportRow)).values(row))
    connection = session.connection()
    contents = told.resolutions.unique("id", maintain_order=True)
    stand = [bytes(row[0]) for row in select_in(connection, "SELECT id FROM resolution WHERE id IN {values}", contents["id"])]
    insert(connection, "resolution", contents.filter(~pl.col("id").is_in(pl.Series(stand, dtype=pl.Binary).implode())))
    site_ids = {site.code: site.id for site in sites}
    same_month = (pl.col("start").dt.year() == pl.col("end").dt.year()) & (pl.col("start").dt.month() == pl.col("end").dt.month())
    frame = lines.frame.with_columns(
        import_id=pl.lit(done.import_id),
        row=pl.col("line").cast(pl.Int64),
        entry_id=booking.lines.select(pl.lit(pl.Series(ids, dtype=pl.Int64)).gather(pl.col("no"))).to_series(),
        holder_id=pl.lit(done.holder),
        site_id=pl.col("site").replace_strict(site_ids, return_dtype=pl.String),
        cell=booking.lines["cell"],
        month=pl.when(same_month).then(pl.col("end").dt.year().cast(pl.Int64) * 100 + pl.col("end").dt.month()),
        resolution_id=told.resolution_ids,
        details=told.details,
    )
    insert(connection, "activity_line", frame.select(column.name for column in table_of(ActivityLineRow).columns))


def _details(lines: ActivityFrame, skipped: pl.Series, sellers: pl.Series) -> pl.Series:
    """What else a line said, as JSON, with the units of its parameters, of whom in the book it buys, and the places passed on the way to
    its factor."""
    units = lines.parameter_units
    said_of = lines.frame.select(*DETAILS).with_columns(sellers)
    keys = said_of.with_columns(lines.frame["division"], lines.frame["end"].dt.year().alias("year"), skipped.alias("skipped"))
    found: dict[tuple[Any, ...], str | None] = {}
    passed: dict[tuple[str, int, int], list[str]] = {}
    texts = []
    for row in keys.iter_rows():
        if row not in found:
            *said, division, year, count = row
            if (division, year, count) not in passed:
                passed[division, year, count] = [place.code for place in chain_of(division, date(year, 12, 31))[:count]]
            found[row] = _detail(dict(zip((*DETAILS, SELLER), said, strict=True)), units, passed[division, year, count])
        texts.append(found[row])
    return pl.Series("details", texts, dtype=pl.String)


def _detail(said: dict[str, str | None], units: Mapping[str, str], passed: list[str]) -> str | None:
    told: dict[str, Any] = {name: text for name, text in said.items() if text is not None}
    told |= {name: json.loads(told[name]) for name in ("extra", "variables") if name in told}
    used = {name: units[name] for name in PARAMETERS if name in told and name in units}
    if used:
        told["units"] = used
    if passed:
        told["passed"] = passed
    return json.dumps(told, ensure_ascii=False, sort_keys=True) if told else None
