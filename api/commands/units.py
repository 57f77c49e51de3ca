"""Units on the command line: what may be written, and exact conversions that say what they used."""

from typing import Annotated

import typer

from api.commands import asked

units = typer.Typer(help="Units and exact conversions.", no_args_is_help=True, rich_markup_mode=None)

Question = Annotated[list[str], typer.Argument(metavar="VALUE UNIT TO", help="A number, its unit and the unit wanted.")]
Fuel = Annotated[str | None, typer.Option("--fuel", help="Activity whose calorific value, density or coefficient joins the two units.")]
Set = Annotated[str | None, typer.Option("--set", help="Parameter set of the fuel, else a default set; only one is used.")]
As = Annotated[str | None, typer.Option("--as", help="Standard coal as 当量值 (calorific) or 等价值 (equivalent).")]
Year = Annotated[int | None, typer.Option("--year", min=1900, max=2100, help="Year of the coefficient; 等价值 needs one.")]
Coefficient = Annotated[str | None, typer.Option("--coefficient", help="Id of a coefficient that is doubted, wanted all the same.")]


def convert_units(
    question: Question, fuel: Fuel = None, parameter_set: Set = None, kind: As = None, year: Year = None, coefficient: Coefficient = None,
    home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang units convert 1 tce GJ
    tanzhang units convert 1 万kWh tce --as 当量值
    tanzhang units convert 100 t GJ --fuel combustion.stationary.diesel --set ndrc2013_steel
    tanzhang units convert -- -2.5 short_ton kg

    An amount in another unit, exactly, and by which definition or cited value.
    """
    from factors.convert import convert, fuel_factor, read_question

    if kind is None and (year is not None or coefficient is not None):
        raise asked.WrongUsage("--year and --coefficient belong to --as 当量值 or --as 等价值")
    if parameter_set is not None and (fuel is None or kind is not None):
        raise asked.WrongUsage("--set names a set of the fuel: add --fuel, without --as")
    value, source, target = read_question(question)
    if kind is not None:
        _standard_coal(value, source.token, target.token, fuel, kind, year, coefficient, as_json=as_json)
        return
    lent = None
    if fuel is not None:
        from factors.activities import find_activity

        lent = fuel_factor(asked.library(home), find_activity(fuel), parameter_set)
    found = convert(value, source.token, target.token, factor=lent)
    if as_json:
        asked.print_json(found)
        return
    print(found.sentence)
    for said in found.by:
        print(f"  by {said}")


def _standard_coal(
    value: str, unit: str, to: str, fuel: str | None, kind: str, year: int | None, coefficient: str | None, *, as_json: bool
) -> None:
    """Print the amount in standard coal, its kind and its coefficient."""
    import msgspec

    from factors.activities import find_activity
    from factors.convert import to_standard_coal
    from factors.energy import KINDS

    if kind not in KINDS:
        raise asked.WrongUsage(f"--as {kind!r}: one of {', '.join(KINDS)}")
    if fuel is None and not unit.endswith("Wh"):
        raise asked.WrongUsage(f"standard coal of {unit} depends on what it is: name it with --fuel, such as --fuel heat.purchased")
    activity = find_activity(fuel).id if fuel else "electricity.grid"
    found, used = to_standard_coal(value, unit, to, activity=activity, kind=KINDS[kind], year=year, coefficient=coefficient)
    if as_json:
        asked.print_json({**msgspec.to_builtins(found), "kind": used.kind, "kind_zh": used.kind.name_zh, "coefficient": used})
        return
    print(f"{found.sentence}, {used.kind.name_zh} ({used.kind})")
    for said in found.by:
        print(f"  by {said}")
    if fuel is None:
        asked.say(f"{unit} was taken to be electricity; --fuel names anything else")


def list_units(
    dimension: Annotated[str | None, typer.Argument(metavar="[DIMENSION]", help="Only those that measure this.")] = None,
    as_json: asked.Json = False,
) -> None:
    """tanzhang units list
    tanzhang units list energy
    tanzhang units list ambiguous --json

    The units that may be written, what defines them, and the spellings that are refused because they mean several.
    """
    from factors.units import ambiguous, units

    known = dict.fromkeys(unit.dimension for unit in units())
    if dimension is not None and dimension not in {*known, "ambiguous"}:
        raise asked.WrongUsage(f"dimension {dimension!r}: one of {', '.join(known)}, ambiguous")
    rows: list[tuple[str | tuple[str, ...], ...]]
    if dimension == "ambiguous":
        head, rows = ["spelling", "write_one_of", "why"], [(text, names, why) for text, (names, why) in ambiguous().items()]
    else:
        head = ["token", "dimension", "aliases", "defined_by"]
        rows = [(u.token, u.dimension, u.aliases, u.source) for u in units() if dimension in {None, u.dimension}]
    if as_json:
        for row in rows:
            asked.print_json(dict(zip(head, row, strict=True)))
        return
    asked.print_table(head, ([cell if isinstance(cell, str) else " | ".join(cell) for cell in row] for row in rows))


asked.add(units, convert_units, "convert")
asked.add(units, list_units, "list")
