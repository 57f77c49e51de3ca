"""Holders and their sites."""

import typer

from api.commands import asked

holder = typer.Typer(help="Who answers for emissions: firms, parks, residents.", no_args_is_help=True, rich_markup_mode=None)
site = typer.Typer(help="Where a holder's emissions happen.", no_args_is_help=True, rich_markup_mode=None)


def add(
    name: str = typer.Option(..., "--name", help="Name, kept apart from the books."),
    kind: str = typer.Option("firm", "--kind", help="firm, park or resident."),
    credit_code: str | None = typer.Option(None, "--credit-code", help="Unified social credit code."),
    industry: str | None = typer.Option(None, "--industry", help="GB/T 4754 code, such as C3011; decides the sector of fuel burnt."),
    example: bool = typer.Option(False, "--example", help="Mark it as an example wherever it is shown."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang holder add --name 示例建材有限公司 --kind firm --industry C3011

    Open a holder under a new random id, which is printed.
    """
    from dataclasses import asdict

    from carbon.holder import add_holder
    from ledger.principal import LOCAL_ADMIN

    with asked.book(database, home).writing() as session:
        added = add_holder(
            session, LOCAL_ADMIN, name=name, kind=kind, credit_code=credit_code, industry=industry, example=example, now=asked.now()
        )
    asked.print_json(asdict(added)) if as_json else print(added.id)


def list_holders(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang holder list
    tanzhang holder list --json

    The holders of the book.
    """
    from dataclasses import asdict

    from carbon.holder import holders
    from ledger.principal import LOCAL_ADMIN

    with asked.book(database, home).reading() as session:
        found = holders(session, LOCAL_ADMIN, limit=100_000)
    if as_json:
        for one in found:
            asked.print_json(asdict(one))
        return
    asked.print_table(
        ["id", "kind", "name", "industry", "example"],
        ((h.id, h.kind, h.name, h.industry, "示例 example" if h.example else "") for h in found),
    )


def add_one_site(
    holder_id: str = typer.Option(..., "--holder", help="Id of the holder."),
    code: str = typer.Option(..., "--code", help="The holder's own code, such as s01."),
    division: str = typer.Option(..., "--division", help="Six digits of GB/T 2260, or ISO 3166."),
    since: str = typer.Option(..., "--from", help="First day on which it lies there."),
    name: str = typer.Option("", "--name", help="What people call it."),
    database: asked.Database = None,
    home: asked.Home = None,
    as_json: asked.Json = False,
) -> None:
    """tanzhang site add --holder h7k2m9abcd --code s01 --division 330522 --from 2020-01-01 --name 长兴一厂

    Open a site of a holder in a division, from a day on.
    """
    from dataclasses import asdict

    from carbon.holder import add_site
    from carbon.region.divisions import divisions
    from ledger.principal import LOCAL_ADMIN

    first = asked.day(since, "--from")
    assert first is not None
    with asked.book(database, home).writing() as session:
        added = add_site(session, LOCAL_ADMIN, holder=holder_id, code=code, name=name, division=division, since=first, tree=divisions())
    asked.print_json(asdict(added)) if as_json else print(added.id)


asked.add(holder, add, "add")
asked.add(holder, list_holders, "list")
asked.add(site, add_one_site, "add")
