"""From an entry whose payload is not what its rows say to the row that is wrong: slow, and only ever asked about one entry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from ledger.errors import MalformedEntry
from ledger.payload import Payload, PayloadLeg, read_payload
from ledger.types import period_of


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that is broken: which, where (table and row), and how it shows."""

    law: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.law}: {self.where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows beside the log: postings by entry and leg, keys and reversals by entry."""

    size: int
    ruled: list[int]
    accounts: pl.DataFrame
    commodities: pl.DataFrame
    postings: pl.DataFrame
    keys: pl.DataFrame
    reversals: pl.DataFrame

    def legs(self, first: int, last: int) -> pl.DataFrame:
        """The postings of the entries from `first` to `last` with what their account and commodity are called, null where there is none."""
        start = self.postings["entry_id"].search_sorted(first, side="left")
        stop = self.postings["entry_id"].search_sorted(last, side="right")
        return (
            self.postings.slice(start, stop - start)
            .join(self.accounts.unique("account_id", keep="first"), on="account_id", how="left", maintain_order="left")
            .join(self.commodities.unique("commodity_id", keep="first"), on="commodity_id", how="left", maintain_order="left")
        )


def first_fault(payload: bytes, row: dict[str, Any], tables: Tables) -> Violation:
    """The first row that is not what `payload` says; `row` is the entry's own."""
    where = f"entry {row['id']}"
    try:
        said = read_payload(payload)
    except MalformedEntry as error:
        return Violation("payload", where, str(error))
    wrong = [name for name, stands in _columns(said).items() if row[name] != stands]
    if said.id != row["id"]:
        wrong.insert(0, "id")
    if wrong:
        return Violation("entry", where, f"column {wrong[0]} is not what its payload says")
    for violation in (*_key_faults(said, tables), *_leg_faults(said, tables)):
        return violation
    return Violation("payload", where, "it is not in canonical form")


def _columns(said: Payload) -> dict[str, object]:
    day = said.day
    return {"posted_at": said.posted_at_us, "day": day.isoformat(), "period": period_of(day), "book": said.book, "kind": said.kind}


def _key_faults(said: Payload, tables: Tables) -> Iterator[Violation]:
    keys = tables.keys.filter(pl.col("entry_id") == said.id)["key"].to_list()
    if keys != [said.key]:
        stands = ", ".join(key.hex() for key in keys) or "none"
        yield Violation("keys", f"idem of entry {said.id}", f"the key is {said.key.hex()}, the table has {stands}")
    reverses = tables.reversals.filter(pl.col("by_id") == said.id)["reverses"].to_list()
    if reverses != ([] if said.reverses is None else [said.reverses]):
        yield Violation("keys", f"reversal by entry {said.id}", f"it reverses {said.reverses}, the table has {reverses}")


def _leg_faults(said: Payload, tables: Tables) -> Iterator[Violation]:
    rows = tables.legs(said.id, said.id).to_dicts()
    for number, leg in enumerate(said.legs):
        mine = [row for row in rows if row["leg"] == number]
        if len(mine) != 1:
            yield Violation("postings", f"posting of entry {said.id}, leg {number}", f"there are {len(mine)} rows of it")
            return
        row = mine[0]
        where = f"posting {row['account_id']}/{said.id}/{number}"
        if row["amount"] != leg.amount:
            yield Violation("postings", where, f"its amount is {row['amount']}, posted was {leg.amount}")
        elif row["account"] != leg.account or row["commodity"] != leg.commodity:
            yield _off_account(row, leg, where, tables)
        elif row["unit"] != leg.unit:
            yield Violation(
                "postings", f"commodity {row['commodity_id']}", f"{row['commodity']} is in {row['unit']!r}, posted was {leg.unit!r}"
            )
        else:
            continue
        return
    if len(rows) != len(said.legs):
        extra = rows[-1]
        yield Violation("postings", f"posting {extra['account_id']}/{said.id}/{extra['leg']}", "no leg of its entry is this")


def _off_account(row: dict[str, Any], leg: PayloadLeg, where: str, tables: Tables) -> Violation:
    """The posting is not where it was posted: it was moved where that account still stands, else account or commodity changed."""
    codes = tables.commodities.filter(pl.col("commodity") == leg.commodity)["commodity_id"].to_list()
    moved = tables.accounts.filter((pl.col("account") == leg.account) & pl.col("commodity_id").is_in(codes)).height
    if moved or row["account"] is None:
        changed = where
    elif row["account"] != leg.account or codes or row["commodity"] is None:
        changed = f"account {row['account_id']}"
    else:
        changed = f"commodity {row['commodity_id']}"
    if row["account"] != leg.account:
        return Violation("postings", changed, f"it stands on {row['account']!r}, posted was {leg.account!r}")
    return Violation("postings", changed, f"it is in {row['commodity']!r}, posted was {leg.commodity!r}")
