"""What the home and the book hold: modes of files, the book and its laws, its checkpoints, who may come in, how old the last backup is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from api.audit.check import broken, lost
from api.audit.found import size as records
from api.audit.sign import log_file, reach
from api.auth.office import Office
from api.auth.strength import loose
from api.auth.tables import BindingRow, UserRow
from api.operations.finding import Check, Finding
from api.operations.marks import Deed, marked
from carbon.audit import verify
from carbon.settings import Settings
from ledger import guard
from ledger.balances import log_size
from ledger.book import Book, open_book
from ledger.checkpoint import newest_note, public_key, read_note
from ledger.errors import LedgerError
from ledger.tables import EntryRow
from ledger.types import table_of
from migrations import models

QUICK_ENTRIES = 20_000
BACKUP_EVERY, VERIFY_EVERY = timedelta(days=2), timedelta(days=35)
SKEW = timedelta(minutes=5)


def home(chosen: Settings) -> Iterator[Finding]:
    """The home and what in it is for its owner alone."""
    place = chosen.home
    if not place.exists():
        yield Finding("home", False, f"{place} does not exist", "run `tanzhang init`")
        return
    read = loose(place)
    yield Finding("home", True, str(place))
    mend = f"chmod go-rwx {' '.join(map(str, read))}" if read else ""
    yield Finding("secrets", not read, f"others may read {read[0]}" if read else "read by their owner alone", mend)
    if place.stat().st_mode & 0o077:
        yield Finding("modes", None, f"others may look into {place}", f"chmod 0700 {place}")


def book(chosen: Settings) -> Iterator[Finding]:
    """The book, and what is asked of it."""
    try:
        opened = open_book(chosen.database_url, home=chosen.home)
    except (LedgerError, sa.exc.SQLAlchemyError) as error:
        mend = "run `tanzhang migrate`" if "of revision" in str(error) else "run `tanzhang init`; if there was a book, restore its backup"
        yield Finding("book", False, str(error).split("\n")[0], mend)
        return
    try:
        with opened.reading() as session:
            size = log_size(session)
        yield Finding("book", True, f"{opened.id} on {opened.dialect}, {size:,} entries")
        yield from _engine(opened)
        yield from _laws(opened, size)
        yield from _checkpoints(opened, size)
        yield from _access(opened)
        yield from _moments(opened)
        yield from _users(opened, chosen)
        yield from _age(opened.home, "backed-up", BACKUP_EVERY, "tanzhang backup DEST")
        if size > QUICK_ENTRIES:
            yield from _age(opened.home, "verified", VERIFY_EVERY, "tanzhang verify")
    finally:
        opened.engine.dispose()


def _laws(opened: Book, size: int) -> Iterator[Finding]:
    if size > QUICK_ENTRIES:
        yield Finding("laws", None, f"not read again here: {size:,} entries", "run `tanzhang verify`")
        return
    wrong = verify(opened)
    mend = "run `tanzhang verify`, which names them all, and restore a backup" if wrong else ""
    yield Finding("laws", not wrong, str(wrong[0]) if wrong else "every law holds", mend)


def _engine(opened: Book) -> Iterator[Finding]:
    if opened.dialect == "postgresql":
        yield from _roles(opened)
        return
    file = sa.make_url(opened.url).database or ""
    with closing(sqlite3.connect(f"{Path(file).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    mend = "" if mode == "wal" else "put the home on a local disk (a network's has no shared memory), then start serve again"
    yield Finding("wal", mode == "wal", f"journal_mode {mode}", mend)


def _roles(opened: Book) -> Iterator[Finding]:
    """On PostgreSQL: what the roles may do, and that the login cannot walk past row-level security."""
    models()  # every table that ought to stand
    with opened.engine.connect() as connection:
        weak = guard.missing(connection)
        high = connection.exec_driver_sql("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user").scalar_one()
        walls = connection.exec_driver_sql(
            "SELECT count(DISTINCT tablename) FROM pg_policies WHERE schemaname = current_schema()"
        ).scalar_one()
    mend = "run `tanzhang verify`; the owner of the tables (TANZHANG_OWNER_URL) must put back what was taken" if weak else ""
    yield Finding("roles", not weak, weak[0] if weak else "each role may do what it should, and no more", mend)
    mend = "let the application sign in as a login of its own: CREATE ROLE tanzhang_app LOGIN NOINHERIT, and TANZHANG_DATABASE_URL with it"
    yield Finding(
        "login", not high, "a superuser, or one that walks past row-level security" if high else "no superuser", mend if high else ""
    )
    yield Finding(
        "row-level security", True if walls else None, f"{walls} tables are walled", "" if walls else "run `tanzhang migrate`, or `init`"
    )


def _checkpoints(opened: Book, size: int) -> Iterator[Finding]:
    """The newest signed checkpoint outside the database: readable, by the home's own key, and over every entry."""
    note, public = newest_note(opened.checkpoint_file), public_key(opened.home / "secrets")
    if note is None or public is None:
        found = "none was signed yet" if not size else "there is none, so nobody can tell whether the book was rolled back"
        yield Finding("checkpoints", not size, found, "" if not size else f"put back {opened.checkpoint_file} and secrets/checkpoint.key")
        return
    try:
        signed = read_note(note, public).size
    except LedgerError as error:
        yield Finding("checkpoints", False, str(error), f"put back {opened.checkpoint_file} and its key out of a backup")
        return
    behind = size - signed
    found = f"signed over {signed:,} entries" + (
        f", {behind:,} behind" if behind > 0 else f", the book lacks {-behind:,}" if behind else ""
    )
    mend = ""
    if behind > 0:
        mend = "make room on the disk of the home; the next entry signs them all"
    elif behind < 0:
        mend = "the database was rolled back: run `tanzhang verify`, and restore a newer backup"
    yield Finding("checkpoints", True if not behind else None if behind > 0 else False, found, mend)


