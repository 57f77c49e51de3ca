"""A backup of the whole book, and the way back: a folder with a signed manifest, refused where it does not verify."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import asked

if TYPE_CHECKING:
    from carbon.settings import Settings
    from ledger.manifest import Key
    from ledger.restore import Means


def backup(
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet, or is empty.")],
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang backup /mnt/backup/2026-11-25
    tanzhang backup DEST --json

    Copy the book, its checkpoints, own packs and settings into a folder with a signed manifest, while others post on.

    The signing key is not in it: keep secrets/checkpoint.key apart. PostgreSQL needs pg_dump, on PATH or in TANZHANG_PG_BIN.
    """
    from api.operations.marks import mark
    from ledger.backup import backup as take

    chosen = asked.settings(database, home)
    book = asked.book(database, home)
    with asked.refusals():
        made = take(
            book, destination, now=asked.now(), owner_url=chosen.owner_url, pg_bin=os.environ.get("TANZHANG_PG_BIN"), tell=asked.say
        )
    mark(chosen.home, "backed-up", now=made.taken_at)
    if as_json:
        asked.print_json(made)
    size = sum(file.size for file in made.files)
    asked.say(
        f"backup of book {made.book} in {destination}: {made.size:,} entries, root {made.root}; {len(made.files)} files, {size:,} bytes"
    )
    asked.say(f"signed by {made.key}; that key is not in it: keep {chosen.home / 'secrets' / 'checkpoint.key'} apart, restore asks for it")


def restore(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A folder that `tanzhang backup` wrote.")],
    key: Annotated[
        Path | None,
        typer.Option("--key", help="File with the book's key, which the home lacks: checkpoint.key, or public, of `tanzhang proof key`."),
    ] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Go on under a new signing key, the old one being lost.")] = False,
    older: Annotated[bool, typer.Option("--older", help="Restore fewer entries than the home's own checkpoints know of.")] = False,
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang restore /mnt/backup/2026-11-25 --home /srv/tanzhang --key kept-apart/checkpoint.key
    tanzhang restore SRC --database postgresql://app@db/empty

    Put a backup where no book is, once signature, files and every law of the restored book hold. Exit 3 where they do not.

    The key in the home stands before --key. PostgreSQL needs an empty database, and pg_restore on PATH or in TANZHANG_PG_BIN.
    """
    from ledger.restore import Place
    from ledger.restore import restore as put_back

    chosen = asked.settings(database, home)
    place = Place(chosen.database_url, chosen.owner_url, chosen.home, os.environ.get("TANZHANG_PG_BIN"))
    with asked.refusals():
        done = put_back(source, place, means(), now=asked.now(), key=_key(key), new_key=new_key, older=older, tell=asked.say)
        _sign_records(chosen)
    manifest = done.manifest
    if as_json:
        asked.print_json(
            {"manifest": manifest, "key_found": done.found, "new_key": done.new_key, "set_aside": done.set_aside and str(done.set_aside)}
        )
    asked.say(f"signed by {manifest.key}, the key of {done.found}")
    taken = f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    asked.say(f"restored: book {manifest.book} of {taken}, {manifest.size:,} entries, every law holds; home {chosen.home}")
    if done.new_key:
        asked.say(f"from now on it signs by {done.new_key}; proofs from before hold under the old key")
    if done.set_aside:
        asked.say(f"checkpoints over entries that the backup does not hold were set aside: {done.set_aside}")


def means() -> "Means":
    """What the storeys above the ledger know of a book."""
    from carbon.audit import verify
    from ledger.restore import Means
    from migrations import known, make_roles, upgrade

    return Means(
        revisions=frozenset(known()),
        make_roles=lambda connection, login: make_roles(connection, login=login),
        upgrade=lambda url, home, owner_url: upgrade(url, home=home, owner_url=owner_url),
        verify=verify,
    )


def _sign_records(chosen: "Settings") -> None:
    """The restored record of access goes on under the home's key, from what its log of checkpoints holds."""
    from api.audit.sign import sign_anew
    from ledger.book import open_book

    book = open_book(chosen.database_url, home=chosen.home)
    try:
        sign_anew(book)
    finally:
        book.engine.dispose()


def _key(file: Path | None) -> "Key | None":
    from ledger.errors import BadProof
    from ledger.manifest import read_key

    if file is None:
        return None
    try:
        return read_key(file.read_text(encoding="utf-8", errors="replace"), str(file))
    except (OSError, BadProof) as error:
        raise asked.WrongUsage(f"--key {str(file)!r} cannot be used: {error}") from error
