"""Estimate a file of activity data, and keep nothing."""

import sys
from functools import partial

import typer

from api.commands import asked


def calc(
    file: asked.File, gwp: str = typer.Option("AR5.100", "--gwp", help="GWP set for the valuation, such as AR4.100, AR5.100, AR6.100."),
    uncertainty: bool = typer.Option(False, "--uncertainty", help="Also the total with its ± (95 %); with --json as a last object."),
    programme: str = typer.Option("inventory", "--programme", help="Whose rule picks basis and place: inventory, regional, …"),
    known: str | None = typer.Option(None, "--as-known", help="Read the packs as they were known on that day."),
    allow_unverified: bool = typer.Option(False, "--allow-unverified", help="Also numbers that nobody read in a document."),
    home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang calc power.csv --json
    tanzhang calc year.xlsx --gwp AR6.100
    tanzhang calc year.xlsx --uncertainty

    Emissions by gas of every line of a .csv or .xlsx file, with the factor, the steps that found it, and its source.

    Columns: activity, quantity, unit, day (or start and end), division. Faults go to standard error, all at once; exit 3.
    """
    from carbon.activity import read_activities
    from carbon.answer import json_lines
    from carbon.estimate import estimate
    from carbon.region.divisions import chain_of, divisions
    from factors.gwp import gwp_set

    prices = gwp_set(gwp)
    measure = partial(
        estimate, library=asked.library(home), chain=chain_of, known=asked.day(known, "--as-known"), programme=programme,
        allow_unverified=allow_unverified,
    )  # fmt: skip
    lines = read_activities(
        file, tree=divisions(), today=asked.today(asked.settings(None, home)),
        further=measure,
    )  # fmt: skip
    emissions = measure(lines)
    answers = json_lines(lines, emissions, gwp=prices, chain=chain_of)
    if as_json:
        for chunk in answers:
            sys.stdout.buffer.write(chunk)
    else:
        for read in lines.read:
            asked.say(read)
        _print(answers, gwp)
    if uncertainty:
        from carbon.uncertainty import total_uncertainty
        from factors.uncertainty import sentence

        found = total_uncertainty(lines, emissions, gwp=prices)
        asked.say(sentence(found, f"g CO2e {gwp}"))
        if as_json:
            sys.stdout.flush()
            asked.print_json({"uncertainty": found, "unit": "g CO2e", "gwp": gwp})


def _print(answers: object, gwp: str) -> None:
    import msgspec

    rows, total, missing, beside = [], 0, set(), dict[str, int]()
    for chunk in answers:  # type: ignore[attr-defined]
        for text in chunk.splitlines():
            one = msgspec.json.decode(text)
            total += int(one["co2e_g"])
            missing |= set(one["not_estimated"])
            for gas in one.get("apart", ()):
                beside[gas] = beside.get(gas, 0) + int(one["gases"][gas])
            gases = "  ".join(f"{gas} {int(amount):,}" for gas, amount in one["gases"].items())
            rows.append((one["line"], one["factor"], gases, f"{int(one['co2e_g']):,}"))
    asked.print_table(["line", "factor", "gases (g; CH4, N2O, F-gases mg)", f"g CO2e {gwp}"], rows, right=(f"g CO2e {gwp}", "line"))
    asked.say(
        f"{len(rows):,} lines, {total:,} g CO2e" + (f"; not estimated in some lines: {', '.join(sorted(missing))}" if missing else "")
    )
    for gas, amount in beside.items():
        asked.say(f"beside it, in no total of {gwp}: {amount:,} g {gas}")
