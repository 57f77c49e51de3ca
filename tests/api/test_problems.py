"""One table of statuses: every error of every package has its place in it."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from litestar.exceptions import NotFoundException

import carbon
import factors
import ledger
from api.problems import KINDS, headers_of, problem_of
from api.sentences import sentence_of
from api.work.errors import TooManyRequests
from carbon.errors import CarbonError, Fault, FaultyFile
from factors.errors import FactorError, FactorNotFound
from ledger.errors import BookNotMigrated, Busy, EntryNotFound, LedgerError


def every_error(root: type[Exception]) -> Iterator[type[Exception]]:
    for kind in root.__subclasses__():
        yield kind
        yield from every_error(kind)


def test_every_error_of_every_package_has_a_status() -> None:
    for package in (factors, ledger, carbon):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".data" not in module.name:
                importlib.import_module(module.name)
    found = [kind for root in (CarbonError, FactorError, LedgerError) for kind in every_error(root)]
    assert len(found) > 20
    for kind in found:
        assert any(base in KINDS for base in kind.__mro__), kind
        assert getattr(kind, "code", ""), f"{kind} has no stable code"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(FaultyFile([Fault(file="a.csv", row=2, column="unit", value="x", code="unit.unknown", reason="no")]), 422, "file.faulty"),
     (EntryNotFound(7), 404, "entry.not-found"), (BookNotMigrated("sqlite:///x"), 503, "book.not-migrated"),
     (FactorNotFound("none"), 404, "factor.none"), (NotFoundException(), 404, "http.404"), (RuntimeError("secret"), 500, "internal")],
)  # fmt: skip
def test_an_error_becomes_its_problem(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code, problem.type) == (status, code, f"urn:tanzhang:problem:{code}")
    assert problem.title
    assert "secret" not in problem.detail


def test_who_finds_the_book_held_is_told_when_to_come_again() -> None:
    assert headers_of(Busy(seconds=30)) == {"Retry-After": "5"}
    assert headers_of(TooManyRequests(wait_s=7, headers={})) == {"Retry-After": "7"}
    assert headers_of(EntryNotFound(7)) == {}


def test_a_sentence_is_filled_from_the_error() -> None:
    assert sentence_of(EntryNotFound(7), "en") == "This book has no entry 7."
