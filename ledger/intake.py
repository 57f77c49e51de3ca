"""Post the entries of a file to the bare ledger: all of them, or, when asked, those that the book takes, each refusal named."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.entry import ENTRIES, INT64_MAX, POSTINGS, entry_batch
from ledger.errors import AccountMisused, AmountTooLarge
from ledger.journal import Receipt, Refusal, post
from ledger.leg_table import EntryFault, FaultyEntries, read_leg_table
from ledger.principal import Principal
from ledger.reading import EntryFile, entries_of
from ledger.roster import roster

UNIT = "unit"
"""What the smallest unit of a new commodity is called where nobody says."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a file. `refused` is empty unless partial acceptance was asked for; `named` are new commodities without a unit."""

    entries: int
    created: int
    repeated: int
    first_entry: int | None
    last_entry: int | None
    refused: tuple[EntryFault, ...]
    named: tuple[str, ...]
    rulings: int
    memos: int


def read_entries(path: Path, *, book: str | None = None) -> EntryFile:
    """The entries of a .csv or .parquet file with all that is wrong in them; FaultyEntries where the file cannot be read at all."""
    return entries_of(read_leg_table(path), book=book)


def post_entries(
    session: Session, said: EntryFile, principal: Principal, *, now: datetime, open_accounts: bool = False, partial: bool = False
) -> Intake:
    """Post what `said` holds, in the caller's transaction. The same file again posts nothing and gives the same places.

    Raises FaultyEntries, with every fault of the file and every refusal of the book, unless `partial` is asked for; then only where the
    file itself is at fault (a row that belongs to no entry) or the sums cannot be kept. Roll the transaction back then.
    """
    faults = list(said.faults)
    units, named = _units(session, said, faults, open_accounts=open_accounts)
    wrong = {fault.entry for fault in faults}
    right = said.entries.filter(~pl.col("label").is_in(list(wrong))).with_columns(batch_no=pl.int_range(pl.len(), dtype=pl.Int64))
    if not right.height:
        _stop(faults, partial=partial)
        return Intake(said.entries.height, 0, 0, None, None, tuple(faults), (), said.rulings, said.memos)
    legs = said.postings.join(right.select("no", "batch_no"), on="no", maintain_order="left").with_columns(no="batch_no")
    entries = right.with_columns(no="batch_no").select(ENTRIES.names())
    batch = entry_batch(entries, legs.select(POSTINGS.names()), units=units)
    # entries at fault are left aside even where all will be taken back: what the book refuses of the others is told with them
    labels, rows = right["label"], right["row"]
    try:
        receipt = post(session, batch, principal, now=now, open_accounts=open_accounts, partial=True)
    except AmountTooLarge as error:
        raise FaultyEntries(
            _overflowing(session, said, right) or [EntryFault(file=said.file, code=error.code, reason=str(error))]
        ) from error
    except AccountMisused as error:
        at = legs.filter(pl.col("account") == error.name).head(1)
        row, entry = (at["row"][0], labels[at["no"][0]]) if at.height else (None, None)
        fault = EntryFault(file=said.file, row=row, column="account", entry=entry, code=error.code, reason=str(error))
        raise FaultyEntries([*faults, fault]) from error
    faults += [_told(said.file, one, labels, rows) for one in receipt.refused]
    _stop(faults, partial=partial)
    return _intake(said, receipt, faults, [code for code in named if code in set(legs["commodity"])])


def _intake(said: EntryFile, receipt: Receipt, faults: list[EntryFault], named: Collection[str]) -> Intake:
    return Intake(
        entries=said.entries.height, created=receipt.created, repeated=receipt.repeated, first_entry=receipt.first_id,
        last_entry=receipt.last_id, refused=tuple(sorted(faults, key=lambda fault: fault.row or 0)), named=tuple(named),
        rulings=said.rulings, memos=said.memos,
    )  # fmt: skip


