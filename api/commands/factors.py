"""What the factor packs hold, and packs of one's own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import asked

if TYPE_CHECKING:
    from carbon.settings import Settings

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


def search(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORD...", help="In Chinese or English; each must be found.")] = None,
    activity: Annotated[str, typer.Option("--activity", help="Only of this activity code.")] = "",
    region: Annotated[str, typer.Option("--region", help="Only of this place and what lies in it: CN, 330000, GB …")] = "",
    year: Annotated[int | None, typer.Option("--year", help="Only what may answer for that year.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="Only what a quantity in that unit can be multiplied with.")] = "",
    source: Annotated[str, typer.Option("--source", help="Only where the citation, publisher or pack holds this.")] = "",
    scope: Annotated[str, typer.Option("--scope", help="Only of this GHG Protocol scope: 1, 2 or 3.")] = "",
    home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang factors search 烟煤
    tanzhang factors search electricity --region 330000 --year 2022
    tanzhang factors search 短途航班 --json

    Factors whose names, aliases, place, set, source or year hold every word, the likeliest first.
    """
    from api.finding import search_in
    from factors.search import Wanted

    found = search_in(asked.library(home)).find(
        Wanted(words=" ".join(words or []), activity=activity, region=region, year=year, unit=unit, source=source, scope=scope)
    )
    if found.asks:
        asked.say(f"{' '.join(words or [])} may mean {len(found.asks)} activities; say which with --activity:")
        for one in found.asks:
            asked.say(f"  {one.id}  {one.name_zh}  {one.name_en}")
    if not found.exact:
        asked.say("no factor holds all of these words; the nearest are:" if found.factors else "no factor holds all of these words")
    if as_json:
        for factor in found.factors:
            asked.print_json(factor)
        return
    rows = (
        (one.id, one.name_zh, ", ".join(f"{p.name} {p.gas} {p.value} {p.unit}" for p in one.parameters), one.evidence, one.cited)
        for one in found.factors
    )
    asked.print_table(["factor", "名称", "values", "evidence", "source"], rows)


def packs(home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang factors packs
    tanzhang factors packs --json

    Every pack, shipped or added: rows, years, places, and how far its numbers were checked.
    """
    from factors.coverage import coverage

    found = coverage(asked.library(home))
    if as_json:
        for one in found:
            asked.print_json(one)
        return
    rows = (
        (
            one.pack, one.title_zh, one.rows, one.factors, one.regions, f"{one.year_from or ''}–{one.year_to or ''}", one.rank,
            ", ".join(f"{count} {name}" for name, count in one.evidence.items()), one.publisher,
        )
        for one in found
    )  # fmt: skip
    head = ["pack", "名称", "rows", "factors", "places", "years", "rank", "evidence", "publisher"]
    asked.print_table(head, rows, right=("rows", "factors", "places"))


def add(
    source: Annotated[Path, typer.Argument(metavar="DIR|FILE.xlsx", help="A folder with pack.toml and factors.csv, or a filled template.")],
    second: Annotated[
        str, typer.Option("--second", help="The other person who agreed, once there are users: an account or staff number, no name.")
    ] = "",
    home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang factors add supplier.xlsx
    tanzhang factors add my-pack/ --second auditor-7

    Check a pack of one's own and store it in the home: whole, or not at all with every fault named; exit 3. Safe to repeat.

    From then on its factors answer, so it takes two where there are two: once the book has users of its own, --second names who agreed.
    """
    from carbon.own_pack import Release, add_pack
    from ledger.principal import LOCAL_ADMIN

    chosen = asked.settings(None, home)
    if not second and _has_users(chosen):
        raise asked.WrongUsage("this book has users, and a pack changes its numbers: name the other person who agreed with --second")
    release = Release(by=LOCAL_ADMIN.actor, second=second, at=asked.now())
    pack, new = add_pack(source, chosen.home, asked.library(home), release=release)
    if as_json:
        asked.print_json({"pack": pack.manifest.id, "rows": pack.manifest.rows, "sha256": pack.manifest.sha256, "new": new})
        return
    told = "stored" if new else "was stored before"
    print(f"{pack.manifest.id} {told}: {pack.manifest.rows} rows, {len(pack.factors)} factors, rank {pack.manifest.rank}")


def _has_users(chosen: "Settings") -> bool:
    """Whether the book has users of its own; a home without a book, and a demo, have none."""
    from api.auth.user import users
    from ledger.book import open_book
    from ledger.errors import BookNotMigrated

    try:
        book = open_book(chosen.database_url, home=chosen.home)
    except BookNotMigrated:
        return False
    with book.reading() as session:
        return any(not one["example"] for one in users(session))


def template(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="Where to write the empty workbook.")],
) -> None:
    """tanzhang factors template supplier.xlsx

    An empty workbook for factors of one's own; fill it in and give it to `tanzhang factors add`.
    """
    from carbon.own_pack_sheet import write_template

    if file.exists():
        raise asked.WrongUsage(f"{file} exists: name another file")
    if file.suffix.lower() != ".xlsx":
        raise asked.WrongUsage(f"{file} must end in .xlsx")
    write_template(file)
    asked.say(f"{file} written: one number a row in 因子 factors, who states them in 说明 pack")


asked.add(factors, list_activities, "activities")
asked.add(factors, search, "search")
asked.add(factors, packs)
asked.add(factors, add)
asked.add(factors, template)
