"""Months: closed, reopened, and sealed into files that anybody may check."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import asked

if TYPE_CHECKING:
    from ledger.book import Book
    from ledger.sealed import SealedMonth

month = typer.Typer(
    help="""\b
tanzhang month close 2023-06 --reason "all bills are in"
tanzhang month seal 2023-06 --output /mnt/audit
tanzhang month check /mnt/audit/2023-06 --key keeper.vkey

Months: close, reopen, list; sealed into files that anybody may check.""",
    short_help="Months: close, reopen, list; sealed into files that anybody may check.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Month = Annotated[str, typer.Argument(metavar="MONTH", help="A month, such as 2023-06.")]
Scope = Annotated[str, typer.Option("--scope", help="Only accounts below this name, such as holder/h7k2m9/; else all.")]


def close(
    period: Month,
    reason: Annotated[str, typer.Option("--reason", help="Why it is closed, for good.")],
    scope: Scope = "",
    no_seal: Annotated[bool, typer.Option("--no-seal", help="Write no sealed month into the home.")] = False,
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang month close 2023-06 --reason "all bills are in"
    tanzhang month close 2023-06 --scope holder/h7k2m9/ --reason "filed" --no-seal

    Close a month: it takes no more postings. Once it is closed for every account it is sealed into sealed/ of the home.

    Exit 3 where it is closed already. The sealed month is the same whenever it is written: `tanzhang month seal` does it later.
    """
    from ledger.period import close_month, rulings
    from ledger.principal import LOCAL_ADMIN

    yyyymm, chosen, book = _period(period), asked.settings(database, home), asked.book(database, home)
    with asked.refusals(), _stands(period), book.writing() as session:
        done = close_month(session, yyyymm, LOCAL_ADMIN, now=asked.now(), day=asked.today(chosen), scope=scope, reason=reason)
    with book.reading() as session:
        ruled = next(one for one in rulings(session, yyyymm) if one.entry_id == done.first_id)
    where = f" within {scope}" if scope else ""
    asked.say(f"closed: {period}{where}, by entry {ruled.entry_id} over a log of {ruled.size:,} entries")
    made = None if no_seal else _seal_closed(book, period, yyyymm)
    if as_json:
        asked.print_json(_told(ruled) | {"folder": None if made is None else str(made.folder)})


