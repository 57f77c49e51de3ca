"""Who may come in: the administrator opens users and shuts them out, the security officer gives offices and takes them away."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from sqlmodel import Session

from api.auth import vault as person
from api.auth.approval import about
from api.auth.errors import BadUser, OwnRights, SecondNeeded, UserNotFound
from api.auth.office import GRAVE, Action, Office, bound_named
from api.auth.password import hashed
from api.auth.rights import give, take
from api.auth.user import Binding, add_user, disable, enable, find_by_login, find_user, history, users
from api.bounds import office_of
from api.doors import ADMINISTRATOR, ROSTER, SECURITY
from api.export import table_response
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import Form, now, onto
from api.pages.words import OFFICES
from api.problems import N_, problem_of
from api.sentences import sentence_of
from carbon.holder import holders
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN

PAGE = 50
HEAD = ["user", "kind", "name", "example", "opened", "shut_out", "password_given", "office", "within", "scope", "given_by", "given_at"]
CHANGES = ["user", "office", "within", "scope", "given_by", "given_at", "ended_by", "ended_at"]
TWO = N_("This takes two: a second security officer was asked.")


@get("/users", opt=ROSTER, sync_to_thread=True)
def user_list(request: Asked, book: NamedDependency[Book], after: FromQuery[str] = "", login: FromQuery[str] = "") -> Response[str]:
    """Every user, or the one of a login."""
    return _list(request, book, after=after, login=login)


@get("/users/list/{file:str}", opt=ROSTER, sync_to_thread=True)
def user_list_file(request: Asked, file: FromPath[str], book: NamedDependency[Book]) -> Response[bytes]:
    """Every user as CSV or JSON: a row an office that is held, and one for a user without any."""
    with book.reading() as session:
        listed = users(session)
        names, office, where = _names(request, session, [one["id"] for one in listed]), office_words(request), bound_words(request, session)
        rows: list[list[object]] = []
        for one in listed:
            first = [one["id"], one["kind"], names.get(one["id"]), "example" if one["example"] else ""]
            first += [_moment(one[name]) for name in ("created_at", "disabled_at", "password_given_at")]
            rows += [
                [*first, office(held["office"]), where(held["scope"]), held["scope"], held["given_by"], _moment(held["given_at"])]
                for held in one["offices"]
            ] or [[*first, None, None, None, None, None]]
    return table_response(file, stem="users", head=HEAD, rows=rows)


@get("/users/{user_id:str}/{file:str}", opt=ROSTER, sync_to_thread=True)
def user_file(request: Asked, user_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book]) -> Response[bytes]:
    """Every office that a user holds or held, who gave it and who ended it, as CSV or JSON."""
    with book.reading() as session:
        find_user(session, user_id)
        office, where = office_words(request), bound_words(request, session)
        rows: list[list[object]] = [
            [user_id, office(one["office"]), where(_scope(one)), _scope(one), one["given_by"], _moment(one["given_at"]), one["ended_by"],
             _moment(one["ended_at"])]
            for one in history(session, user_id)
        ]  # fmt: skip
    return table_response(file, stem=f"{user_id}-offices", head=CHANGES, rows=rows)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


@post("/users", opt=ADMINISTRATOR, sync_to_thread=True, status_code=303)
def user_add(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Open a user. It holds no office until a security officer gives one."""
    machine = data.get("kind") == "machine"
    kind, login, password = ("machine", None, None) if machine else ("person", data.get("login", ""), data.get("password", ""))
    fields = {"name": data["name"].strip()} if data.get("name", "").strip() else None
    try:
        kept = hashed(password, login=str(login)) if password is not None else None
        with book.writing() as session:
            made = add_user(session, request.app.state.vault, kind=kind, login=login, password=kept, given=True, fields=fields, now=now())
    except BadUser as error:
        return _list(request, book, said=said_of(request, error), typed=data, status=problem_of(error).status)
    return onto(request, f"/users/{made}", N_("The user is there. A security officer gives it an office."))


@get("/users/{user_id:str}", opt=ROSTER, sync_to_thread=True)
def user_page(request: Asked, user_id: FromPath[str], book: NamedDependency[Book]) -> Response[str]:
    """A user: what it holds and held, who gave it, and what was asked about it."""
    return _page(request, book, user_id)


@post("/users/{user_id:str}/disable", opt=ADMINISTRATOR, sync_to_thread=True, status_code=303)
def user_disable(request: Asked, user_id: FromPath[str], book: NamedDependency[Book]) -> Response[Any]:
    """Shut a user out."""
    if user_id == office_of(request).user:
        raise OwnRights("shut a user out")
    with book.writing() as session:
        disable(session, user_id, now=now())
    return onto(request, f"/users/{user_id}", N_("The user is shut out: sessions and keys ended."))


@post("/users/{user_id:str}/enable", opt=ADMINISTRATOR, sync_to_thread=True, status_code=303)
def user_enable(request: Asked, user_id: FromPath[str], book: NamedDependency[Book]) -> Response[Any]:
    """Let a user in again."""
    if user_id == office_of(request).user:
        raise OwnRights("let a user in")
    with book.writing() as session:
        enable(session, user_id)
    return onto(request, f"/users/{user_id}", N_("The user may come in again: offices hold, and keys that were not revoked."))


