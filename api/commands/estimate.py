"""Estimate a file of any size into a Parquet file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.commands import asked


def estimate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .parquet or .csv file.")],
    output: Annotated[Path, typer.Option("--output", help="The Parquet file to write the answers to; it must not be there yet.")],
    quarantine: Annotated[
        Path | None, typer.Option("--quarantine", help="The Parquet file for lines without an answer, else OUTPUT.quarantine.parquet.")
    ] = None,
    programme: str = typer.Option("inventory", "--programme", help="Whose rule picks basis and place: inventory, regional, …"),
    known: str | None = typer.Option(None, "--as-known", help="Read the packs as they were known on that day."),
    allow_unverified: bool = typer.Option(False, "--allow-unverified", help="Also numbers that nobody read in a document."),
    home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang estimate year.parquet --output emissions.parquet
    tanzhang estimate meters.csv --output emissions.parquet --quarantine open.parquet --json

    Emissions by gas of a file of any size: ten million lines in seconds, in little memory.

    Columns: activity, unit, quantity, day, and if known division, method, factor, category. A line with an answer goes to OUTPUT with its
    factors, their source and a column a gas; one without to the quarantine with the cell at fault and the reason, and the exit code is 3.
    """
    from carbon.region.divisions import chain_of
    from factors.dense import Rules
    from factors.engine import Engine
    from factors.stream import estimate_file

    rules = Rules(allow_unverified=allow_unverified, known=asked.day(known, "--as-known"), programme=programme)
    held = quarantine or output.with_name(output.stem + ".quarantine.parquet")
    shown = sys.stderr.isatty()

    def told(lines: int) -> None:
        if shown:
            sys.stderr.write(f"\r{lines:,} lines")

    outcome = estimate_file(Engine(asked.library(home), chain_of, rules), file, output, held, told=told)
    if shown:
        sys.stderr.write("\r")
    if as_json:
        asked.print_json({
            "lines": outcome.lines, "answered": outcome.answered, "resolutions": outcome.resolutions, "quarantined": outcome.quarantined,
            "totals": {gas: str(amount) for gas, amount in outcome.totals.items()}, "output": str(output), "quarantine": str(held),
        })  # fmt: skip
    else:
        asked.print_table(["gas", "total (g; CH4, N2O, F-gases mg)"], [(gas, f"{amount:,}") for gas, amount in outcome.totals.items()],
                          right=("total (g; CH4, N2O, F-gases mg)",))  # fmt: skip
    asked.say(f"{outcome.answered:,} of {outcome.lines:,} lines answered out of {outcome.resolutions:,} resolutions: {output}")
    if outcome.quarantined:
        counted = ", ".join(f"{code} {count:,}" for code, count in outcome.quarantined.items())
        asked.say(f"{outcome.lines - outcome.answered:,} lines have no answer ({counted}): {held} says why, line by line")
        raise typer.Exit(3)
