"""Sign in with login and password, and sign out; what every page on the way in shares: cookie, next page, who it is."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from litestar import get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Response

from api.auth.errors import (
    AuthError,
    Crowded,
    PasswordChangeNeeded,
    SecondFactorNeeded,
    SignInNeeded,
    TooManyAttempts,
    WrongCredentials,
)
from api.auth.gate import COOKIE, SECURE_COOKIE, who_is
from api.auth.session import Signed, sign_in, sign_out, signed
from api.doors import PUBLIC, WAY_OUT
from api.language import Language
from api.pages.demo_users import demo_of
from api.pages.notices import notice
from api.pages.shell import Asked, language_of, page
from api.problems import N_, problem_of
from api.sentences import sentence_of
from ledger.book import Book

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
REFUSED = (WrongCredentials, TooManyAttempts, Crowded)
"""What is said on the form itself."""
NO_STORE = {"Cache-Control": "no-store"}


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


CODE, CHANGE = "/sign-in/code", "/me/password"
STEPS: dict[type[Exception], str] = {SignInNeeded: "/sign-in", SecondFactorNeeded: CODE, PasswordChangeNeeded: CHANGE}
"""Where each step of signing in is done, by what is raised where it is still ahead."""


def sign_in_address(request: Asked, language: Language, error: Exception) -> str:
    """Where somebody signs in, or goes on doing so, who wanted to see this page."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(wanted)}" if request.method == "GET" else ""
    return f"/{language}{STEPS[type(error)]}{back}"


def session_cookie(request: Asked, token: str) -> Cookie:
    """The cookie that carries a session, or ends it: for this host and this site alone, and no script reads it."""
    secure = request.app.state.secure
    return Cookie(
        key=SECURE_COOKIE if secure else COOKIE, value=token, path="/", httponly=True, secure=secure, samesite="lax",
        max_age=None if token else 0,
    )  # fmt: skip


def onward(request: Asked, wanted: str) -> str:
    """The page that was wanted, if it is one of ours; else the reader's first page. Browsers read a backslash as a stroke and leave out
    tabs and line breaks (WHATWG URL, 4.4), so an address that has any of them is nobody's."""
    own = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable() and " " not in wanted
    if own:
        parts = urlsplit(wanted)
        own = not parts.netloc and not parts.scheme
    return wanted if own else f"/{language_of(request)}/me"


def to(request: Asked, there: str, token: str, *more: Cookie) -> Redirect:
    """Go on to a page, under a new session."""
    return Redirect(there, status_code=303, cookies=[session_cookie(request, token), *more], headers=NO_STORE)


def onto(request: Asked, path: str, message: str, *, kind: str = "good") -> Redirect:
    """Go on to one of our pages, with a notice there."""
    there = f"/{language_of(request)}{path}"
    return Redirect(there, status_code=303, cookies=[notice(request, message, kind=kind)], headers=NO_STORE)


def whoever(request: Asked) -> Signed:
    """Who is signed in with a browser: not the person at this machine, who has no account, and no machine with a key."""
    who = who_is(request)
    if who is None or who.local is not None or not who.token:
        raise SignInNeeded
    return who


def source_of(request: Asked) -> str:
    """The address that a request came from."""
    return request.client.host if request.client else ""


def welcome(request: Asked, book: Book, token: str, wanted: str, *more: Cookie) -> Redirect:
    """Go on under a session that was just opened, to the code if one is asked; the one that was there before ends."""
    who = who_is(request)
    if who is not None and who.token:
        with book.writing() as session:
            sign_out(session, who.token)
    with book.reading() as session:
        fresh, _ = signed(session, token, now=now())
    return to(request, next_step(request, fresh, wanted), token, *more)


def next_step(request: Asked, who: Signed, wanted: str) -> str:
    """What lies ahead of who signs in: the code, a password of one's own, or the page that was wanted."""
    step = CODE if who.needs_code else CHANGE if who.given else ""
    return f"/{language_of(request)}{step}?next={quote(wanted)}" if step else onward(request, wanted)


def refusal(request: Asked, error: AuthError | None) -> tuple[str, int]:
    """What a form says of a refusal, and its status."""
    return (sentence_of(error, language_of(request)), problem_of(error).status) if error else ("", 200)


@get("/sign-in", opt=PUBLIC, sync_to_thread=True)
def sign_in_form(request: Asked) -> Response[str]:
    """The form."""
    return sign_in_page(request, wanted=request.query_params.get("next", ""))


@post("/sign-in", opt=PUBLIC, sync_to_thread=True, status_code=303)
def sign_in_send(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Open a session, and go on to the page that was wanted."""
    wanted, login = data.get("next", ""), data.get("login", "")
    sources, vault, source = request.app.state.sources, request.app.state.vault, source_of(request)
    try:
        sources.check(source, now=now())
        token = sign_in(book, vault, login=login, given=data.get("password", ""), now=now())
    except REFUSED as error:
        if isinstance(error, WrongCredentials):
            sources.note(source, now=now())
        return sign_in_page(request, wanted=wanted, error=error, login=login)
    return welcome(request, book, token, wanted)


def sign_in_page(request: Asked, *, wanted: str, error: AuthError | None = None, login: str = "") -> Response[str]:
    """The form, with what was refused."""
    said, status = refusal(request, error)
    provider = request.app.state.oidc
    shown = page(
        request, "sign_in.html", status=status, here="sign-in", wanted=wanted, said=said, login=login[:200],
        provider=provider.host if provider else "", demo=demo_of(request), next_query=f"?next={quote(wanted)}" if wanted else "",
    )  # fmt: skip
    shown.headers.update(NO_STORE | getattr(error, "headers", {}))
    return shown


@post("/sign-out", opt=WAY_OUT, sync_to_thread=True, status_code=303)
def sign_out_send(request: Asked, book: NamedDependency[Book]) -> Redirect:
    """End the session."""
    with book.writing() as session:
        sign_out(session, whoever(request).token)
    return to(request, f"/{language_of(request)}/sign-in", "", notice(request, N_("You are signed out."), user=""))
