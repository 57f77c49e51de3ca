"""Post a file of entries to the bare ledger, without a chart of accounts."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands import asked


def post(
    file: Annotated[Path, typer.Argument(metavar="ENTRIES", help="A .csv (UTF-8) or .parquet file, one row a leg.")],
    open_accounts: bool = typer.Option(False, "--open-accounts", help="Open accounts that are new: debit side, no floor."),
    partial: bool = typer.Option(False, "--partial", help="Post what the book takes and name what it refuses (exit 3 then)."),
    into: str | None = typer.Option(None, "--book", help="Book of entries that name none, else ledger."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang post entries.csv --open-accounts
    tanzhang post history.parquet --partial --json

    Post every entry of a file in one transaction. The same file twice posts once.

    Columns: entry, day, account, commodity, amount; optional reference, kind, memo, unit. Rows of the same entry are its legs and sum to 0;
    amounts are whole numbers, debits positive. Faults go to standard error, all at once; exit 3, and nothing was posted.
    """
    import msgspec

    from ledger.intake import post_entries, read_entries
    from ledger.principal import LOCAL_ADMIN

    if into is not None and not _is_word(into):
        raise asked.WrongUsage(f"--book {into!r} is no lower-case word of at most 32 letters, digits and -")
    book = asked.book(database, home)
    said = read_entries(file, book=into)
    with book.writing() as session:
        done = post_entries(session, said, LOCAL_ADMIN, now=asked.now(), open_accounts=open_accounts, partial=partial)
    for code in done.named:
        asked.say(f"{code} is new and was given no unit: the book calls it 'unit' for good; a column unit names it")
    if done.rulings:
        asked.say(f"left out: {done.rulings:,} rulings on accounts, months or lots of the book that was exported")
    if done.memos:
        asked.say(f"{done.memos:,} memos stay in the file: the book keeps none")
    if as_json:
        from dataclasses import asdict

        asked.print_json({"file": file.name, "sha256": said.sha256.hex(), **asdict(done)})
    else:
        where = f", log positions {done.first_entry:,}–{done.last_entry:,}" if done.first_entry is not None else ""
        print(f"{done.created:,} entries posted, {done.repeated:,} posted before, {len(done.refused):,} faults{where}")
    if done.refused:
        for fault in done.refused:
            asked.say(msgspec.json.encode(fault).decode() if as_json else str(fault))
        raise typer.Exit(3)


def _is_word(text: str) -> bool:
    import re

    return re.fullmatch(r"[a-z][a-z0-9\-]{0,31}", text) is not None
