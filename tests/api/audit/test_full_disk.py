"""A full disk: nothing is done without its record, what cannot be written says so, reads go on, and what was read is recorded once there is room."""

from typing import Any

import sqlalchemy as sa
from httpx import Response
from litestar.testing import TestClient

from api.audit.check import broken
from carbon.tables import DraftRow
from ledger.book import Book
from ledger.types import table_of
from tests.api.audit.conftest import told
from tests.api.machines import Machine, application, machine
from tests.ledger.test_disk_full import KIB, Disk, small

__all__ = ["small"]
LINES = {"lines": [{"activity": "a" * 400, "note": "n" * 400} for _ in range(40)]}
MOST = 3_000
"""More acts than fit into the room that is left."""


def put(http: TestClient[Any], firm: Machine, name: str) -> Response:
    """Write a new draft, of 32 KB."""
    headers = firm.headers | {"if-none-match": "*", "idempotency-key": name}
    return http.put(f"/api/v1/holders/{firm.holder}/drafts/{name}", json=LINES, headers=headers)


def drafts(book: Book) -> list[str]:
    with book.reading() as session:
        return sorted(session.execute(sa.select(table_of(DraftRow).c.name)).scalars())


def test_no_act_is_done_without_its_record_and_reads_go_on(small: tuple[Book, Disk]) -> None:
    book, disk = small
    firm = machine(book)
    # files that may not grow are to SQLite no full disk but an error of input and output: refused as well, without its reason
    refused = (507, "disk.full") if disk.own else (500, "internal")
    with TestClient(application(book), raise_server_exceptions=False) as http:
        assert put(http, firm, "before").status_code == 201
        if book.dialect == "sqlite":  # or the write-ahead log would take what room it took before
            with book.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        done = ["before"]
        with disk.with_room_for(256 * KIB):
            for number in range(MOST):
                answer = put(http, firm, f"d{number:04}")
                if answer.status_code != 201:
                    break
                done.append(f"d{number:04}")
            assert (answer.status_code, answer.json()["code"]) == refused, answer.text
            assert drafts(book) == done, "what was refused was not done"
            for _ in range(3):
                read = http.get(f"/api/v1/holders/{firm.holder}/drafts/before", headers=firm.headers)
                assert (read.status_code, read.json()["lines"]) == (200, LINES["lines"])
        assert put(http, firm, f"d{number:04}").status_code == 201, "the same call, once there is room"
        assert http.app.state.access.flush()
        assert http.app.state.access.state()["lost"] == 0
    records = told(book, action="file")
    acts = [one for one in records if one["method"] == "PUT"]
    assert sum(one["status"] == 201 for one in acts) == len(drafts(book)) == len(done) + 1
    assert [one["status"] for one in acts if one["status"] != 201] == [refused[0]]
    assert sum(one["method"] == "GET" for one in told(book)) == 3, "what was read meanwhile is recorded as well"
    assert broken(book) == []
