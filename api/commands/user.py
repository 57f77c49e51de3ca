"""Users and their offices."""

import sys
from typing import TYPE_CHECKING

import typer

from api.commands import asked

if TYPE_CHECKING:
    from api.auth.office import Office

user = typer.Typer(help="Who may come in: people, machines, and the offices they hold.", no_args_is_help=True, rich_markup_mode=None)


def add(
    login: str | None = typer.Argument(None, help="What the person signs in with; a machine has none."),
    role: str | None = typer.Option(None, "--role", help="Office: resident, firm, park, verifier, regulator, provider, administrator, …"),
    scope: str | None = typer.Option(None, "--scope", help="Holder id or division code within which the office is held."),
    name: str | None = typer.Option(None, "--name", help="The person's name, kept in the vault."),
    machine: bool = typer.Option(False, "--machine", help="A machine: no login, it comes by key."),
    password_stdin: bool = typer.Option(False, "--password-stdin", help="Read the password from standard input; else it is asked."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang user add wang@example.com --role regulator --scope 330500 --password-stdin < password.txt
    tanzhang user add --machine --role firm --scope h7k2m9

    Open a user under a new random id, which is printed, and let it hold an office.
    """
    from api.auth.errors import BadUser
    from api.auth.user import add_user, bind
    from api.auth.vault import Vault

    if machine == (login is not None):
        raise asked.WrongUsage("a person has a login, a machine has --machine instead")
    office = _office(role) if role else None
    password = None if machine else _password(password_stdin)
    book = asked.book(database, home)
    try:
        with book.writing() as session:
            kind, fields = ("machine", None) if machine else ("person", {"name": name} if name else None)
            made = add_user(session, Vault.at(book.home), kind=kind, login=login, password=password, fields=fields, now=asked.now())
            if office:
                bind(session, made, office, by="local-admin", now=asked.now(), **_scope(office, scope))
    except BadUser as error:
        raise asked.WrongUsage(str(error)) from error
    asked.print_json({"id": made, "role": role, "scope": scope}) if as_json else print(made)


def _office(role: str) -> "Office":
    from api.auth.office import Office

    if role not in set(Office):
        raise asked.WrongUsage(f"--role {role!r}: one of {', '.join(Office)}")
    return Office(role)


def _scope(office: "Office", scope: str | None) -> dict[str, str]:
    """The bound by its kind; nothing for an office of the platform."""
    from api.auth.office import DUTIES, Bound

    bound = DUTIES[office].bound
    if (scope is None) != (bound is Bound.PLATFORM):
        raise asked.WrongUsage(f"the office of {office} is held within a {bound}: " + ("leave --scope out" if scope else "give --scope"))
    return {} if scope is None else {bound.value: scope}


def _password(from_stdin: bool) -> str:
    """A line of standard input, or what is typed twice at a terminal; nothing is asked without one."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise asked.WrongUsage("there is no terminal to ask for the password: give it with --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def list_users(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang user list
    tanzhang user list --json

    Who may come in, with the offices held; logins and names stay in the vault.
    """
    from api.auth.user import users

    with asked.book(database, home).reading() as session:
        found = users(session)
    if as_json:
        for one in found:
            asked.print_json(one)
        return
    rows = [
        (one["id"], one["kind"], ", ".join(f"{held['office']} ({held['scope']})" for held in one["offices"]), one["disabled_at"] or "")
        for one in found
    ]
    asked.print_table(["id", "kind", "offices", "disabled"], rows)


asked.add(user, add)
asked.add(user, list_users, "list")
