"""Accounting guides on the command line: which there are, and the items that a line may name as its formula."""

from typing import Annotated

import typer

from api.commands import asked

guides = typer.Typer(help="Accounting guides: sources, formulas, defaults.", no_args_is_help=True, rich_markup_mode=None)


def list_all(as_json: asked.Json = False) -> None:
    """tanzhang guides list
    tanzhang guides list --json

    Every guide, with its documents and how many sources and items it has.
    """
    from factors.guide import guides as every

    found = [guide.summary for guide in every().values()]
    if as_json:
        for one in found:
            asked.print_json(one)
        return
    rows = ((one.id, one.name_zh, one.name_en, one.sources, one.items, "；".join(one.documents)) for one in found)
    asked.print_table(["guide", "名称", "name", "sources", "items", "documents"], rows, right=("sources", "items"))


def show(
    name: Annotated[str, typer.Argument(metavar="GUIDE", help="Its id, as `tanzhang guides list` tells it.")], as_json: asked.Json = False
) -> None:
    """tanzhang guides show cement
    tanzhang guides show cement --json

    One guide: each source with its formula, and its items with what they take; * marks a variable that must be measured.
    """
    from factors.guide import find_guide

    guide = find_guide(name)
    if as_json:
        asked.print_json(guide)
        return
    print(f"{guide.name_zh}  {guide.name_en}")
    for document in guide.documents:
        print(f"  {document}")
    for source in guide.sources:
        print(f"\n{source.id}  {source.name_zh}  {source.name_en}  [{source.edition}]  {source.mark} ({source.evidence})")
        print(f"  {source.formula}")
        for line in filter(None, (source.symbols, source.allowed and f"may be defaults: {source.allowed}", source.defaults, source.note)):
            print(f"  {line}")
        ordinary = [*source.activities, *(f"{family}.*" for family in source.families)]
        if ordinary:
            print(f"  ordinary lines: {', '.join(ordinary)}")
        for item in source.items:
            told = ", ".join(f"{v.name}={v.default}" if v.default is not None else f"{v.name}*" for v in item.variables)
            formulas = "; ".join(f"{text} {item.gives} {gas}" for gas, text in item.formulas.items())
            print(f"  {'-' if item.sign < 0 else '+'} {item.id}  per {item.unit}: {formulas}" + (f"  [{told}]" if told else ""))


def steam(
    pressure: Annotated[str, typer.Argument(metavar="MPA", help="Absolute pressure in MPa.")],
    temperature: Annotated[
        str | None, typer.Argument(metavar="CELSIUS", help="Temperature in °C; without it the steam is saturated.")
    ] = None,
    as_json: asked.Json = False,
) -> None:
    """tanzhang guides steam 1.0
    tanzhang guides steam 0.5 300 --json

    Enthalpy of steam by the guides' tables, in kJ/kg: the variable H of the items of heat.
    """
    from factors.steam import enthalpy

    found = enthalpy(pressure, temperature)
    if as_json:
        asked.print_json(found)
        return
    print(f"{found.enthalpy} kJ/kg  {found.mark} ({found.evidence})" + (f"  doubted: {found.doubt}" if found.doubt else ""))


asked.add(guides, list_all, "list")
asked.add(guides, show)
asked.add(guides, steam)
