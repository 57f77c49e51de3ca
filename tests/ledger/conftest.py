"""Places for a book that is put back; and: what a test of the hazards' table counted goes to the file that TANZHANG_SOAK_REPORT names, a line of JSON each.

A test tells by pytest's own `record_property` how many cases it tried ("count") and what came of them ("result").
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.book import Book
from tests.ledger.backups import Places, empty_places
from tests.ledger.soak_report import TARGETS

REPORT = os.environ.get("TANZHANG_SOAK_REPORT")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = report.nodeid.split("::")[-1].partition("[")[0]
    if hasattr(report, "node"):  # xdist's worker has written it already
        return
    if not REPORT or name not in TARGETS or not (report.when == "call" or report.failed or report.skipped):
        return
    told = dict(report.user_properties)
    line = {
        "test": name,
        "engine": next((engine for engine in ("sqlite", "postgresql") if engine in report.nodeid), told.get("engine", "")),
        "count": told.get("count"),
        "result": told.get("result", "held") if report.passed else report.outcome,
        "why": report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", ""),
        "passed": report.passed,
        "seconds": round(report.duration, 1),
    }
    with Path(REPORT).open("a", encoding="utf-8") as out:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


@pytest.fixture
def places(request: pytest.FixtureRequest, book: Book, tmp_path: Path) -> Iterator[Places]:
    """Homes without a book, on the engine of the test."""
    with empty_places(request, book, tmp_path) as make:
        yield make
