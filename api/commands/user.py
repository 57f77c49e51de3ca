"""Users, their offices and their keys."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import asked

if TYPE_CHECKING:
    from sqlmodel import Session

    from api.auth.office import Office
    from api.auth.vault import Vault

user = typer.Typer(help="Who may come in: people, machines, and the offices they hold.", no_args_is_help=True, rich_markup_mode=None)
key = typer.Typer(help="Keys of machines: made, listed, revoked.", no_args_is_help=True, rich_markup_mode=None)
ACTOR = "local-admin"
User = Annotated[str, typer.Argument(metavar="USER", help="A user's id, or the login of a person.")]
Role = Annotated[str, typer.Option("--role", help="Office: resident, firm, park, verifier, regulator, provider, administrator, …")]
Scope = Annotated[str | None, typer.Option("--scope", help="Holder id or division code within which the office is held.")]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input; else it is asked.")]


def add(
    login: str | None = typer.Argument(None, help="What the person signs in with; a machine has none."),
    role: str | None = typer.Option(None, "--role", help="Office: resident, firm, park, verifier, regulator, provider, administrator, …"),
    scope: Scope = None,
    name: str | None = typer.Option(None, "--name", help="The person's name, kept in the vault."),
    machine: bool = typer.Option(False, "--machine", help="A machine: no login, it comes by key."),
    password_stdin: Stdin = False,
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang user add wang@example.com --role regulator --scope 330500 --password-stdin < password.txt
    tanzhang user add --machine --role firm --scope h7k2m9

    Open a user under a new random id, which is printed, and let it hold an office. The person changes the password at the first sign-in.
    """
    from api.auth.office import bound_named
    from api.auth.password import hashed
    from api.auth.user import add_user, bind
    from api.auth.vault import Vault

    if machine == (login is not None):
        raise asked.WrongUsage("a person has a login, a machine has --machine instead")
    if machine and (password_stdin or name):
        raise asked.WrongUsage("a machine has neither password nor name: leave --password-stdin and --name out")
    office = _office(role) if role else None
    if office is None and scope:
        raise asked.WrongUsage("--scope bounds an office: give --role as well")
    given = None if machine else asked.password(password_stdin)
    book = asked.book(database, home)
    with asked.refusals():
        kept = hashed(given, login=str(login)) if given is not None else None
        with book.writing() as session:
            kind, fields = ("machine", None) if machine else ("person", {"name": name} if name else None)
            made = add_user(session, Vault.at(book.home), kind=kind, login=login, password=kept, given=True, fields=fields, now=asked.now())
            if office:
                bind(session, made, office, by=ACTOR, now=asked.now(), **bound_named(office, scope))
    asked.print_json({"id": made, "role": role, "scope": scope}) if as_json else print(made)


