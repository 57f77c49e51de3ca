"""A firm with one site, and a way to record text for it, on each engine."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from carbon.holder import add_holder, add_site
from carbon.record import RecordReceipt, record
from carbon.region.divisions import divisions
from factors.library import load_library
from ledger.balances import balances, cells
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, Principal

NOW = datetime(2026, 11, 25, 3, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2026, 11, 25)
HEAD = "activity,quantity,unit,day,site,source"


@dataclass
class Firm:
    """A holder in a book: `file` records text under a name."""

    book: Book
    id: str
    folder: Path

    def file(
        self, *lines: str, head: str = HEAD, name: str = "lines.csv", principal: Principal = LOCAL_ADMIN, **options: object
    ) -> RecordReceipt:
        return self.bytes("\n".join([head, *lines, ""]).encode(), name=name, principal=principal, **options)

    def bytes(self, data: bytes, *, name: str, principal: Principal = LOCAL_ADMIN, **options: object) -> RecordReceipt:
        path = self.folder / name
        path.write_bytes(data)
        return record(
            self.book, path, holder=self.id, principal=principal, now=NOW, today=TODAY, library=load_library(), tree=divisions(), **options
        )  # type: ignore[arg-type]

    def sums(self, prefix: str = "", commodity: str = "CO2") -> int:
        """The balance of the firm's accounts that begin so."""
        with self.book.reading() as session:
            frame = balances(session, accounts=f"holder/{self.id}/")
        return int(
            frame.filter((pl.col("commodity") == commodity) & pl.col("account").str.starts_with(f"holder/{self.id}/{prefix}"))[
                "amount"
            ].sum()
        )

    def cells(self) -> dict[tuple[str, int, str], int]:
        with self.book.reading() as session:
            return {(cell, period, gas): amount for cell, period, gas, amount, _ in cells(session).iter_rows() if amount}


@pytest.fixture
def make_firm(book: Book, tmp_path: Path) -> Callable[..., Firm]:
    def make(*, industry: str | None = "C3011", sites: dict[str, str] | None = None) -> Firm:
        with book.writing() as session:
            holder = add_holder(session, LOCAL_ADMIN, name="示例建材有限公司", industry=industry, example=True, now=NOW)
            for code, division in ({"s01": "330522"} if sites is None else sites).items():
                add_site(
                    session,
                    LOCAL_ADMIN,
                    holder=holder.id,
                    code=code,
                    name=code,
                    division=division,
                    since=date(2020, 1, 1),
                    tree=divisions(),
                )
        return Firm(book, holder.id, tmp_path)

    return make


@pytest.fixture
def firm(make_firm: Callable[..., Firm]) -> Firm:
    return make_firm()
