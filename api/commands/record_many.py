"""Book the files of many holders at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.commands import asked


def record_many(
    folder: Annotated[Path, typer.Argument(help="Folder of files, each named by its holder: h7k2m9abcd.csv or .xlsx.")],
    workers: int = typer.Option(2, "--workers", min=1, max=64, help="Processes that read and calculate beside one another."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang record-many filings/
    tanzhang record-many filings/ --workers 8 --json

    Each file is booked whole or not at all; one that is faulty is told and holds nobody else up. Exit 3 where one was refused.
    """
    from dataclasses import asdict

    from carbon.many import Sent, record_many
    from ledger.principal import LOCAL_ADMIN

    if not folder.is_dir():
        raise asked.WrongUsage(f"{folder} is no folder: name one that holds files such as h7k2m9abcd.csv")
    chosen = asked.settings(database, home)
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".csv", ".xlsx"})
    booked = refused = 0
    book = asked.book(database, home)
    outcomes = record_many(
        book, [Sent(path.stem, path) for path in files], principal=LOCAL_ADMIN, now=asked.now(), today=asked.today(chosen), workers=workers
    )
    told = []
    for number, one in enumerate(outcomes, start=1):
        booked, refused = booked + (one.receipt is not None), refused + (one.refused is not None)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number:,} of {len(files):,} files, {refused:,} refused ")
        if one.refused is not None:
            asked.say(f"{one.sent.path.name}: {one.refused}")
        told.append(
            {
                "file": one.sent.path.name,
                "receipt": asdict(one.receipt) if one.receipt else None,
                "refused": one.refused and str(one.refused),
            }
        )
    if as_json:
        asked.print_json({"booked": booked, "refused": refused, "files": told})
    else:
        print(f"{booked:,} files booked, {refused:,} refused")
    if refused:
        raise typer.Exit(3)
