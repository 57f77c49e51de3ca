"""Signing in through the identity provider, and linking one's account there."""

from datetime import datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from litestar import get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response

from api.auth.errors import NotLinked, NotVouched, SignInNeeded
from api.auth.gate import who_is
from api.auth.oidc import FLOW_S, Flow, Provider, begin, finish, link, unlink, user_of
from api.auth.session import open_session, renew
from api.doors import PUBLIC, SELF
from api.pages.notices import notice
from api.pages.shell import Asked, language_of, page
from api.pages.sign_in import NO_STORE, now, sign_in_page, to, welcome, whoever
from api.problems import N_
from ledger.book import Book

BACK = "/sign-in/oidc"
FLOW_COOKIE = "tanzhang_oidc"
ABOUT = "oidc flow"


def provider_of(request: Asked) -> Provider:
    """The provider, or nothing at this address."""
    found: Provider | None = request.app.state.oidc
    if found is None:
        raise NotFoundException
    return found


def back_address(request: Asked) -> str:
    """Where the provider sends its user back to: one address in all languages, as it is registered there."""
    public: str = request.app.state.public_url
    return (public or f"{request.url.scheme}://{request.url.netloc}") + BACK


def _flow_cookie(request: Asked, flow: Flow | None) -> Cookie:
    """What must be kept until the answer, sealed; it comes back on the provider's redirect, so it is not `strict`."""
    secure = request.app.state.secure
    value = request.app.state.vault.seal(msgspec.json.encode(flow), about=ABOUT).hex() if flow else ""
    return Cookie(
        key=("__Host-" if secure else "") + FLOW_COOKIE, value=value, path="/", httponly=True, secure=secure, samesite="lax",
        max_age=FLOW_S if flow else 0,
    )  # fmt: skip


def _flow(request: Asked) -> Flow:
    """The sign-in under way in this browser. Raises NotVouched."""
    name = ("__Host-" if request.app.state.secure else "") + FLOW_COOKIE
    try:
        kept = request.app.state.vault.unseal(bytes.fromhex(request.cookies.get(name, "")), about=ABOUT)
        return msgspec.json.decode(kept, type=Flow)
    except (ValueError, InvalidTag, msgspec.DecodeError) as error:
        raise NotVouched("no sign-in is under way in this browser") from error


@get("/sign-in/oidc", opt=PUBLIC, sync_to_thread=True)
def oidc_begin(request: Asked) -> Redirect:
    """To the provider."""
    wanted = request.query_params.get("next", "")
    there, flow = begin(provider_of(request), back=back_address(request), now=now(), wanted=wanted[:2000])
    return Redirect(there, status_code=303, cookies=[_flow_cookie(request, flow)], headers=NO_STORE)


@post("/me/link", opt=SELF, sync_to_thread=True, status_code=200)
def link_begin(request: Asked) -> Response[str]:
    """The way to the provider, to link the account that one has there: a link, since forms are sent to this site alone."""
    who = whoever(request)
    there, flow = begin(provider_of(request), back=back_address(request), now=now(), link=who.user)
    shown = page(request, "link.html", here="me", there=there, provider=provider_of(request).host)
    shown.set_cookie(_flow_cookie(request, flow))
    shown.headers.update(NO_STORE)
    return shown


@post("/me/unlink", opt=SELF, sync_to_thread=True, status_code=303)
def unlink_send(request: Asked, book: NamedDependency[Book]) -> Redirect:
    """Sign in by password alone from now on."""
    who = whoever(request)
    with book.writing() as session:
        unlink(session, who.user)
        token = renew(session, who, now=now())
    return to(request, f"/{language_of(request)}/me", token, notice(request, N_("The link was removed.")))


@get(BACK, opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def oidc_back(request: Asked, book: NamedDependency[Book]) -> Response[Any]:
    """The provider's answer: a session for who has linked that account, or the link for who asked for it."""
    provider, flow, moment = provider_of(request), _flow(request), now()
    if flow.link and (who_is(request) is None or whoever(request).user != flow.link):
        raise SignInNeeded
    subject = finish(provider, flow, dict(request.query_params), back=back_address(request), now=moment)
    gone = _flow_cookie(request, None)
    if flow.link:
        return _linked(request, book, provider, subject, moment, gone)
    try:
        with book.writing() as session:
            token = open_session(session, user_of(session, request.app.state.vault, provider, subject), now=moment)
    except NotLinked as error:
        shown = sign_in_page(request, wanted=flow.wanted, error=error)
        shown.set_cookie(gone)
        return shown
    return welcome(request, book, token, flow.wanted, gone)


def _linked(request: Asked, book: Book, provider: Provider, subject: str, moment: datetime, gone: Cookie) -> Redirect:
    who = whoever(request)
    if who.needs_code or who.given:
        raise SignInNeeded
    with book.writing() as session:
        link(session, request.app.state.vault, provider, who.user, subject)
        token = renew(session, who, now=moment)
    return to(request, f"/{language_of(request)}/me", token, gone, notice(request, N_("The account was linked.")))
