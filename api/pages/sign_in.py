"""Sign in, choose an office, see one's own account, sign out."""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from litestar import get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Response

from api.auth import vault as person
from api.auth.errors import AuthError, SignInNeeded, TooManyAttempts, WrongCredentials
from api.auth.gate import COOKIE, SECURE_COOKIE, who_is
from api.auth.office import Office
from api.auth.session import Signed, renew, sign_in, sign_out, signed
from api.auth.user import Binding, bindings
from api.doors import PUBLIC, SELF
from api.language import Language
from api.pages.shell import Asked, language_of, page, translate
from api.problems import N_, problem_of, sentence_of
from carbon.holder import find_holder
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
OFFICES = {
    Office.RESIDENT: N_("resident"),
    Office.FIRM: N_("enterprise"),
    Office.PARK: N_("park operator"),
    Office.VERIFIER: N_("verifier"),
    Office.REGULATOR: N_("regulator"),
    Office.PROVIDER: N_("data provider"),
    Office.ADMINISTRATOR: N_("administrator"),
    Office.SECURITY: N_("security officer"),
    Office.AUDITOR: N_("auditor"),
}


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def sign_in_address(request: Asked, language: Language, *, code: bool = False) -> str:
    """Where somebody signs in who wanted to see this page."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(wanted)}" if request.method == "GET" else ""
    return f"/{language}/sign-in" + ("/code" if code else "") + back


def session_cookie(request: Asked, token: str) -> Cookie:
    """The cookie that carries a session, or ends it: for this host and this site alone, and no script reads it."""
    secure = request.app.state.secure
    return Cookie(
        key=SECURE_COOKIE if secure else COOKIE, value=token, path="/", httponly=True, secure=secure, samesite="lax",
        max_age=None if token else 0,
    )  # fmt: skip


def onward(request: Asked, wanted: str) -> str:
    """The page that was wanted, if it is one of ours; else the reader's first page."""
    parts = urlsplit(wanted)
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if ours else f"/{language_of(request)}/me"


def to(request: Asked, there: str, token: str) -> Redirect:
    """Go on to a page, under a new session."""
    return Redirect(there, status_code=303, cookies=[session_cookie(request, token)], headers={"Cache-Control": "no-store"})


@get("/sign-in", opt=PUBLIC, sync_to_thread=False)
def sign_in_form(request: Asked) -> Response[str]:
    """The form."""
    return _form(request, wanted=request.query_params.get("next", ""))


@post("/sign-in", opt=PUBLIC, sync_to_thread=True, status_code=303)
def sign_in_send(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Open a session, and go on to the page that was wanted."""
    wanted = data.get("next", "")
    try:
        token = sign_in(book, request.app.state.vault, login=data.get("login", ""), given=data.get("password", ""), now=now())
    except (WrongCredentials, TooManyAttempts) as error:
        return _form(request, wanted=wanted, error=error, login=data.get("login", ""))
    with book.reading() as session:
        who, _ = signed(session, token, now=now())
    there = f"/{language_of(request)}/sign-in/code?next={quote(wanted)}" if who.needs_code else onward(request, wanted)
    return to(request, there, token)


def _form(request: Asked, *, wanted: str, error: AuthError | None = None, login: str = "") -> Response[str]:
    said = translate(request, sentence_of(error)[0]) if error else ""
    status = problem_of(error).status if error else 200
    return page(request, "sign_in.html", status=status, here="sign-in", wanted=wanted, said=said, login=login)


@post("/sign-out", opt=SELF, sync_to_thread=True, status_code=303)
def sign_out_send(request: Asked, book: NamedDependency[Book]) -> Redirect:
    """End the session."""
    with book.writing() as session:
        sign_out(session, _whoever(request).token)
    return to(request, f"/{language_of(request)}/sign-in", "")


@get("/me", opt=SELF, sync_to_thread=True)
def own_page(request: Asked, book: NamedDependency[Book]) -> Response[str]:
    """One's own account: who one is, and the offices one holds."""
    who = _whoever(request)
    with book.reading() as session:
        held = bindings(session, who.user)
        known = person.known(session, request.app.state.vault, who.user)
        offices = [(one, office_name(request, one), _where(request, session, one)) for one in held]
        return page(request, "me.html", session=session, here="me", known=known, offices=offices)


@post("/me/office", opt=SELF, sync_to_thread=True, status_code=303)
def change_office(request: Asked, data: Form, book: NamedDependency[Book]) -> Redirect:
    """Go on in another office that one holds."""
    with book.writing() as session:
        token = renew(session, _whoever(request), binding=data.get("binding", ""), now=now())
    return to(request, f"/{language_of(request)}/me", token)


def office_name(request: Asked, binding: Binding) -> str:
    """The office in the reader's language."""
    return translate(request, OFFICES[binding.office])


def _where(request: Asked, session: Any, binding: Binding) -> tuple[str, str]:
    """The bound of an office in words, and the page where it is seen."""
    language = language_of(request)
    if binding.holder:
        return find_holder(session, LOCAL_ADMIN, binding.holder).name, f"/{language}/holders/{binding.holder}"
    if binding.division:
        place = divisions().ever(binding.division)
        return place.name(language) if place else binding.division, f"/{language}/regions/{binding.division}"
    return "", ""


def _whoever(request: Asked) -> Signed:
    """Who is signed in: `enforce` has let nobody else through, but for the person at this machine, who has no account."""
    who = who_is(request)
    if who is None or who.local is not None:
        raise SignInNeeded
    return who
