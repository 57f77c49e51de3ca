"""One's own account: who one is, the offices one holds, one's password and sessions."""

from typing import Any

import sqlalchemy as sa
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlmodel import Session

from api.auth import password, totp
from api.auth import vault as person
from api.auth.errors import AuthError, BadUser, WrongCredentials
from api.auth.oidc import is_linked
from api.auth.session import renew, sign_out_everywhere
from api.auth.tables import UserRow
from api.auth.user import Binding, bindings
from api.doors import BEFORE_CHANGE, SELF, WAY_OUT
from api.export import table_response
from api.pages.menu import bound
from api.pages.notices import notice
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import NO_STORE, REFUSED, Form, now, onward, refusal, to, welcome, whoever
from api.pages.words import OFFICES
from api.problems import N_
from ledger.book import Book
from ledger.types import table_of

HEAD = ["user", "login", "name", "second_factor", "office", "within", "scope", "in_use"]
WRONG = N_("The present password is wrong.")
UNEQUAL = N_("The new password was typed in two ways.")
SAME = N_("The new password is the present one: choose another.")
WEAK = N_("The new password has 12 signs or more, at most 1,024 bytes, and four different signs: a sentence is good.")


@get("/me", opt=SELF, sync_to_thread=True)
def own_page(request: Asked, book: NamedDependency[Book]) -> Response[str]:
    """Who one is, and the offices one holds."""
    who, provider = whoever(request), request.app.state.oidc
    with book.reading() as session:
        held = bindings(session, who.user)
        known = person.known(session, request.app.state.vault, who.user)
        offices = [(one, office_name(request, one), bound(request.app.state.book, session, language_of(request), one)) for one in held]
        return page(
            request, "me.html", session=session, here="me", known=known, offices=offices, enrolled=who.enrolled,
            codes_left=totp.recovery_codes_left(session, who.user), has_password=_has_password(session, who.user),
            provider=provider.host if provider else "", linked=is_linked(session, who.user),
        )  # fmt: skip


@get("/me/{file:str}", opt=SELF, sync_to_thread=True)
def own_file(request: Asked, file: FromPath[str], book: NamedDependency[Book]) -> Response[bytes]:
    """Who one is and the offices one holds, as CSV or JSON: a row an office, and one where there is none."""
    who = whoever(request)
    with book.reading() as session:
        known = person.known(session, request.app.state.vault, who.user)
        first = [who.user, known.get("login"), known.get("name"), "yes" if who.enrolled else "no"]
        rows: list[list[object]] = [
            [*first, office_name(request, one), bound(book, session, language_of(request), one)[0], one.scope,
             "yes" if one == who.binding else "no"]
            for one in bindings(session, who.user)
        ] or [[*first, None, None, None, None]]  # fmt: skip
    return table_response(file, stem="me", head=HEAD, rows=rows)


@post("/me/office", opt=SELF, sync_to_thread=True, status_code=303)
def change_office(request: Asked, data: Form, book: NamedDependency[Book]) -> Redirect:
    """Go on in another office that one holds, under a new session; to the code, if that office asks for one."""
    with book.writing() as session:
        token = renew(session, whoever(request), binding=data.get("binding", ""), now=now())
    return welcome(request, book, token, "", notice(request, N_("From now on you act in this office.")))


@get("/me/password", opt=BEFORE_CHANGE, sync_to_thread=True)
def password_form(request: Asked, book: NamedDependency[Book]) -> Response[str]:
    """The form."""
    return _password_page(request, book, wanted=request.query_params.get("next", ""))


@post("/me/password", opt=BEFORE_CHANGE, sync_to_thread=True, status_code=303)
def password_send(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Set another password, and go on to the page that was wanted; every other session ends."""
    who, wanted = whoever(request), data.get("wanted", "")
    try:
        if wanted != data.get("again", ""):
            raise BadUser(field="again", reason="the two are not the same")
        password.change(book, request.app.state.vault, who.user, given=data.get("given", ""), wanted=wanted, now=now())
    except (*REFUSED, BadUser) as error:
        return _password_page(request, book, error, wanted=data.get("next", ""))
    with book.writing() as session:
        token = renew(session, who, now=now())
        sign_out_everywhere(session, who.user, but=token)
    told = notice(request, N_("The password was changed; your other sessions have ended."))
    return to(request, onward(request, data.get("next", "")), token, told)


def _password_page(request: Asked, book: Book, error: AuthError | None = None, *, wanted: str = "") -> Response[str]:
    said, status = refusal(request, error)
    if isinstance(error, WrongCredentials):
        said = translate(request, WRONG)
    if isinstance(error, BadUser):
        said = translate(request, {"again": UNEQUAL, "wanted": SAME}.get(error.field, WEAK))
    with book.reading() as session:
        known = person.known(session, request.app.state.vault, whoever(request).user)
        has = _has_password(session, whoever(request).user)
    shown = page(
        request, "password.html", status=status, here="me", said=said, has_password=has, login=known.get("login", ""), wanted=wanted,
    )  # fmt: skip
    shown.headers.update(NO_STORE | getattr(error, "headers", {}))
    return shown


@post("/me/sign-out-everywhere", opt=WAY_OUT, sync_to_thread=True, status_code=303)
def sign_out_everywhere_send(request: Asked, book: NamedDependency[Book]) -> Redirect:
    """End every session of this user, this one too."""
    who = whoever(request)
    with book.writing() as session:
        sign_out_everywhere(session, who.user)
    told = notice(request, N_("All your sessions have ended."), user="")
    return to(request, f"/{language_of(request)}/sign-in", "", told)


def office_name(request: Asked, binding: Binding) -> str:
    """The office in the reader's language."""
    return translate(request, OFFICES[binding.office])


def _has_password(session: Session, user_id: str) -> bool:
    row = table_of(UserRow).c
    return session.execute(sa.select(row.password).where(row.id == user_id)).scalar_one_or_none() is not None
