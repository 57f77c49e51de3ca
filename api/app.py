"""The application: pages in two languages, /api/v1, its documentation, and nothing that is loaded from elsewhere."""

import logging
from datetime import UTC, tzinfo
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, ResponseHeader, State
from litestar.di import Provide
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from api import bundle
from api.auth.errors import SecondFactorNeeded, SignInNeeded
from api.auth.gate import Gate, enforce, principal
from api.auth.vault import Vault
from api.docs import openapi
from api.doors import PUBLIC, check_doors
from api.freshness import Freshness
from api.language import COOKIE, LANGUAGES, preferred
from api.pages.routes import PAGES
from api.pages.shell import language_of, page, translate
from api.pages.sign_in import sign_in_address
from api.problems import MEDIA_TYPE, problem_of, sentence_of
from api.resources import RESOURCES
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


@get("/", opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def front(request: Request[Any, Any, Any]) -> Redirect:
    """To the nation, in the reader's language."""
    language = preferred(cookie=request.cookies.get(COOKIE), accept=request.headers.get("accept-language"))
    return Redirect(f"/{language}/regions/100000", status_code=302, headers={"Vary": "Cookie, Accept-Language"})


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A problem for machines, a page for people. What nobody foresaw is logged, and told to nobody."""
    problem = problem_of(error)
    if problem.status >= 500:
        LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    headers = dict(getattr(error, "headers", None) or {})
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/api/", "/static/"))
    if wants_page and isinstance(error, SignInNeeded | SecondFactorNeeded):
        there = sign_in_address(request, language_of(request), code=isinstance(error, SecondFactorNeeded))
        return Response("", status_code=303, headers=HEADERS | {"Location": there, "Cache-Control": "no-store"})
    if not wants_page:
        return Response(msgspec.to_builtins(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=HEADERS | headers)
    sentence, fields = sentence_of(error)
    shown = page(
        request, "problem.html", status=problem.status, title=translate(request, problem.title), code=problem.code, errors=problem.errors,
        sentence=translate(request, sentence, **fields) or problem.detail, number=problem.status,
    )  # fmt: skip
    shown.headers.update(HEADERS | headers)
    return shown


def create_app(book: Book, *, local: Principal | None = None, timezone: tzinfo = UTC, secure: bool = False) -> Litestar:
    """The application over an open book. `timezone` says which day it is.

    Who comes must sign in, unless `local` says who sits at this machine. `secure` is for pages that are reached by https alone.
    """
    bundle.manifest()  # a missing bundle is said now, not on the first page
    gate = Gate(book, local=local, secure=secure, ways={})
    static = create_static_files_router(
        "/static", [bundle.DIST], opt=PUBLIC, cache_control=CacheControlHeader(max_age=31536000, public=True, immutable=True)
    )
    app = Litestar(
        [
            front, static, Router("/api/v1", route_handlers=list(RESOURCES)),
            *(Router(f"/{language}", route_handlers=list(PAGES), include_in_schema=False) for language in LANGUAGES),
        ],
        dependencies={"book": Provide(lambda: book, sync_to_thread=False), "principal": Provide(principal, sync_to_thread=False)},
        state=State({"book": book, "timezone": timezone, "vault": Vault.at(book.home), "secure": secure, "local": local is not None}),
        exception_handlers={Exception: answer},
        guards=[enforce],
        middleware=[Freshness(), gate],
        response_headers=[ResponseHeader(name=name, value=value) for name, value in HEADERS.items()],
        compression_config=CompressionConfig(backend="gzip", gzip_compress_level=5, exclude=["^/static"]),
        openapi_config=openapi(),
        request_max_body_size=BODY_MAX,
        logging_config=None,  # whoever runs the application says where its log goes
        debug=False,
    )  # fmt: skip
    check_doors(app)
    return app
