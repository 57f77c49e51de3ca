"""The second wall: a reader's session on PostgreSQL shows no row beyond its bounds, even to a query that forgot to ask."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from carbon.audit import verify
from ledger import guard, wall
from ledger.book import Book
from ledger.principal import LOCAL_READER, Principal, Role
from migrations import models
from tests.conftest import maker, owner_engine
from tests.world import OTHER_COUNTY, OWN_CITY, OWN_COUNTY, PROVINCE, SISTER_COUNTY, World, area, build

NOTHING = Principal("n", Role.READER, holders=frozenset(), divisions=frozenset())
TABLES = ("holder", "alias", "site", "site_division", "site_reach", "import_file", "activity_line")
HOLDER_OF = {
    "holder": "id", "alias": "holder_id", "site": "holder_id", "site_reach": "holder_id", "import_file": "holder_id",
    "activity_line": "holder_id", "site_division": "(SELECT holder_id FROM site WHERE site.id = site_id)",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """SQLite has no roles: there the first wall is the only one."""
    folder = tmp_path_factory.mktemp("wall")
    with maker(request, folder, "postgresql") as make:
        yield build(make(), folder)


def rows(book: Book, principal: Principal | None, sql: str) -> list[tuple[object, ...]]:
    with book.reading(principal) as session:
        return [tuple(row) for row in session.connection().exec_driver_sql(sql)]


def holders_in(world: World, principal: Principal | None, table: str) -> set[str]:
    names = {number: name for name, number in world.holders.items()}
    return {names[str(row[0])] for row in rows(world.book, principal, f"SELECT DISTINCT {HOLDER_OF[table]} FROM {table}")}


def test_every_table_that_names_a_holder_is_behind_the_wall() -> None:
    models()
    behind = {table.name for table in SQLModel.metadata.tables.values() if wall.walled(table)}
    assert set(TABLES) <= behind
    bare = {
        table.name
        for table in SQLModel.metadata.tables.values()
        if {"holder_id", "holder", "user_id"} & set(table.columns.keys()) and table.name not in behind
    }
    assert bare == set(), "say in its info which rows of it a bounded reader sees: carbon.tables.within_wall, within_user"


@pytest.mark.parametrize("table", TABLES)
def test_a_query_that_forgets_to_ask_shows_a_bounded_reader_own_rows_alone(world: World, table: str) -> None:
    assert holders_in(world, None, table) == holders_in(world, LOCAL_READER, table) == {"own", "other", "both"}
    for name in ("own", "other", "both"):
        assert holders_in(world, world.firm(name), table) == {name}
    assert holders_in(world, area(OWN_COUNTY), table) == holders_in(world, area(OWN_CITY), table) == {"own", "both"}
    assert holders_in(world, area(OTHER_COUNTY), table) == {"other", "both"}
    assert holders_in(world, area(PROVINCE), table) == holders_in(world, area(OWN_COUNTY, OTHER_COUNTY), table) == {"own", "other", "both"}
    for nobody in (NOTHING, area(SISTER_COUNTY), area("GB"), Principal("x", Role.READER, holders=frozenset({"all", "", "-"}))):
        assert holders_in(world, nobody, table) == set()
    both = Principal(
        "x", Role.READER, holders=frozenset({world.holders["both"], world.holders["other"]}), divisions=frozenset({OWN_COUNTY})
    )
    assert holders_in(world, both, table) == {"both"}


def test_a_regulator_sees_the_lines_and_sites_of_the_area_and_not_the_holders_others(world: World) -> None:
    lines = rows(world.book, area(OWN_COUNTY), "SELECT division, count(*) FROM activity_line GROUP BY division")
    assert lines == [(OWN_COUNTY, 10)]
    assert {row[0] for row in rows(world.book, area(OWN_COUNTY), "SELECT code FROM site")} == {"s01", "near", "moved"}
    moved = rows(world.book, area(OWN_COUNTY), "SELECT DISTINCT division FROM site_reach")
    assert moved == [(OWN_COUNTY,)]


UNSAID = [
    [],
    ["SELECT set_config('tanzhang.holders', '', true), set_config('tanzhang.divisions', '', true)"],
    ["SELECT set_config('tanzhang.holders', 'all', true)"],
    ["SELECT set_config('tanzhang.divisions', 'all', true)"],
    ["SELECT set_config('tanzhang.holders', 'all', true), set_config('tanzhang.divisions', '', true)"],
]


@pytest.mark.parametrize("said", UNSAID)
def test_a_session_that_does_not_say_for_whom_it_reads_sees_nothing(world: World, said: list[str]) -> None:
    with world.book.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE tanzhang_reader")
        for statement in said:
            connection.exec_driver_sql(statement)
        for table in filter(wall.walled, SQLModel.metadata.tables.values()):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table.name}").scalar_one() == 0


def test_what_one_transaction_said_is_forgotten_by_the_next_on_the_same_connection(world: World) -> None:
    with world.book.engine.connect() as connection:
        for _ in range(2):
            connection.exec_driver_sql("SET LOCAL ROLE tanzhang_reader")
            assert connection.exec_driver_sql("SELECT count(*) FROM holder").scalar_one() == 0
            connection.exec_driver_sql("SELECT set_config('tanzhang.holders', 'all', true), set_config('tanzhang.divisions', 'all', true)")
            assert connection.exec_driver_sql("SELECT count(*) FROM holder").scalar_one() == 3
            connection.rollback()
            assert connection.exec_driver_sql("SELECT current_setting('tanzhang.holders', true)").scalar_one() == ""


def test_the_tests_are_not_those_of_a_superuser(world: World) -> None:
    found = rows(
        world.book, None, "SELECT current_user::text, session_user::text, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = session_user"
    )
    assert found == [("tanzhang_reader", "tanzhang_app", False, False)]


def test_a_reader_does_not_write_and_does_not_become_one_who_sees_more(world: World) -> None:
    for statement in (
        "ALTER TABLE holder DISABLE ROW LEVEL SECURITY", "DROP POLICY holder_holders ON holder", "UPDATE holder SET industry = NULL",
        "SET transaction_read_only = off", "SET TRANSACTION READ WRITE",
    ):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match=r"read-only|read-write mode|must be owner"), world.book.reading(NOTHING) as session:
            session.connection().exec_driver_sql(statement)
    with world.book.reading(NOTHING) as session:
        session.connection().exec_driver_sql("SET LOCAL row_security = off")  # which refuses a query that would have been cut short
        with pytest.raises(sa.exc.DBAPIError, match="row-level security"):
            session.connection().exec_driver_sql("SELECT * FROM holder")


def test_the_writer_still_copies_and_the_book_holds(world: World, tmp_path: Path) -> None:
    assert verify(world.book) == []
    with world.book.writing() as session:
        found = session.connection().exec_driver_sql("SELECT count(*) FROM activity_line").scalar_one()
        left = session.connection().exec_driver_sql("SELECT count(*) FROM pg_class WHERE relname LIKE '%%_new'").scalar_one()
    assert (found, left) == (20, 0)


WEAKENED = [
    ("ALTER TABLE holder DISABLE ROW LEVEL SECURITY", "row-level security of holder is off"),
    ("DROP POLICY activity_line_divisions ON activity_line", "policy activity_line_divisions is missing or was changed"),
    ("ALTER POLICY alias_holders ON alias USING (true)", "policy alias_holders is missing or was changed"),
    ("ALTER POLICY site_holders ON site TO PUBLIC", "policy site_holders is missing or was changed"),
    ("CREATE POLICY wide ON import_file FOR SELECT TO tanzhang_reader USING (true)", "policy wide on import_file is not ours"),
    ("CREATE POLICY wide ON entry FOR SELECT TO tanzhang_reader USING (true)", "policy wide on entry is not ours"),
    ("GRANT INSERT ON division_below TO tanzhang_writer", "tanzhang_writer may do more to division_below than it should"),
]


@pytest.mark.parametrize(("statement", "said"), WEAKENED)
def test_a_wall_with_a_hole_is_noticed_and_mended(world: World, statement: str, said: str) -> None:
    engine = owner_engine(world.book)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
        faults = guard.missing(connection)
        assert len(faults) == 1
        assert said in faults[0]
        if "wide" not in statement:
            guard.install(connection)
            assert guard.missing(connection) == []
        connection.rollback()
    engine.dispose()


def test_brackets_casts_and_aliases_of_a_version_change_nothing_but_words_do() -> None:
    deparsed = (
        "((( SELECT current_setting('tanzhang.holders'::text, true) AS current_setting) = 'all'::text) OR (holder.id = ANY (( SELECT "
        "string_to_array(NULLIF(current_setting('tanzhang.holders'::text, true), ''::text), ' '::text) AS string_to_array))))"
    )
    assert wall.plain(deparsed) == wall.plain(wall.by_holder("id"))
    for other in (deparsed.replace("''", "'x'"), deparsed.replace("holders", "holder"), deparsed.replace("= ANY", "<> ANY")):
        assert wall.plain(other) != wall.plain(wall.by_holder("id"))