def reopen(
    period: Month,
    reason: Annotated[str, typer.Option("--reason", help="Why it is opened again, for good.")],
    second: Annotated[str, typer.Option("--second", help="The other person who agreed; no personal name, an account or staff number.")],
    scope: Scope = "",
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang month reopen 2023-06 --reason "meter 3 was read wrongly" --second auditor-7 --scope holder/h7k2m9/

    Open a closed month again, for all accounts or those below a name: reverse, post anew, and close it again.

    What was sealed stays as it is; the later closing is sealed beside it, as 2023-06.<entry>.
    """
    from ledger.period import reopen_month, rulings
    from ledger.principal import LOCAL_ADMIN

    yyyymm, chosen, book = _period(period), asked.settings(database, home), asked.book(database, home)
    with asked.refusals(), book.writing() as session:
        done = reopen_month(
            session, yyyymm, LOCAL_ADMIN, now=asked.now(), day=asked.today(chosen), reason=reason, second=second, scope=scope
        )
    if as_json:
        with book.reading() as session:
            asked.print_json(next(_told(one) for one in rulings(session, yyyymm) if one.entry_id == done.first_id))
    asked.say(f"open again: {period}" + (f" within {scope}" if scope else "") + f", by entry {done.first_id}")


def list_months(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang month list
    tanzhang month list --json

    Every closing and reopening of a month, in the order of the log, and which of them lie sealed in the home.
    """
    from ledger.period import rulings
    from ledger.sealed import SEALED, folder_names

    book = asked.book(database, home)
    with book.reading() as session:
        ruled = rulings(session)
    names: dict[int, str] = {}
    for period in {one.period for one in ruled}:
        names |= folder_names(one for one in ruled if one.period == period)
    lies = {entry: str(place) for entry, name in names.items() if (place := book.home / SEALED / name).exists()}
    if as_json:
        for one in ruled:
            asked.print_json(_told(one) | {"folder": lies.get(one.entry_id)})
        return
    head = ["month", "ruled", "scope", "entry", "posted at", "actor", "second", "reason", "sealed"]
    asked.print_table(
        head,
        (
            (
                _name(one.period), "closed" if one.closed else "reopened", one.scope, one.entry_id, f"{one.posted_at:%Y-%m-%d %H:%M}",
                one.actor, one.second, one.reason, lies.get(one.entry_id),
            )
            for one in ruled
        ),
        right=("entry",),
    )  # fmt: skip


def seal(
    period: Month,
    output: Annotated[Path | None, typer.Option("--output", help="Folder for the month's own folder, else sealed/ of the home.")] = None,
    entry: Annotated[int | None, typer.Option("--entry", min=0, help="Number of an earlier closing, else the last.")] = None,
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang month seal 2023-06 --output /mnt/audit
    tanzhang month seal 2023-06 --entry 41

    Write a closed month as Parquet with a signed seal: entries, postings, turnover. Any tool reads it; the rows stay in the book.

    Exit 3 where the month is not closed for every account. Sealed twice it is the same bytes, and is written once.
    """
    from ledger.sealed import SEALED

    yyyymm, book = _period(period), asked.book(database, home)
    with asked.refusals():
        made = _seal(book, yyyymm, output or book.home / SEALED, entry)
    if as_json:
        asked.print_json({"folder": str(made.folder), "repeated": made.repeated, "seal": made.seal})
    _say_sealed(made)


def check(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A sealed month, such as sealed/2023-06.")],
    key: Annotated[Path, typer.Option("--key", help="File with the book's public key, as `tanzhang proof key` writes it.")],
    as_json: asked.Json = False,
) -> None:
    """tanzhang month check /mnt/audit/2023-06 --key keeper.vkey
    tanzhang month check sealed/2023-06 --key keeper.vkey --json

    Check a sealed month without any book: signature, files, every leaf, posting and sum. Exit 3 with what is wrong.
    """
    from ledger.errors import BadProof
    from ledger.manifest import read_key
    from ledger.sealed_file import check_sealed, read_seal

    try:
        trusted = read_key(key.read_text(encoding="utf-8", errors="replace"), str(key))
    except (OSError, BadProof) as error:
        raise asked.WrongUsage(f"--key {str(key)!r} cannot be used: {error}") from error
    faults = check_sealed(folder, trusted)
    for fault in faults:
        if as_json:
            asked.print_json(asdict(fault))
        else:
            # the folder may come from anybody: nothing in it moves the cursor of a terminal
            asked.say("does not hold: " + "".join(sign if sign.isprintable() else "\ufffd" for sign in str(fault)))
    if faults:
        raise typer.Exit(3)
    holds = read_seal(folder, trusted)
    if as_json:
        asked.print_json(holds)
        return
    print(
        f"holds: {_name(holds.period)} of book {holds.book}, as entry {holds.closing} closed it at {holds.closed_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    print(f"log    {holds.size:,} entries, root {holds.root}")
    print(f"hash   {holds.sealed} of the turnover")
    print("rows   " + ", ".join(f"{file.rows:,} in {file.name}" for file in holds.files))
    print(f"key    {holds.key}")


def _period(text: str) -> int:
    """The month as yyyymm."""
    import re

    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) or text.startswith("0000"):
        raise asked.WrongUsage(f"{text!r} is no month: write it as 2023-06")
    return int(text.replace("-", ""))


def _name(period: int) -> str:
    return f"{period // 100:04d}-{period % 100:02d}"


def _told(ruled: Any) -> dict[str, Any]:
    """A ruling for machines."""
    return asdict(ruled) | {"period": _name(ruled.period), "sealed": None if ruled.sealed is None else ruled.sealed.hex()}


def _seal(book: "Book", period: int, into: Path, entry: int | None = None) -> "SealedMonth":
    from ledger.checkpoint import public_key, signing_key
    from ledger.errors import BadProof
    from ledger.sealed import write_sealed

    secrets = book.home / "secrets"
    if public_key(secrets) is None:  # which would make another
        raise BadProof(f"the key that signed this book's checkpoints is not in {secrets}: put it back first")
    with book.reading() as session:
        return write_sealed(session, period, into, key=signing_key(secrets), closing=entry)


def _seal_closed(book: "Book", month: str, period: int) -> "SealedMonth | None":
    """Seal a month that was just closed; what hinders that is told, with what to do, for the closing stands."""
    from ledger.errors import BadProof, PeriodMisruled
    from ledger.manifest import PlaceTaken
    from ledger.sealed import SEALED, SealFailed

    try:
        made = _seal(book, period, book.home / SEALED)
    except PeriodMisruled:
        asked.say(f"not sealed: other accounts of {month} are open still")
        return None
    except (SealFailed, PlaceTaken, BadProof) as error:
        asked.say(f"tanzhang: the closing stands, and is not sealed: {error}\nSeal it later: tanzhang month seal {month}")
        raise typer.Exit(3 if isinstance(error, BadProof) else 1) from error
    _say_sealed(made)
    return made


def _say_sealed(made: "SealedMonth") -> None:
    rows = ", ".join(f"{file.rows:,} {file.name.removesuffix('.parquet')}" for file in made.seal.files)
    asked.say(f"{'sealed before' if made.repeated else 'sealed'}: {made.folder} ({rows}); tanzhang month check reads it anywhere")


@contextmanager
def _stands(month: str) -> Iterator[None]:
    """What the disk refused after the commit, which is the checkpoint: the closing stands, and closing again would be refused."""
    from ledger.errors import DiskFull

    try:
        yield
    except (DiskFull, OSError) as error:
        if isinstance(error, DiskFull) and not error.posted:
            raise
        reason = "the disk is full" if isinstance(error, DiskFull) else error
        asked.say(f"tanzhang: {month} is closed, its checkpoint and its sealed month were not written: {reason}")
        asked.say(f"Mend that, then seal it: tanzhang month seal {month}")
        raise typer.Exit(1) from error


asked.add(month, close)
asked.add(month, reopen)
asked.add(month, list_months, "list")
asked.add(month, seal)
asked.add(month, check)
