"""Signed checkpoints of the record of access, outside the database: ``home/checkpoints/<book id>.access.log``, one about each second in
which it grew. Only they tell a rolled-back record from an honest one.

What was seen signed stands in the head of the record as well (`AccessHeadRow.signed`): a log that does not reach as far was shortened or
deleted. It is signed on only once the record itself says so (`api.audit.record.append`), so that no new checkpoint hides it.
"""

from pathlib import Path

from ledger.book import Book
from ledger.checkpoint import Checkpoint, append_note, newest_size, sign, signing_key

ORIGIN = "/access"


def log_file(book: Book) -> Path:
    """The log of checkpoints of the record of access."""
    return book.checkpoint_file.with_name(f"{book.id}.access.log")


def origin_of(book: Book) -> str:
    """The name under which they are signed."""
    return f"{book.origin}{ORIGIN}"


def reach(book: Book) -> int:
    """Over how many records the last checkpoint outside the database says to be signed, unverified; 0 where none can be read."""
    try:
        return newest_size(log_file(book))
    except (ValueError, IndexError):  # a torn log is as good as none
        return 0


def sign_anew(book: Book) -> None:
    """Sign the log of a book that was restored: what its head knows of checkpoints is of another home, or of another key."""
    head = "UPDATE access_head SET signed = %d WHERE id = 1"
    with book.writing() as session:
        session.connection().exec_driver_sql(head % reach(book))
    sign_log(book)


def sign_log(book: Book) -> None:
    """Sign the log as it is, where it is longer than what was signed last. Raises OSError where there is no room."""
    with book.reading() as session:
        size, root, signed = session.connection().exec_driver_sql("SELECT size, root, signed FROM access_head WHERE id = 1").one()
    if size > reach(book) >= signed:
        append_note(log_file(book), sign(Checkpoint(origin_of(book), size, bytes(root)), signing_key(book.home / "secrets")))
