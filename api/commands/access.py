"""The record of access: who did what, on what, when and with what result; and to forget a user."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import asked
from api.commands.proof import Key, Output, print_lines, read_key, read_proof_file, refused_proof, signer_of, write_proof

if TYPE_CHECKING:
    from carbon.settings import Settings

access = typer.Typer(
    help="The record of access: who did what, when, with what result.", no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip


def list_records(
    since: str | None = typer.Option(None, "--since", help="First day, such as 2026-11-01."),
    until: str | None = typer.Option(None, "--until", help="Last day, inclusive."),
    user: str | None = typer.Option(None, "--user", help="Id of a user."),
    action: str | None = typer.Option(None, "--action", help="Such as read, export, sign-in, command."),
    on: str | None = typer.Option(None, "--object", help="Id of what was read or written, or the account, as its page names it."),
    refused: bool = typer.Option(False, "--refused", help="Only what was refused."),
    limit: int = typer.Option(100, "--limit", min=1, max=100_000, help="At most so many, the newest."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang access list --since 2026-11-01 --user u7k2m9x4p1q
    tanzhang access list --refused --json

    Who did what, the newest first: by random ids, without any name, login or address.
    """
    from api.audit.found import Wanted, find
    from api.audit.recorder import object_digest
    from api.auth.vault import Vault

    chosen, book = asked.settings(database, home), asked.book(database, home)
    wanted = Wanted(
        since=_moment(chosen, since, "--since", time.min), until=_moment(chosen, until, "--until", time.max), user=user or "",
        action=action or "", object=on or "", refused=refused,
    )  # fmt: skip
    with book.reading() as session:
        found, _ = find(session, wanted, digest=object_digest(Vault.at(book.home)), limit=limit)
    if as_json:
        for one in found:
            asked.print_json(one)
        return
    asked.print_table(["id", "at", "user", "office", "action", "route", "object", "result"], [_row(one, chosen) for one in found])


def verify(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang access verify
    tanzhang access verify --json

    Hash every record again, up to the root and to what was signed outside the database. Exit 3 with the first wrong row.
    """
    from dataclasses import asdict

    from api.audit.check import broken
    from api.audit.found import size
    from api.audit.sign import reach

    book = asked.book(database, home)
    found = broken(book)
    for violation in found:
        asked.print_json(asdict(violation)) if as_json else asked.say(f"broken: {violation}")
    if found:
        raise typer.Exit(3)
    with book.reading() as session:
        asked.say(f"every record holds: {size(session)} in all, {reach(book)} of them signed outside the database")


def prove(
    record: Annotated[int, typer.Argument(metavar="RECORD", min=0, help="Its number, as list tells it.")],
    output: Output = None, database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang access prove 41 --output record-41.tlog-proof
    tanzhang access prove 41 | tanzhang access check -

    A file that shows one record to be in what was signed, unchanged, without any other: `tanzhang access check` reads it anywhere.

    The form is that of `tanzhang proof show`, C2SP tlog-proof: index, audit path, signed checkpoint; public key and payload.
    """
    from api.audit.prove import prove_record

    write_proof(prove_record(asked.book(database, home), record).text(), output, check="tanzhang access check")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A proof, as prove writes it; - is standard input.")],
    key: Key = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang access check record-41.tlog-proof --key keeper.vkey
    tanzhang access check record-41.tlog-proof --json

    Check the proof of a record without any book, and say what the record says. Exit 3 with the check that failed.

    Without --key it holds under the key that the file brings along: compare that key with the keeper's.
    """
    from dataclasses import asdict

    from api.audit.prove import check_record

    data, trusted = read_proof_file(file), read_key(key)
    with refused_proof(as_json):
        shown = check_record(data, key=trusted)
    told = asdict(shown.record) | {"result": shown.record.result}
    if as_json:
        asked.print_json(
            {
                "holds": True, "record": {"id": shown.number, **told}, "origin": shown.checkpoint.origin, "size": shown.checkpoint.size,
                "root": shown.checkpoint.root.hex(), "key": shown.key, "key_given": shown.trusted,
            }
        )  # fmt: skip
        return
    lines = [f"proved: record {shown.number} is in the signed record of access of {shown.checkpoint.size:,}, unchanged"]
    lines += [f"{name:<8}{value}" for name, value in told.items() if value not in {"", 0}]
    print_lines([*lines, *signer_of(shown.checkpoint.origin, shown.key, trusted=shown.trusted)])


def expire(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang access expire
    TANZHANG_ACCESS_DAYS=400 tanzhang access expire

    Seal records older than the setting access_days (three years; 180 days at least) into a signed file, and take them out.

    The file lies in the home's folder access; what stands is verified without it, so it may be deleted when its time has come.
    """
    from api.audit.expire import expire as take_out

    chosen, book = asked.settings(database, home), asked.book(database, home)
    made = take_out(book, days=chosen.access_days, owner_url=chosen.owner_url, now=asked.now())
    if made is None:
        asked.say(f"no record is older than {chosen.access_days} days")
    elif as_json:
        asked.print_json(made)
    else:
        asked.say(f"{made.size - made.first} records were sealed into {chosen.home / made.file} and taken out")


def forget(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    yes: bool = typer.Option(False, "--yes", help="Do it without asking."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang user forget u7k2m9x4p1q --yes

    Destroy the key of what is known of a person, and every way in. There is no way back.

    Books and records keep the random id, and verify as before. Older copies of secrets/persons.keys still open older backups: destroy them.
    """
    from api.auth.forget import forget_user
    from api.auth.vault import Vault
    from ledger.principal import LOCAL_ADMIN

    book = asked.book(database, home)
    if not yes and not _agreed(user):
        raise asked.WrongUsage("nothing was forgotten: say --yes")
    with book.writing() as session:
        forget_user(session, Vault.at(book.home), user, by=LOCAL_ADMIN.actor, now=asked.now())
    asked.print_json({"id": user, "forgotten": True}) if as_json else asked.say(f"user {user} is forgotten")


def _agreed(user: str) -> bool:
    """What a person at a terminal says; without one nobody is asked."""
    import sys

    return sys.stdin.isatty() and typer.confirm(f"Forget user {user}? There is no way back", err=True)


def _moment(chosen: "Settings", text: str | None, option: str, at: time) -> datetime | None:
    """The beginning or the end of a day where the book is kept."""
    day = asked.day(text, option)
    return None if day is None else datetime.combine(day, at, chosen.timezone).astimezone(UTC)


def _row(one: dict[str, Any], chosen: "Settings") -> tuple[object, ...]:
    at = one["at"].astimezone(chosen.timezone).strftime("%Y-%m-%d %H:%M:%S")
    what = " ".join(part for part in (one["method"], one["route"]) if part)
    return one["id"], at, one["user"], one["office"], one["action"], what, one["object"], f"{one['result']} {one['status'] or ''}".strip()


asked.add(access, list_records, "list")
asked.add(access, verify)
asked.add(access, prove)
asked.add(access, check)
asked.add(access, expire)