def _access(opened: Book) -> Iterator[Finding]:
    """The record of access, and the log of checkpoints outside that it was signed into."""
    with opened.reading() as session:
        count = records(session)
    quick = count <= QUICK_ENTRIES
    wrong = broken(opened) if quick else lost(opened)
    log = log_file(opened)
    mend = (
        f"put the notes that {log} held back before what it holds now, from a backup of the home; `tanzhang access verify`" if wrong else ""
    )
    read = "every one holds" if quick else "not read again here: run `tanzhang access verify`"
    yield Finding("record of access", not wrong, str(wrong[0]) if wrong else f"{count:,} records, {reach(opened):,} signed, {read}", mend)


def _moments(opened: Book) -> Iterator[Finding]:
    """No entry is of a moment that has not come."""
    e = table_of(EntryRow).c
    with opened.reading() as session:
        newest = session.execute(sa.select(e.posted_at).order_by(e.id.desc()).limit(1)).scalar_one_or_none()
    if newest is not None and newest > datetime.now(UTC) + SKEW:
        yield Finding("clock and book", False, f"the newest entry is of {newest:%Y-%m-%d %H:%M} UTC", "the clock went back: set it right")


def _users(opened: Book, chosen: Settings) -> Iterator[Finding]:
    u, b = table_of(UserRow).c, table_of(BindingRow).c
    offices = (Office.ADMINISTRATOR.value, Office.SECURITY.value)
    alive = sa.and_(u.disabled_at.is_(None), b.ended_at.is_(None))
    with opened.reading() as session:
        count, examples = session.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(u.example), 0)).select_from(table_of(UserRow))
        ).one()
        query = (
            sa.select(b.office).join_from(table_of(BindingRow), table_of(UserRow), b.user_id == u.id).where(alive, b.office.in_(offices))
        )
        held = set(session.execute(query).scalars())
    if not count:
        mend = "`tanzhang user add LOGIN --role administrator`; until then whoever sits at this machine reads, and nobody else comes in"
        yield Finding("users", False if chosen.public_url else None, "there is no user yet", mend)
        return
    lacking = [office for office in offices if office not in held]
    found = f"{count:,}" + (f", and none of them is {' or '.join(lacking)}" if lacking else "")
    mend = "; ".join(f"`tanzhang user add LOGIN --role {office}`" for office in lacking)
    yield Finding("users", None if lacking else True, found, mend)
    if examples:
        mend = "their passwords are known to all: keep the demo's book apart (--home), and open one of your own with `tanzhang init`"
        yield Finding("demo users", None if chosen.is_demo else False, f"{examples} users of the demo", mend)


def _age(place: Path, deed: Deed, every: timedelta, command: str) -> Iterator[Finding]:
    at = marked(place, deed)
    name = deed.replace("-", " ")
    if at is None:
        yield Finding(name, None, "never, as far as this home knows", f"`{command}`")
        return
    age = datetime.now(UTC) - at
    late = age > every
    yield Finding(name, None if late else True, f"{at:%Y-%m-%d %H:%M} UTC, {age.days} days ago", f"`{command}`" if late else "")


def doors(chosen: Settings) -> Iterator[Finding]:
    """How others come in."""
    if not chosen.public_url:
        yield Finding("doors", True, "this machine alone")
        return
    found = f"{chosen.public_url}, through {', '.join(chosen.trusted_proxies) or 'a proxy that is not named'}"
    mend = "" if chosen.trusted_proxies else "name it in TANZHANG_TRUSTED_PROXIES: else all who come through it count as one"
    yield Finding("doors", True if chosen.trusted_proxies else None, found, mend)


CHECKS: tuple[Check, ...] = (home, book, doors)