def _stop(faults: list[EntryFault], *, partial: bool) -> None:
    """Faults stop the file, unless it may be posted in part and each is of one entry."""
    if faults and (not partial or any(fault.entry is None for fault in faults)):
        raise FaultyEntries(faults)


def known_units(session: Session, codes: Collection[str]) -> dict[str, str]:
    """The unit of each of the commodities that stand in the book."""
    stand = session.connection().execute(sa.text("SELECT code, unit FROM commodity"))
    return {code: unit for code, unit in stand if code in codes}


def _units(
    session: Session, said: EntryFile, faults: list[EntryFault], *, open_accounts: bool
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The unit of every commodity of the file, and which of them were given none; faults are those the book does not know or counts so."""
    first = said.postings.drop_nulls("commodity").unique("commodity", keep="first", maintain_order=True)
    stands = known_units(session, set(first["commodity"]))
    units, named = dict(stands), []
    for commodity in first["commodity"]:
        given, row = said.units.get(commodity, (None, None))
        if commodity in stands and given not in {None, stands[commodity]}:
            reason = f"{commodity} is counted in {stands[commodity]} in this book, for good: give the amounts in {stands[commodity]}"
            faults.append(EntryFault(file=said.file, row=row, column="unit", code="account.misused", reason=reason))
        elif commodity not in stands:
            units[commodity] = given or UNIT
            if given is None:
                named.append(commodity)
    unknown = [] if open_accounts else [code for code in first["commodity"] if code not in stands]
    legs = said.postings.filter(pl.col("commodity").is_in(unknown)).unique("no", keep="first", maintain_order=True)
    wrong = {fault.entry for fault in faults}
    for leg in legs.join(said.entries.select("no", "label", "reference"), on="no", maintain_order="left").iter_rows(named=True):
        if leg["label"] not in wrong:
            reason = f"nobody opened {leg['account']!r} in {leg['commodity']}: `tanzhang account open` does, or --open-accounts"
            faults.append(
                EntryFault(
                    file=said.file, row=leg["row"], column="account", entry=leg["label"], reference=leg["reference"],
                    code="account.unknown", reason=reason,
                )
            )  # fmt: skip
    return units, tuple(named)


def _told(file: str, one: Refusal, labels: pl.Series, rows: pl.Series) -> EntryFault:
    """A refusal of the journal under the file's own name for the entry."""
    reference = f" (reference {one.reference!r})" if one.reference else ""
    reason = one.reason.removeprefix(f"entry {one.no} of the batch{reference}: ")
    return EntryFault(file=file, row=rows[one.no], entry=labels[one.no], reference=one.reference, code=one.code, reason=reason)


def _overflowing(session: Session, said: EntryFile, right: pl.DataFrame) -> list[EntryFault]:
    """For each account whose balance would leave 64 bits, the leg that takes it there."""
    holds = roster(session).select("account", "commodity", held=pl.col("amount").cast(pl.Int128))
    sums = pl.col("amount").cast(pl.Int128).cum_sum().over("account", "commodity")
    running = (
        said.postings.join(right.select("no", "label", "reference"), on="no", maintain_order="left")
        .join(holds, on=["account", "commodity"], how="left", maintain_order="left")
        .with_columns(before=pl.col("held").fill_null(0) - pl.col("amount") + sums)
    )
    beyond = running.filter((pl.col("before") + pl.col("amount")).abs() > INT64_MAX)
    beyond = beyond.unique(["account", "commodity"], keep="first", maintain_order=True)
    return [
        EntryFault(
            file=said.file, row=leg["row"], column="amount", entry=leg["label"], reference=leg["reference"], code=AmountTooLarge.code,
            reason=f"{leg['account']!r} holds {int(leg['before']):,} {leg['commodity']}, and {leg['amount']:+,} more does not fit in 64 "
            "bits: split the amounts over accounts or use a larger unit",
        )
        for leg in beyond.iter_rows(named=True)
    ]  # fmt: skip
