"""Statistical series of divisions: imported as a source of their own, never postings."""

from typing import Annotated

import typer

from api.commands import asked

region = typer.Typer(help="What statisticians publish about divisions.", no_args_is_help=True, rich_markup_mode=None)


def import_file(
    file: asked.File, source: str = typer.Option(..., "--source", help="Name of the source; the same name again makes a new edition."),
    unit: str = typer.Option(..., "--unit", help="Unit of mass of the cells, such as Mt."), gas: str = typer.Option("CO2", "--gas"),
    unknown_to_parent: bool = typer.Option(False, "--unknown-to-parent", help="Add codes that never were divisions to their city."),
    licence: str | None = typer.Option(None, "--licence", help="Under which licence the source is published."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang region import county_co2.csv --source Chen2020 --unit Mt --unknown-to-parent

    Import a series: long (division,year,mass) or wide (adcode or division, and years as columns). A blank is no value, not zero.
    """
    from dataclasses import asdict

    from carbon.region.divisions import divisions
    from carbon.region.series import import_series
    from ledger.principal import LOCAL_ADMIN

    with asked.book(database, home).writing() as session:
        receipt = import_series(
            session, file, source=source, unit=unit, gas=gas, unknown_to_parent=unknown_to_parent, licence=licence, principal=LOCAL_ADMIN,
            now=asked.now(), tree=divisions(),
        )  # fmt: skip
    for code in receipt.to_parent:
        asked.say(f"{code}: never was a division; its mass went to the unallocated row of its city")
    if as_json:
        asked.print_json(asdict(receipt) | {"total": str(receipt.total)})
        return
    same = f"; it says the same as edition {receipt.same_as}" if receipt.same_as else ""
    print(f"{source}: {receipt.cells:,} cells imported as edition {receipt.edition}, {receipt.total:,} {receipt.unit} in all{same}")


def show(
    division: Annotated[str, typer.Argument(metavar="DIVISION", help="Six digits; the nation is 100000.")],
    year: int = typer.Option(..., "--year"),
    source: str = typer.Option(..., "--source"),
    edition: int | None = typer.Option(None, "--edition", help="The newest where it is left out."),
    database: asked.Database = None,
    home: asked.Home = None,
    as_json: asked.Json = False,
) -> None:
    """tanzhang region show 330000 --year 2017 --source Chen2020 --json
    tanzhang region show 100000 --year 2017 --source Chen2020

    A division's mass in a year, its children's, and what is not allocated to them; they add up to the gram.
    """
    from carbon.region.divisions import divisions
    from carbon.region.series import show_series

    with asked.book(database, home).reading() as session:
        shown = show_series(session, division, year=year, source=source, edition=edition, tree=divisions())
    if as_json:
        asked.print_json(shown)
        return
    rows = [(child["division"], child["name"], f"{int(child['mass_g']):,}") for child in shown["children"]]
    rows += [("", "unallocated", f"{int(shown['unallocated_g']):,}"), (division, "total", f"{int(shown['mass_g']):,}")]
    asked.print_table(["division", "name", "mass, g"], rows, right=("mass, g",))


asked.add(region, import_file, "import")
asked.add(region, show, "show")
