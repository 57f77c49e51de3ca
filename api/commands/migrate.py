"""Bring a book to the version of this program, with a backup first."""

import os
from typing import TYPE_CHECKING

import typer

from api.commands import asked

if TYPE_CHECKING:
    from carbon.settings import Settings
    from ledger.restore import Place


def migrate(
    no_backup: bool = typer.Option(False, "--no-backup", help="Take no backup first; needs --yes."),
    yes: bool = typer.Option(False, "--yes", help="Yes, without a backup."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang migrate
    tanzhang migrate --no-backup --yes

    Bring the book to this version. Its backup goes into home/backups first and is tried: it is migrated aside, and every law must hold.

    Stop serve and worker before, start them after: they refuse a book of another version. Safe to repeat. Exit 3 where the backup fails.
    """
    from api.commands.backup import means
    from api.operations.marks import mark
    from api.operations.migration import migrate as bring

    if no_backup and not yes:
        raise asked.WrongUsage("--no-backup: there is no way back without one; add --yes if you took your own")
    chosen = asked.settings(database, home)
    now = asked.now()
    with asked.refusals():
        done = bring(_place(chosen), means(), now=now, keep=not no_backup, tell=asked.say)
    if done.backup:
        mark(chosen.home, "backed-up", now=now)
    if as_json:
        asked.print_json({"before": done.before, "after": done.after, "backup": str(done.backup) if done.backup else None})
    if done.before == done.after:
        asked.say(f"nothing to do: the book is of revision {done.after}")
        return
    asked.say(
        f"from revision {done.before} to {done.after}" + (f"; as it was it lies in {done.backup}" if done.backup else ", without a backup")
    )


def bring_up(chosen: "Settings") -> bool:
    """Open a book where there is none, and bring an old one to this version as `migrate` does; whether anything was done."""
    from api.commands.backup import means
    from api.operations.migration import migrate as bring
    from ledger.errors import BookNotMigrated
    from migrations import upgrade

    try:
        with asked.refusals():
            done = bring(_place(chosen), means(), now=asked.now(), tell=asked.say)
    except BookNotMigrated:  # none is there, or one of a later program: which, the upgrade says
        return upgrade(chosen.database_url, home=chosen.home, owner_url=chosen.owner_url)
    return done.before != done.after


def _place(chosen: "Settings") -> "Place":
    from ledger.restore import Place

    return Place(chosen.database_url, chosen.owner_url, chosen.home, os.environ.get("TANZHANG_PG_BIN"))
