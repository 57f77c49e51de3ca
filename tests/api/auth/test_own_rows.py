"""What is one user's own is behind the second wall too: on PostgreSQL a query that forgets to ask shows nobody else's."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from api.audit.record import Record, append
from api.auth.key import make_key
from api.auth.office import Office
from api.auth.password import hashed
from api.auth.session import open_session
from api.auth.tables import AccessTokenRow, RecoveryRow
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from api.work.job import enqueue
from api.work.webhook import register
from carbon.holder import add_holder
from carbon.tables import AnswerRow, DeliveryRow
from ledger import wall
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from ledger.types import table_of
from tests.conftest import maker

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)

OF_USER = {
    "user_account": "id", "binding": "user_id", "auth_session": "user_id", "recovery_code": "user_id", "person_key": "user_id",
    "person": "user_id", "job": "user_id", "webhook": "user_id", "idempotent_answer": "user_id", "access": "user_id",
    "delivery": "(SELECT user_id FROM webhook w WHERE w.id = webhook_id)", "api_key": "(SELECT user_id FROM binding b WHERE b.id = binding_id)",
    "access_token": "(SELECT b.user_id FROM binding b JOIN api_key k ON k.binding_id = b.id WHERE k.id = key_id)",
}  # fmt: skip
"""Tables of what is one user's own, with whose a row is."""


@pytest.fixture(scope="module")
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """SQLite has no roles: there the first wall is the only one."""
    with maker(request, tmp_path_factory.mktemp("own"), "postgresql") as make:
        yield make()


@pytest.fixture(scope="module")
def users(book: Book) -> tuple[str, str]:
    """Two users, each with a row of each kind."""
    vault, now = Vault.at(book.home), NOW
    made: list[str] = []
    for name in ("own", "other"):
        with book.writing() as session:
            holder = add_holder(session, LOCAL_ADMIN, name=name, industry="C3011", now=now).id
            user = add_user(session, vault, login=f"{name}@example.org", password=hashed("correct horse battery"), now=now)
            held = bind(session, user, Office.FIRM, holder=holder, by="test", now=now)
            open_session(session, user, now=now, binding=held.id)
            key, _ = make_key(session, held.id, name="erp", now=now)
            hook, _ = register(
                session, vault, held, url="https://h.example.org/", events=["job.done"], hosts=frozenset({"h.example.org"}), now=now
            )
            enqueue(session, "file", {}, user=user, binding=held.id, now=now)
            rows = {
                AccessTokenRow: {"digest": user.encode(), "key_id": key, "created_at": now, "expires_at": now},
                RecoveryRow: {"digest": user.encode(), "user_id": user},
                DeliveryRow: {"id": user, "webhook_id": hook.id, "event": "job.done", "body": "{}", "status": "due", "attempts": 0,
                              "due_at": now, "created_at": now},
                AnswerRow: {"id": user.encode(), "user_id": user, "print": b"p", "status": 200, "headers": "{}", "body": b"b",
                            "answered_at": now},
            }  # fmt: skip
            for model, values in rows.items():
                session.execute(sa.insert(table_of(model)).values(values))
            append(session, [Record(at=now, action="read", method="GET", route="/x", status=200, user=user)])
        made.append(user)
    return made[0], made[1]


def owners(book: Book, principal: Principal | None, table: str) -> set[str]:
    with book.reading(principal) as session:
        found = session.connection().exec_driver_sql(f"SELECT DISTINCT {OF_USER[table]} FROM {table}")
        return {str(row[0]) for row in found}


def test_every_table_behind_the_wall_of_users_is_asked_here() -> None:
    assert set(OF_USER) == {table.name for table in SQLModel.metadata.tables.values() if "users" in table.info.get("wall", {})}


@pytest.mark.parametrize("table", OF_USER)
def test_what_is_one_users_own_is_shown_to_no_other(book: Book, users: tuple[str, str], table: str) -> None:
    assert owners(book, None, table) == owners(book, LOCAL_READER, table) == set(users)
    for user in users:
        for who in (Principal(user, Role.WRITER, holders=frozenset()), Principal(user, Role.READER)):
            assert owners(book, who, table) == {user}, "who reads the books of the whole nation reads no other's jobs"
    for stranger in ("u0", "all", "", "-"):
        assert owners(book, Principal(stranger, Role.ADMIN), table) == set()


def test_who_reads_for_nobody_sees_nobodys(book: Book, users: tuple[str, str]) -> None:
    for said in ("", "-", "all "):
        with book.reading() as session:
            connection = session.connection()
            connection.exec_driver_sql("SELECT set_config(%s, %s, true)", (wall.USER, said))
            for table in OF_USER:
                assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0, (table, users)