def list_users(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang user list
    tanzhang user list --json

    Who may come in, with the offices held and their numbers; logins and names stay in the vault.
    """
    from api.auth.user import users

    with asked.book(database, home).reading() as session:
        found = users(session)
    if as_json:
        for one in found:
            asked.print_json(one)
        return
    rows = [
        (
            one["id"], one["kind"], ", ".join(f"{held['office']} ({held['scope']}, {held['id']})" for held in one["offices"]),
            "example" if one["example"] else "", one["disabled_at"],
        )
        for one in found
    ]  # fmt: skip
    asked.print_table(["id", "kind", "offices", "", "disabled"], rows)


def disable(who: User, database: asked.Database = None, home: asked.Home = None) -> None:
    """tanzhang user disable u7k2m9p4qx
    tanzhang user disable wang@example.com

    Shut a user out at once: no sign-in, no session, no key. The record of what the user did stays; `tanzhang user enable` undoes it.
    """
    from api.auth.user import disable as shut_out
    from api.auth.vault import Vault

    book = asked.book(database, home)
    with book.writing() as session:
        found = _user(session, Vault.at(book.home), who)
        shut_out(session, found, now=asked.now())
    asked.say(f"shut out: {found}")


def enable(who: User, database: asked.Database = None, home: asked.Home = None) -> None:
    """tanzhang user enable u7k2m9p4qx
    tanzhang user enable wang@example.com

    Let a user in again who was shut out: offices hold again, and keys that were not revoked.
    """
    from api.auth.user import enable as let_in
    from api.auth.vault import Vault

    book = asked.book(database, home)
    with asked.refusals(), book.writing() as session:
        found = _user(session, Vault.at(book.home), who)
        let_in(session, found)
    asked.say(f"may come in again: {found}")


def bind(
    who: User, role: Role, scope: Scope = None, database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False
) -> None:
    """tanzhang user bind wang@example.com --role regulator --scope 330500
    tanzhang user bind u7k2m9p4qx --role security

    Let a user hold an office; its number is printed. Nobody is two of administrator, security and auditor.
    """
    from api.auth.office import bound_named
    from api.auth.user import bind as let_hold
    from api.auth.vault import Vault

    office = _office(role)
    book = asked.book(database, home)
    with asked.refusals(), book.writing() as session:
        user_id = _user(session, Vault.at(book.home), who)
        made = let_hold(session, user_id, office, by=ACTOR, now=asked.now(), **bound_named(office, scope))
    asked.print_json({"id": made.id, "user": made.user, "role": role, "scope": made.scope}) if as_json else print(made.id)


def unbind(
    office: Annotated[str, typer.Argument(metavar="OFFICE", help="The number of an office, as tanzhang user list shows it.")],
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang user unbind b7k2m9p4qx

    Take an office away: sessions and keys in it end.
    """
    from api.auth.user import end_binding

    with asked.book(database, home).writing() as session:
        end_binding(session, office, by=ACTOR, now=asked.now())
    asked.say(f"taken away: {office}")


def password(who: User, password_stdin: Stdin = False, database: asked.Database = None, home: asked.Home = None) -> None:
    """tanzhang user password wang@example.com --password-stdin < password.txt

    Give a person another password, which is changed at the next sign-in; every session of theirs ends.
    """
    from api.auth.password import hashed
    from api.auth.user import set_password
    from api.auth.vault import Vault

    given, book = asked.password(password_stdin), asked.book(database, home)
    with asked.refusals():
        kept = hashed(given, login=who)
        with book.writing() as session:
            found = _user(session, Vault.at(book.home), who)
            set_password(session, found, kept, now=asked.now())
    asked.say(f"another password: {found}")


def drop_second_factor(who: User, database: asked.Database = None, home: asked.Home = None) -> None:
    """tanzhang user drop-second-factor wang@example.com

    Take away a lost authenticator and its recovery codes; every session ends, and another is enrolled at the next sign-in.
    """
    from api.auth.session import sign_out_everywhere
    from api.auth.totp import drop
    from api.auth.vault import Vault

    book = asked.book(database, home)
    with book.writing() as session:
        found = _user(session, Vault.at(book.home), who)
        drop(session, found)
        sign_out_everywhere(session, found)
    asked.say(f"no second factor: {found}")


def add_key(
    office: Annotated[str, typer.Argument(metavar="OFFICE", help="The number of an office, as tanzhang user list shows it.")],
    name: Annotated[str, typer.Option("--name", help="Which machine it is for.")],
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="It ends after so many days, else never.")] = None,
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang user key add b7k2m9p4qx --name "meter gateway" --days 365
    tanzhang user key add b7k2m9p4qx --name gateway --json

    Make a key for an office. It is printed this once: keep it where the machine alone reads it.
    """
    from datetime import timedelta

    from api.auth.key import make_key

    now = asked.now()
    expires = now + timedelta(days=days) if days else None
    with asked.refusals(), asked.book(database, home).writing() as session:
        number, text = make_key(session, office, name=name, expires=expires, now=now)
    asked.print_json({"id": number, "key": text, "expires_at": expires}) if as_json else print(text)
    asked.say(f"key {number} of office {office}, " + (f"until {expires:%Y-%m-%d}" if expires else "without an end") + "; it is shown once")


def list_keys(
    who: Annotated[str | None, typer.Argument(metavar="[USER]", help="A user's id or login, else everybody's.")] = None,
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang user key list
    tanzhang user key list u7k2m9p4qx --json

    Every key with its office, ended ones too; never the key itself.
    """
    from dataclasses import asdict

    from api.auth.key import keys
    from api.auth.vault import Vault

    book = asked.book(database, home)
    with book.reading() as session:
        found = keys(session, None if who is None else _user(session, Vault.at(book.home), who))
    if as_json:
        for one in found:
            asked.print_json(asdict(one))
        return
    rows = [(one.id, one.name, one.user, one.office, _day(one.expires_at), _day(one.revoked_at)) for one in found]
    asked.print_table(["id", "name", "user", "office", "until", "revoked"], rows)


def revoke(
    number: Annotated[str, typer.Argument(metavar="KEY", help="The number of a key, as tanzhang user key list shows it.")],
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang user key revoke k7k2m9p4qx

    End a key at once.
    """
    from api.auth.key import revoke_key

    with asked.book(database, home).writing() as session:
        revoke_key(session, number, now=asked.now())
    asked.say(f"revoked: {number}")


def _user(session: "Session", vault: "Vault", text: str) -> str:
    """The id of a user who is named by id or by login; the record of access tells it of the command."""
    from api.audit.visit import tell
    from api.auth.errors import UserNotFound
    from api.auth.user import find_by_login, find_user

    try:
        found = str(find_user(session, text)["id"])
    except UserNotFound:
        found = find_by_login(session, vault, text)
    tell(object=found)
    return found


def _office(role: str) -> "Office":
    from api.auth.office import Office

    if role not in set(Office):
        raise asked.WrongUsage(f"--role {role!r}: one of {', '.join(Office)}")
    return Office(role)


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"


asked.add(user, add)
asked.add(user, list_users, "list")
asked.add(user, disable)
asked.add(user, enable)
asked.add(user, bind)
asked.add(user, unbind)
asked.add(user, password)
asked.add(user, drop_second_factor, "drop-second-factor")
asked.add(key, add_key, "add")
asked.add(key, list_keys, "list")
asked.add(key, revoke)
user.add_typer(key, name="key")
