"""The series that come with the program: published figures of nation and provinces, with their source and licence."""

import csv
import io
from datetime import datetime
from importlib.resources import files
from operator import itemgetter

from sqlmodel import Session

from carbon.region.divisions import DivisionTree
from carbon.region.series import SeriesReceipt, keep_series
from ledger.principal import Principal

CELL = itemgetter("division", "year", "mass")


def import_shipped(session: Session, *, principal: Principal, now: datetime, tree: DivisionTree) -> list[SeriesReceipt]:
    """Import each source of `data/series_cn.csv` as a series of its own; a book that has them keeps them as they are."""
    text = files("carbon.region").joinpath("data", "series_cn.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    receipts = []
    for source in dict.fromkeys(row["source"] for row in rows):
        own = [row for row in rows if row["source"] == source]
        data = "".join(f"{division},{year},{mass}\n" for division, year, mass in [("division", "year", "mass"), *map(CELL, own)])
        receipts.append(
            keep_series(
                session, data.encode(), file="series_cn.csv", source=source, unit=own[0]["unit"], gas=own[0]["gas"],
                licence=own[0]["licence"], principal=principal, now=now, tree=tree, only_if_new=True,
            )
        )  # fmt: skip
    return receipts
