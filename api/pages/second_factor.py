"""The second factor: show a code, enrol an authenticator, keep recovery codes, take it away."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import segno
from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Response
from markupsafe import Markup

from api.auth import totp
from api.auth import vault as person
from api.auth.errors import AuthError, SecondFactorNeeded, WrongCredentials
from api.auth.session import Signed, renew, sign_out_everywhere, signed
from api.doors import BEFORE_CODE, SELF
from api.pages.notices import notice
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import NO_STORE, REFUSED, Form, next_step, now, onward, refusal, session_cookie, to, whoever
from api.problems import N_
from ledger.book import Book

WRONG = N_("The code does not hold: it has expired, was used, or is another's.")
_NOTHING = {"picture": "", "spelled": "", "sealed": "", "address": ""}


@get("/sign-in/code", opt=BEFORE_CODE, sync_to_thread=False)
def code_form(request: Asked) -> Response[Any]:
    """The form for a code; who has no authenticator yet is led to enrolment."""
    who, wanted = whoever(request), request.query_params.get("next", "")
    if not who.needs_code:
        return Redirect(onward(request, wanted), status_code=303, headers=NO_STORE)
    if not who.enrolled:
        return Redirect(f"/{language_of(request)}/me/second-factor?next={quote(wanted)}", status_code=303, headers=NO_STORE)
    return _code_page(request, wanted)


@post("/sign-in/code", opt=BEFORE_CODE, sync_to_thread=True, status_code=303)
def code_send(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Show a code, and go on under a new session."""
    who, wanted = whoever(request), data.get("next", "")
    try:
        totp.show(book, request.app.state.vault, who.user, data.get("code", ""), now=now())
    except REFUSED as error:
        return _code_page(request, wanted, error)
    with book.writing() as session:
        token = renew(session, who, second=True, now=now())
    return to(request, next_step(request, replace(who, second=True), wanted), token)


def _code_page(request: Asked, wanted: str, error: AuthError | None = None) -> Response[str]:
    said, status = _refusal(request, error)
    shown = page(request, "code.html", status=status, here="sign-in", wanted=wanted, said=said)
    shown.headers.update(NO_STORE | getattr(error, "headers", {}))
    return shown


def _refusal(request: Asked, error: AuthError | None) -> tuple[str, int]:
    said, status = refusal(request, error)
    return (translate(request, WRONG) if isinstance(error, WrongCredentials) else said), status


@get("/me/second-factor", opt=BEFORE_CODE, sync_to_thread=True)
def second_factor_page(request: Asked, book: NamedDependency[Book]) -> Response[str]:
    """What one has; or the secret to take into an authenticator."""
    return _own_page(request, book, wanted=request.query_params.get("next", ""))


def _own_page(request: Asked, book: Book, *, wanted: str = "", secret: str = "", error: AuthError | None = None) -> Response[str]:
    who = whoever(request)
    if who.enrolled and not who.second:
        raise SecondFactorNeeded
    said, status = _refusal(request, error)
    with book.reading() as session:
        left = totp.recovery_codes_left(session, who.user)
        login = person.known(session, request.app.state.vault, who.user).get("login", who.user)
    secret = secret or totp.new_secret()
    offer = {} if who.enrolled else _offer(request, who, secret, login)
    shown = page(
        request,
        "second_factor.html",
        status=status,
        here="me",
        wanted=wanted,
        said=said,
        left=left,
        asked=who.needs_code,
        **_NOTHING | offer,
    )
    shown.headers.update(NO_STORE | getattr(error, "headers", {}))
    return shown


def _offer(request: Asked, who: Signed, secret: str, login: str) -> dict[str, Any]:
    """A secret as a picture, in groups of four for who types it, and sealed for the form."""
    address = totp.address(secret, login=login)
    # black on white in both themes: many readers know no other
    picture = segno.make(address, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    sealed = totp.offer(request.app.state.vault, who.user, secret, mark=who.form_token)
    spelled = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"picture": Markup(picture), "spelled": spelled, "sealed": sealed, "address": address}  # noqa: S704


@post("/me/second-factor", opt=BEFORE_CODE, sync_to_thread=True, status_code=200)
def enrol_send(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[str]:
    """Take the secret, if the code is one of it; other sessions end, and the recovery codes are shown this once."""
    who, vault, wanted = whoever(request), request.app.state.vault, data.get("next", "")
    secret = totp.offered(vault, who.user, data.get("secret", ""), mark=who.form_token)
    try:
        codes = totp.enrol(book, vault, who.user, secret=secret, code=data.get("code", ""), now=now())
    except REFUSED as error:
        return _own_page(request, book, wanted=wanted, secret=secret, error=error)
    with book.writing() as session:
        token = renew(session, who, second=True, now=now())
        sign_out_everywhere(session, who.user, but=token)
    return _codes_page(request, book, codes, token=token, wanted=wanted)


@post("/me/second-factor/codes", opt=SELF, sync_to_thread=True, status_code=200)
def codes_send(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[str]:
    """New recovery codes in the place of all others."""
    who = whoever(request)
    try:
        codes = totp.new_recovery_codes(book, request.app.state.vault, who.user, code=data.get("code", ""), now=now())
    except REFUSED as error:
        return _own_page(request, book, error=error)
    return _codes_page(request, book, codes, token=who.token, wanted="")


def _codes_page(request: Asked, book: Book, codes: list[str], *, token: str, wanted: str) -> Response[str]:
    with book.reading() as session:
        request.scope["user"], _ = signed(session, token, now=now())  # the forms of this page belong to the new session
    shown = page(request, "recovery.html", here="me", codes=codes, onward=next_step(request, request.scope["user"], wanted))
    shown.set_cookie(session_cookie(request, token))
    shown.headers.update(NO_STORE)
    return shown


@post("/me/second-factor/remove", opt=SELF, sync_to_thread=True, status_code=303)
def remove_send(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Take the second factor away, for who shows a code of it: to enrol another authenticator."""
    who = whoever(request)
    try:
        totp.show(book, request.app.state.vault, who.user, data.get("code", ""), now=now())
    except REFUSED as error:
        return _own_page(request, book, error=error)
    with book.writing() as session:
        totp.drop(session, who.user)
        token = renew(session, who, second=False, now=now())
        sign_out_everywhere(session, who.user, but=token)
    told = notice(request, N_("The second factor was removed."), kind="warn")
    return to(request, f"/{language_of(request)}/me/second-factor", token, told)
