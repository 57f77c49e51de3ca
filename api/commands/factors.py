"""What the factor packs hold."""

from typing import Annotated

import typer

from api.commands import asked

factors = typer.Typer(help="Activity codes and emission factors.", no_args_is_help=True, rich_markup_mode=None)


def list_activities(
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORD]...", help="Only those that hold every word.")] = None,
    as_json: asked.Json = False,
) -> None:
    """tanzhang factors activities
    tanzhang factors activities 电力
    tanzhang factors activities --json

    The activity codes that a file may name, with names, aliases and units.
    """
    from factors.activities import activities

    wanted = [word.lower() for word in words or []]
    found = [
        one
        for one in activities()
        if all(word in " ".join((one.id, one.name_zh, one.name_en, *one.aliases_zh, *one.aliases_en)).lower() for word in wanted)
    ]
    if as_json:
        for one in found:
            asked.print_json(one)
        return
    rows = ((one.id, one.name_zh, one.name_en, " ".join(one.units), " | ".join((*one.aliases_zh, *one.aliases_en))) for one in found)
    asked.print_table(["activity", "名称", "name", "units", "aliases"], rows)


def search(words: Annotated[list[str], typer.Argument(metavar="WORD...")], as_json: asked.Json = False) -> None:
    """tanzhang factors search electricity 330000
    tanzhang factors search 烟煤 --json

    Factors whose name, id, activity, region, set, source or year hold every word.
    """
    from factors.library import load_library

    found = load_library().search(" ".join(words))
    if as_json:
        for one in found:
            asked.print_json(one)
        return
    rows = (
        (one.id, one.name_zh, ", ".join(f"{p.name} {p.gas} {p.value} {p.unit}" for p in one.parameters), one.evidence, one.cited)
        for one in found
    )
    asked.print_table(["factor", "名称", "values", "evidence", "source"], rows)


asked.add(factors, list_activities, "activities")
asked.add(factors, search, "search")
