"""Entries of a bare ledger read from a file: every fault at once, with its row and the entry's reference.

A row is a leg. `entry` groups the legs of one entry within the file; the key of an entry is its `key` if given (an export has it), else
its `reference`, else the file's hash and `entry`: the same file posts once, and so does a reference, whatever file brings it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from ledger.account import NAME_BYTES_MAX, NAME_PATTERN
from ledger.commodity import CODE, UNIT
from ledger.entry import INT64_MAX, LEGS_MAX, POSTINGS, client_key
from ledger.leg_table import FAULTS_MAX, EntryFault, LegTable

BOOK, KIND = "ledger", "entry"
"""The book and the kind of entries that name none."""
_WORD = r"^[a-z][a-z0-9\-]{0,31}$"
_INTEGER = r"^-?(0|[1-9][0-9]*)$"
_UNIT = f"^(?:{UNIT.pattern})$"
_LABEL_BYTES_MAX = 200
_SAME = ("day", "reference", "kind", "memo", "book", "key", "evidence")
"""What belongs to the entry and not to a leg: the same on each of its rows, or left out on all but one (the day never)."""


@dataclass(slots=True)
class EntryFile:
    """What a file says. `entries` has no, label (its name in the file), row (its first), and the columns of `ledger.entry.ENTRIES`;
    `postings` has row and POSTINGS; `units` the unit of each commodity that the file gives one, with the row that does.

    `faults` are what is wrong, by entry; those without an entry are of the file. `rulings` counts the entries of an export that have no
    legs and rule on accounts, months or lots: a book's own, they are left out.
    """

    file: str
    sha256: bytes
    entries: pl.DataFrame
    postings: pl.DataFrame
    units: Mapping[str, tuple[str, int]]
    faults: list[EntryFault] = field(default_factory=list)
    rulings: int = 0
    memos: int = 0


def entries_of(table: LegTable, *, book: str | None = None) -> EntryFile:
    """The entries of a table; those at fault are among them, named in `faults`. `book` is where entries go that name none."""
    said = table.frame
    ruling = pl.col("detail").is_not_null() & pl.all_horizontal(pl.col("account", "commodity", "amount").is_null())
    legs = said.filter(~ruling)
    rulings = said.height - legs.height
    reader = _Reader(table.file, legs, list(table.faults))
    reader.judge()
    entries = reader.grouped()
    reader.legs = legs = reader.legs.join(entries.select("no", "entry"), on="entry", how="left", maintain_order="left")
    reader.judge_entries(entries, by_key="key" in table.columns)
    reader.judge_sums(entries)
    units = reader.units()
    made = entries.with_columns(
        key=_keys(entries, table.sha256, book or BOOK),
        book=pl.col("book").fill_null(book or BOOK),
        kind=pl.col("kind").fill_null(KIND),
        day=pl.col("day").str.to_date("%Y-%m-%d", strict=False),
        # an entry without a key of its own is what this file says; one that has a reference is the same whatever file brings it
        evidence=pl.when(pl.col("reference").is_null() & pl.col("key").is_null())
        .then(pl.lit(table.sha256))
        .otherwise(pl.col("evidence").str.decode("hex", strict=False)),
        detail=pl.lit(None, pl.String),
        reverses=pl.lit(None, pl.Int64),
    ).rename({"entry": "label"})
    postings = legs.select("row", "no", "account", "commodity", "amount").cast({"amount": pl.Int64}, strict=False)
    postings = postings.select("row", *POSTINGS.names())
    return EntryFile(table.file, table.sha256, made, postings, units, reader.faults, rulings, legs["memo"].drop_nulls().len())


@dataclass(slots=True)
class _Reader:
    """Judges a table column by column, then entry by entry."""

    file: str
    legs: pl.DataFrame
    faults: list[EntryFault]

    def note(self, bad: pl.DataFrame, column: str | None, code: str, reason: Callable[[dict[str, str | None]], str]) -> None:
        for row in bad.head(FAULTS_MAX + 1).iter_rows(named=True):
            self.faults.append(
                EntryFault(
                    file=self.file, row=row["row"], column=column, entry=row["entry"], reference=row["reference"], code=code,
                    reason=reason(row),
                )
            )  # fmt: skip

    def judge(self) -> None:
        """Every cell that no entry could have."""
        leg = ("account", "commodity", "amount")
        empty = pl.all_horizontal(pl.col(*leg).is_null()) & pl.col("entry").is_not_null()
        self.note(self.legs.filter(empty), None, "entry.malformed", lambda _: "it has no leg here: account, commodity and amount are blank")
        for name in ("entry", "day", *leg):
            missing = self.legs.filter(pl.col(name).is_null() & ~empty if name in leg else pl.col(name).is_null())
            self.note(missing, name, "cell.missing", lambda _, name=name: f"{name} is blank")  # type: ignore[misc]
        self._cells("entry", pl.col("entry").str.len_bytes() <= _LABEL_BYTES_MAX, f"at most {_LABEL_BYTES_MAX} bytes name an entry")
        real = pl.col("day").str.contains(r"^\d{4}-\d{2}-\d{2}$") & pl.col("day").str.to_date("%Y-%m-%d", strict=False).is_not_null()
        self._cells("day", real, "is no day: write it as 2023-07-01")
        parted = pl.col("account").str.contains(NAME_PATTERN) & (pl.col("account").str.len_bytes() <= NAME_BYTES_MAX)
        self._cells("account", parted, f"is no account name: parts without blanks, parted by /, at most {NAME_BYTES_MAX} bytes")
        listed = pl.col("commodity").str.contains(f"^(?:{CODE.pattern})$")
        self._cells("commodity", listed, "is no commodity code: letters, digits, . - _, at most 48, a letter first")
        self._cells("unit", pl.col("unit").str.contains(_UNIT), "is no unit: one word of at most 16 letters")
        for word in ("kind", "book"):
            self._cells(word, pl.col(word).str.contains(_WORD), "is no lower-case word of at most 32 letters, digits and -")
        self._cells("key", pl.col("key").str.contains("^[0-9a-f]{32}$"), "is no key: 16 bytes as 32 hexadecimal digits")
        self._cells("evidence", pl.col("evidence").str.contains("^[0-9a-f]{64}$"), "is no SHA-256: 64 hexadecimal digits")
        self._cells("reference", pl.col("reference").str.len_bytes() <= 4_000, "is longer than 4,000 bytes")
        self._amounts()

    def _cells(self, name: str, right: pl.Expr, reason: str) -> None:
        self.note(self.legs.filter(~right), name, f"{name}.malformed", lambda row: f"{str(row[name])[:60]!r} {reason}")

    def _amounts(self) -> None:
        written = pl.col("amount").str.contains(_INTEGER)
        self.note(self.legs.filter(~written), "amount", "amount.malformed", lambda row: _why_no_amount(row["amount"] or ""))
        number = pl.col("amount").cast(pl.Int64, strict=False)
        large = self.legs.filter(written & (number.is_null() | (number == -INT64_MAX - 1)))
        self.note(
            large, "amount", "amount.too-large",
            lambda row: f"{str(row['amount'])[:60]} does not fit in 64 bits (at most {INT64_MAX:,}): use a larger unit or more accounts",
        )  # fmt: skip
        self.note(self.legs.filter(written & (number == 0)), "amount", "entry.malformed", lambda _: "a leg of 0 says nothing: leave it out")

    def grouped(self) -> pl.DataFrame:
        """One row an entry, in the order in which they begin: no, entry, row, legs, and what is the same on all its rows."""
        named = self.legs.drop_nulls("entry")
        least = [pl.col(name).min().alias(name) for name in _SAME]
        other = [(pl.col(name).min() != pl.col(name).max()).fill_null(value=False).alias(f"{name}_differs") for name in _SAME]
        made = named.group_by("entry").agg(pl.col("row").min(), pl.len().alias("legs"), *least, *other).sort("row")
        return made.with_row_index("no").cast({"no": pl.Int64})

    def judge_entries(self, entries: pl.DataFrame, *, by_key: bool) -> None:
        """What makes rows one entry, and entries different ones."""
        for name in _SAME:
            self.note(
                entries.filter(pl.col(f"{name}_differs")), name, "entry.malformed",
                lambda _, name=name: f"its rows name more than one {name}: an entry has one",  # type: ignore[misc]
            )  # fmt: skip
        many = entries.filter(pl.col("legs") > LEGS_MAX)
        self.note(many, None, "entry.malformed", lambda row: f"it has {row['legs']:,} legs, {LEGS_MAX:,} at most: split it")
        if by_key:
            twice = entries.filter(pl.col("key").is_not_null() & pl.col("key").is_duplicated())
            self.note(twice, "key", "key.reused", lambda row: f"key {row['key']} stands for more than one entry of this file")
        alone = entries.filter(pl.col("key").is_null())
        twice = alone.filter(pl.col("reference").is_not_null() & pl.col("reference").is_duplicated())
        self.note(
            twice, "reference", "key.reused",
            lambda row: f"more than one entry of this file bears reference {row['reference']!r}: a reference is one entry's, for ever",
        )  # fmt: skip

    def judge_sums(self, entries: pl.DataFrame) -> None:
        """Each entry sums to zero in every commodity; one whose cells are at fault is not judged twice."""
        legs = self.legs.select("no", "commodity", pl.col("amount").cast(pl.Int64, strict=False).cast(pl.Int128))
        positive = pl.when(pl.col("amount") > 0).then(pl.col("amount")).otherwise(0)
        sums = legs.group_by("no", "commodity").agg(debits=positive.sum(), sum=pl.col("amount").sum()).filter(pl.col("sum") != 0)
        if not sums.height:
            return
        wrong = {fault.entry for fault in self.faults}
        told: dict[int, list[str]] = {}
        for no, commodity, debits, total in sums.drop_nulls().sort("no", "commodity").iter_rows():
            told.setdefault(no, []).append(
                f"debits {int(debits):,} and credits {int(debits) - int(total):,} {commodity} are out of balance by {int(total):,}"
            )
        unbalanced = entries.filter(pl.col("no").is_in(list(told)) & ~pl.col("entry").is_in(list(wrong - {None})))
        self.note(unbalanced, None, "entry.unbalanced", lambda row: "; ".join(told[int(str(row["no"]))]) + ": its legs must sum to 0")

    def units(self) -> dict[str, tuple[str, int]]:
        """The unit of each commodity that the file gives one; a second one is a fault."""
        words = self.legs.drop_nulls("commodity").filter(pl.col("unit").str.contains(_UNIT))
        given = words.group_by("commodity", "unit").agg(pl.col("row").min()).sort("row")
        found: dict[str, tuple[str, int]] = {}
        for commodity, unit, row in given.iter_rows():
            stands, _ = found.setdefault(commodity, (unit, row))
            if stands != unit:
                at = self.legs.filter(pl.col("row") == row)
                self.note(at, "unit", "account.misused", lambda _, s=stands, c=commodity: f"{c} is counted in {s} above: it has one unit")  # type: ignore[misc]
        return found


def _why_no_amount(text: str) -> str:
    shown = f"{text[:60]!r} is no amount: "
    if "." in text or "e" in text.lower():
        return shown + "amounts are whole numbers of the commodity's smallest unit; 1.5 kg is 1500 in g"
    if "," in text or " " in text or "_" in text:
        return shown + "write it without separators"
    return shown + "write an ASCII whole number without a leading zero or +, such as -1500"


def _keys(entries: pl.DataFrame, sha256: bytes, book: str) -> pl.Series:
    """16 bytes an entry; the scope is the book that it goes to, and for entries without a reference the file too."""
    of_file = f"file {sha256.hex()}"
    own = pl.col("key").str.extract("^([0-9a-f]{32})$")
    made = [
        bytes.fromhex(key)
        if key is not None
        else client_key(f"post {into} {of_file if reference is None else 'reference'}", label if reference is None else reference)
        for key, into, reference, label in entries.select(own, pl.col("book").fill_null(book), "reference", "entry").iter_rows()
    ]
    return pl.Series("key", made, dtype=pl.Binary)
