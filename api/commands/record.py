"""Book a file of activity data."""

import typer

from api.commands import asked


def record(
    file: asked.File, holder: str = typer.Option(..., "--holder", help="Id of the holder who files."),
    replace: str | None = typer.Option(None, "--replace", help="Import that this file takes the place of; its entries are reversed."),
    allow_duplicates: bool = typer.Option(False, "--allow-duplicates", help="Book lines even where the same was filed before."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang record year.xlsx --holder h7k2m9abcd
    tanzhang record mended.xlsx --holder h7k2m9abcd --replace i3x9k2m7ab

    Post every line of a file in one transaction. The same file twice posts once.
    """
    from dataclasses import asdict

    from carbon.record import record as book_file
    from carbon.region.divisions import divisions
    from ledger.principal import LOCAL_ADMIN

    chosen = asked.settings(database, home)
    receipt = book_file(
        asked.book(database, home), file, holder=holder, principal=LOCAL_ADMIN, now=asked.now(), today=asked.today(chosen),
        library=asked.library(home), tree=divisions(), replace=replace, allow_duplicates=allow_duplicates,
    )  # fmt: skip
    for read in receipt.read:
        asked.say(read)
    if as_json:
        asked.print_json(asdict(receipt))
        return
    where = (
        f"entries {receipt.first_entry:,}–{receipt.last_entry:,}"
        if receipt.first_entry is not None and receipt.last_entry is not None
        else "no entries"
    )
    if receipt.repeated:
        print(f"booked before as {receipt.import_id}: {receipt.lines:,} lines, {where}; nothing was posted now")
    else:
        undone = f", {receipt.reversed_entries:,} entries reversed" if receipt.reversed_entries else ""
        print(f"import {receipt.import_id}: {receipt.lines:,} lines, {where}{undone}")
