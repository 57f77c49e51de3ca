"""Write the book for other tools."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.commands import asked


def export(
    form: Annotated[str, typer.Option("--format", help="beancount, hledger or parquet.")],
    output: Annotated[Path | None, typer.Option("--output", help="File to write, else standard output.")] = None,
    since: str | None = typer.Option(None, "--since", help="First day of the entries, inclusive."),
    until: str | None = typer.Option(None, "--until", help="Last day, inclusive."),
    within: str | None = typer.Option(None, "--book", help="Entries of one book only."),
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang export --format beancount --output book.beancount
    tanzhang export --format hledger --since 2025-01-01 --until 2025-12-31 | hledger -f - check --strict
    tanzhang export --format parquet --output book.parquet

    Every entry with its place in the log, key and reference. Text formats end with the balances, which the tools check.

    With --since or --until what is asserted is the turnover of those days. `tanzhang post` reads the Parquet.
    """
    from ledger.export import Format, Span
    from ledger.export import export as write

    try:
        chosen = Format(form)
    except ValueError as error:
        raise asked.WrongUsage(f"--format {form!r} is none: write {', '.join(Format)}") from error
    if output is None and chosen is Format.PARQUET and sys.stdout.isatty():
        raise asked.WrongUsage("Parquet is no text for a terminal: name a file with --output, or send it on through a pipe")
    span = Span(book=within, since=asked.day(since, "--since"), until=asked.day(until, "--until"))
    book = asked.book(database, home)
    with book.reading() as session:
        if output is None:
            done = write(session, sys.stdout.buffer, chosen, span, title=f"tanzhang {book.id}")
        else:
            # beside it first: an export that breaks off leaves no half file, and an older one as it was
            part = output.with_name(output.name + ".part")
            try:
                with part.open("wb") as sink:
                    done = write(session, sink, chosen, span, title=f"tanzhang {book.id}")
                part.replace(output)
            except OSError as error:
                raise asked.WrongUsage(f"--output {str(output)!r} cannot be written: {error.strerror or error}") from error
            finally:
                part.unlink(missing_ok=True)
    asked.say(f"{done.entries:,} entries, {done.legs:,} legs")
