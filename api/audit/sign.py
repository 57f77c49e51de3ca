"""Signed checkpoints of the record of access, outside the database: ``home/checkpoints/<book id>.access.log``, one about each second in
which it grew. Only they tell a rolled-back record from an honest one."""

from pathlib import Path

from ledger.book import Book
from ledger.checkpoint import Checkpoint, append_note, newest_size, sign, signing_key


def log_file(book: Book) -> Path:
    """The log of checkpoints of the record of access."""
    return book.checkpoint_file.with_name(f"{book.id}.access.log")


def origin_of(book: Book) -> str:
    """The name under which they are signed."""
    return f"{book.origin}/access"


def sign_log(book: Book) -> None:
    """Sign the log as it is, where it is longer than what was signed last. Raises OSError where there is no room."""
    with book.reading() as session:
        size, root = session.connection().exec_driver_sql("SELECT size, root FROM access_head WHERE id = 1").one()
    if size > newest_size(log_file(book)):
        append_note(log_file(book), sign(Checkpoint(origin_of(book), size, bytes(root)), signing_key(book.home / "secrets")))
