"""The application: pages in two languages, /api/v1, its documentation, and nothing that is loaded from elsewhere."""

import logging
from collections.abc import Collection
from datetime import UTC, tzinfo
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from api import bundle
from api.again import ANSWERS, PACKS
from api.audit.recorder import Recorder, arm
from api.audit.writer import Writer
from api.auth.access import bearer
from api.auth.attempts import Sources
from api.auth.gate import Gate, enforce, principal
from api.auth.oidc import Provider
from api.auth.vault import Vault
from api.docs import openapi
from api.doors import PUBLIC, check_doors, together
from api.freshness import Freshness
from api.hardening import Hardening
from api.kept import Kept
from api.language import COOKIE, LANGUAGES, preferred
from api.limits import NO_LIMITS, Limits, RateLimit
from api.operations.metrics import metrics
from api.operations.watch import Told, Watch, number_of
from api.pages.oidc import oidc_back
from api.pages.routes import PAGES
from api.pages.shell import language_of, page, translate
from api.pages.sign_in import STEPS, sign_in_address
from api.problems import MEDIA_TYPE, headers_of, problem_of
from api.resources.health import alive, ready
from api.sentences import fault_words, sentence_of
from api.v1 import v1
from ledger.book import Book
from ledger.principal import Principal

LOG = logging.getLogger("tanzhang")
# ECharts' SVG renderer and the drawn boxes carry style attributes; Swagger UI draws its arrows from data: images
CSP = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; style-src-attr 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
BODY_MAX = 256 * 2**20
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


@get("/", opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def front(request: Request[Any, Any, Any]) -> Redirect:
    """To the nation, in the reader's language."""
    language = preferred(cookie=request.cookies.get(COOKIE), accept=request.headers.get("accept-language"))
    return Redirect(f"/{language}/regions/100000", status_code=302, headers={"Vary": "Cookie, Accept-Language"})


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A problem for machines, a page for people. What nobody foresaw is logged, and told to nobody."""
    problem = problem_of(error, number=number_of(request.scope))
    if problem.status >= 500:
        LOG.error("%s %s", request.method, request.scope.get("path_template") or "-", exc_info=error)
    headers = {"Cache-Control": "no-store"} | headers_of(error)
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/api/", "/static/"))
    if wants_page and type(error) in STEPS:
        there = sign_in_address(request, language_of(request), error)
        return Response("", status_code=303, headers={"Location": there, "Cache-Control": "no-store"})
    if not wants_page:
        return Response(msgspec.to_builtins(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)
    language = language_of(request)
    shown = page(
        request, "problem.html", status=problem.status, title=translate(request, problem.title), code=problem.code,
        errors=[fault_words(one, language) for one in problem.errors], sentence=sentence_of(error, language) or problem.detail,
        number=problem.status, request_number=number_of(request.scope),
    )  # fmt: skip
    shown.headers.update(headers)
    return shown


def create_app(
    book: Book, *, local: Principal | None = None, timezone: tzinfo = UTC, secure: bool = False, hosts: Collection[str] | None = None,
    tell: tuple[Told, ...] = (), oidc: Provider | None = None, public_url: str = "",
    limits: Limits = NO_LIMITS, webhook_hosts: Collection[str] = (), demo: bool = False,
) -> Litestar:  # fmt: skip
    """The application over an open book. `timezone` says which day it is.

    Who comes must sign in; `local` says who sits at this machine, and reads while the book has no users. `secure` is for pages that are
    reached by https alone.
    `oidc` is the identity provider through which users may sign in, `public_url` the address under which this platform is reached.
    `hosts` are the names of this machine that are answered to, every one where nothing is said; `tell` hears of each request that was
    answered. `limits` are the calls that one may make, without limit where nothing is said; `webhook_hosts` those that webhooks may
    call. In a `demo` everybody may play its example users.
    """
    bundle.manifest()  # a missing bundle is said now, not on the first page
    vault, writer = Vault.at(book.home), Writer(book)
    gate = Gate(book, local=local, secure=secure, ways={"bearer": bearer})
    static = create_static_files_router(
        "/static", [bundle.DIST], opt=PUBLIC, cache_control=CacheControlHeader(max_age=31536000, public=True, immutable=True)
    )
    app = Litestar(
        [
            front, oidc_back, static, alive, ready, metrics, v1(),
            *(Router(f"/{language}", route_handlers=list(PAGES), include_in_schema=False) for language in LANGUAGES),
        ],
        dependencies={"book": Provide(lambda: book, sync_to_thread=False), "principal": Provide(principal, sync_to_thread=False)},
        state=State({"book": book, "timezone": timezone, "vault": vault, "access": writer, "secure": secure}
            | {"answers": Kept(ANSWERS), "sources": Sources(), "oidc": oidc, "public_url": public_url, "demo": demo}
            | {"webhook_hosts": frozenset(webhook_hosts)}),
        exception_handlers={Exception: answer},
        guards=[together(enforce, arm)],
        middleware=[
            Recorder(book, vault, writer), Hardening(hosts=hosts), Freshness(), gate, RateLimit(limits),
        ],
        compression_config=CompressionConfig(backend="gzip", gzip_compress_level=5, exclude=["^/static"], exclude_opt_key=PACKS),
        on_shutdown=[writer.close],
        openapi_config=openapi(),
        request_max_body_size=BODY_MAX,
        logging_config=None,  # whoever runs the application says where its log goes
        debug=False,
    )  # fmt: skip
    check_doors(app)
    app.asgi_handler = Watch(app.asgi_handler, guards=HEADERS | (HTTPS_ONLY if secure else {}), tell=tell)
    return app
