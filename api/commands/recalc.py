"""Answer a file of activity data twice, and say what made the difference."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands import asked


def recalc(
    file: asked.File,
    gwp: str = typer.Option("AR5.100", "--gwp", help="GWP set of the first answer."),
    against: str | None = typer.Option(None, "--against", help="GWP set of the second answer, else the same."),
    factor_set: str | None = typer.Option(None, "--factor-set", help="Parameter set or pack edition of the first answer."),
    against_set: str | None = typer.Option(None, "--against-set", help="Parameter set or pack edition of the second, else the same."),
    known: str | None = typer.Option(None, "--as-known", help="Day as of which the packs are read for the first answer."),
    against_known: str | None = typer.Option(None, "--against-known", help="The same for the second answer, else the same day."),
    programme: str = typer.Option("inventory", "--programme", help="Whose rule picks basis and geography for the first answer."),
    against_programme: str | None = typer.Option(None, "--against-programme", help="The same for the second answer, else the same."),
    method: str | None = typer.Option(None, "--method", help="Scope 2 method of the second answer: location or market."),
    revised: Annotated[Path | None, typer.Option("--revised", help="Corrected activity data of the second answer, row by row.")] = None,
    home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang recalc year.xlsx --gwp AR5.100 --against AR6.100
    tanzhang recalc year.csv --against-set mee2024_sector --json
    tanzhang recalc power.csv --factor-set cn-grid/2024-33_e001 --against-set cn-grid/2025-47_e001

    The emissions of a file on two bases, and the bridge between them: activity, factor, GWP, method.

    The steps add up exactly in g CO2e, line by line and in sum. With --json the last object is the sum.
    """
    from carbon.activity import read_activities
    from carbon.recalculate import METHODS, STEPS, Basis, recalculate
    from carbon.region.divisions import chain_of, divisions
    from factors.gwp import gwp_set

    if method and method not in METHODS:
        raise asked.WrongUsage(f"--method {method!r} is none: write {' or '.join(METHODS)}")
    today = asked.today(asked.settings(None, home))
    before = Basis(gwp=gwp_set(gwp), factor_set=factor_set, known=asked.day(known, "--as-known"), programme=programme)
    after = Basis(
        gwp=gwp_set(against or gwp), factor_set=against_set or factor_set, method=method,
        known=asked.day(against_known, "--against-known") or before.known, programme=against_programme or programme,
    )  # fmt: skip
    lines = read_activities(file, tree=divisions(), today=today)
    changed = read_activities(revised, tree=divisions(), today=today) if revised else None
    found = recalculate(lines, asked.library(home), chain=chain_of, before=before, after=after, revised=changed)
    names = ("before", *STEPS, "after")
    rows = found.lines.select("line", *names).iter_rows(named=True)
    if as_json:
        for row in rows:
            asked.print_json({"line": row["line"], **{f"{name}_g": str(row[name]) for name in names}})
        asked.print_json({
            "bases": [_told(basis, emissions) for basis, emissions in ((before, found.before), (after, found.after))],
            **{f"{name}_g": str(amount) for name, amount in found.total.items()},
        })  # fmt: skip
        return
    asked.print_table(["line", *names], ((row["line"], *(f"{row[name]:,}" for name in names)) for row in rows), right=("line", *names))
    total = found.total
    steps = ", ".join(f"{name} {total[name]:+,}" for name in STEPS)
    asked.say(f"{total['before']:,} g CO2e → {total['after']:,} g CO2e: {steps}")


def _told(basis: object, emissions: object) -> dict[str, object]:
    """A basis with the packs, in their editions, that its answer was made from."""
    from carbon.estimate import EmissionFrame
    from carbon.recalculate import Basis

    assert isinstance(basis, Basis)
    assert isinstance(emissions, EmissionFrame)
    used = {one.factor.split("#")[0] for resolution in emissions.resolutions for one in resolution.parameters if one.factor}
    return {"gwp": basis.gwp.name, "factor_set": basis.factor_set, "method": basis.method, "packs": sorted(used)}