@post("/users/{user_id:str}/offices", opt=SECURITY, sync_to_thread=True, status_code=303)
def office_give(request: Asked, user_id: FromPath[str], data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Give an office, or ask a second security officer for it."""
    try:
        with book.writing() as session:
            office, scope = _wanted(data)
            given = give(session, office_of(request), user_id, office, now=now(), **scope)
    except (BadUser, OwnRights, SecondNeeded) as error:
        return _page(request, book, user_id, said=said_of(request, error), typed=data, status=problem_of(error).status)
    if isinstance(given, str):
        return onto(request, f"/approvals/{given}", TWO, kind="warn")
    if office in GRAVE:
        alone = N_("Given by you alone: there is no second security officer who could decide it.")
        return onto(request, f"/users/{user_id}", alone, kind="warn")
    return onto(request, f"/users/{user_id}", N_("The office is given."))


@post("/users/{user_id:str}/offices/{binding_id:str}/end", opt=SECURITY, sync_to_thread=True, status_code=303)
def office_take(request: Asked, user_id: FromPath[str], binding_id: FromPath[str], book: NamedDependency[Book]) -> Response[Any]:
    """Take an office away, or ask a second security officer where it is another one's."""
    with book.writing() as session:
        if all(one["id"] != binding_id for one in history(session, user_id)):
            raise UserNotFound(f"office {binding_id}")
        asked = take(session, office_of(request), binding_id, now=now())
    if asked:
        return onto(request, f"/approvals/{asked}", TWO, kind="warn")
    return onto(request, f"/users/{user_id}", N_("The office is taken away, and its sessions ended."))


def _wanted(data: dict[str, str]) -> tuple[Office, dict[str, str]]:
    """The office and the bound that a form names. Raises BadUser."""
    role, scope = data.get("role", ""), data.get("scope", "").strip()
    if role not in set(Office):
        raise BadUser(field="role", reason=f"one of {', '.join(Office)}")
    return Office(role), bound_named(Office(role), scope)


def _list(
    request: Asked, book: Book, *, after: str = "", login: str = "", said: str = "", typed: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    vault = request.app.state.vault
    with book.reading() as session:
        only = None
        if login:
            try:
                only = find_by_login(session, vault, login)
            except UserNotFound:
                only = ""
        listed = users(session, after=after, only=only, limit=PAGE + 1)
        names = _names(request, session, [one["id"] for one in listed[:PAGE]])
        return page(
            request, "users.html", session=session, here="users", status=status, shown=listed[:PAGE], names=names, after=after, login=login,
            more=listed[PAGE - 1]["id"] if len(listed) > PAGE else None, office=office_words(request), where=bound_words(request, session),
            may_add=_holds(request, Action.ADMINISTER), said=said, typed=typed or {},
        )  # fmt: skip


def _page(
    request: Asked, book: Book, user_id: str, *, said: str = "", typed: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    with book.reading() as session:
        found = users(session, only=user_id)
        if not found:
            raise UserNotFound(f"user {user_id}")
        changes = history(session, user_id)
        asked = about(session, user_id)
        people = {user_id, *(one.asked_by for one in asked), *(one.decided_by or user_id for one in asked)}
        people |= {str(one[field]) for one in changes for field in ("given_by", "ended_by") if one[field]}
        own = office_of(request).user == user_id
        return page(
            request, "user.html", session=session, here="users", status=status, user=found[0], changes=changes,
            names=_names(request, session, sorted(people)), requests=asked, office=office_words(request),
            where=bound_words(request, session), offices=[one.value for one in Office], grave=sorted(GRAVE),
            may_give=not own and found[0]["disabled_at"] is None and _holds(request, Action.SECURE),
            may_disable=not own and _holds(request, Action.ADMINISTER), own=own,
            said=said, typed=typed or {}, scope_of=_scope, login=_login(request, session, user_id),
        )  # fmt: skip


def _names(request: Asked, session: Session, ids: list[str]) -> dict[str, str]:
    """What users are called, for who opens them and who gives them offices; the auditor reads ids alone."""
    if not (_holds(request, Action.ADMINISTER) or _holds(request, Action.SECURE)):
        return {}
    return {one: person.called(session, request.app.state.vault, one) for one in ids}


def _login(request: Asked, session: Session, user_id: str) -> str:
    """What a user signs in with, for the administrator."""
    return person.known(session, request.app.state.vault, user_id).get("login", "") if _holds(request, Action.ADMINISTER) else ""


def _holds(request: Asked, action: Action) -> bool:
    return action in office_of(request).duty.actions


def office_words(request: Asked) -> Callable[[str], str]:
    """Names offices in the language of the page."""
    return lambda name: translate(request, OFFICES[Office(name)])


def _scope(change: dict[str, Any]) -> str:
    return Binding(change["id"], change["user_id"], Office(change["office"]), change["holder_id"], change["division"]).scope


def bound_words(request: Asked, session: Session) -> Callable[[str], str]:
    """Names the bound of an office: a division, a holder, or the platform."""
    language = language_of(request)

    def where(scope: str) -> str:
        place = divisions().ever(scope)
        if place:
            return place.name(language)
        if scope == "platform":
            return translate(request, N_("the platform"))
        return next((one.name for one in holders(session, LOCAL_ADMIN, only=scope)), scope)

    return where


def said_of(request: Asked, error: Exception) -> str:
    """What went wrong, in a sentence above the form."""
    return sentence_of(error, language_of(request)) or str(error)
