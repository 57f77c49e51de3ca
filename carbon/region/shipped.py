"""The series that come with the program: published figures of nation and provinces, with their source and licence."""

import csv
import io
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session

from carbon.region.divisions import DivisionTree
from carbon.region.series import SeriesReceipt, import_series
from ledger.principal import Principal


def import_shipped(session: Session, *, principal: Principal, now: datetime, tree: DivisionTree) -> list[SeriesReceipt]:
    """Import each source of `data/series_cn.csv` as a series of its own; a book that has them keeps them as they are."""
    text = files("carbon.region").joinpath("data", "series_cn.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    receipts = []
    with TemporaryDirectory() as folder:
        for source in dict.fromkeys(row["source"] for row in rows):
            own = [row for row in rows if row["source"] == source]
            path = Path(folder) / "series_cn.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(["division", "year", "mass"])
                writer.writerows([row["division"], row["year"], row["mass"]] for row in own)
            first = own[0]
            receipts.append(
                import_series(
                    session,
                    path,
                    source=source,
                    unit=first["unit"],
                    gas=first["gas"],
                    licence=first["licence"],
                    principal=principal,
                    now=now,
                    tree=tree,
                )
            )
    return receipts
