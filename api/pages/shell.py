"""What every page shares: the language of its address, the templates, the frame around it."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Response
from markupsafe import Markup
from sqlmodel import Session

from api.auth.gate import who_is
from api.bundle import asset
from api.figures import gas_name, grouped, integer
from api.language import COOKIE, HTML_LANG, LANGUAGES, Language, catalogue, preferred
from api.problems import N_
from ledger.balances import log_size

LANGUAGE_NAMES = {"zh": "中文", "en": "EN"}
ORIGINS = {"fossil": N_("fossil"), "biogenic": N_("biogenic")}
YEAR_S = 365 * 86400
Asked = Request[Any, Any, Any]


@cache
def templates(language: Language) -> Environment:
    """The templates in one language. An unknown name in a template is an error, not a blank."""
    environment = Environment(
        loader=PackageLoader("api", "pages/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
    )
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    origins = {origin: catalogue(language).gettext(word) for origin, word in ORIGINS.items()}
    filters: dict[str, Callable[..., Any]] = {"integer": integer, "gas": lambda gas: gas_name(gas, origins), "broken": broken}
    environment.filters |= filters | {"grouped": grouped}
    return environment


def broken(account: str) -> Markup:
    """An account name that may break after each stroke."""
    return Markup("/<wbr>").join(account.split("/"))


def language_of(request: Asked) -> Language:
    """The language that the address names, else the one the reader prefers."""
    first = request.url.path.split("/")[1]
    if first in LANGUAGES:
        return first
    return preferred(cookie=request.cookies.get(COOKIE), accept=request.headers.get("accept-language"))


def translate(request: Asked, message: str, **fields: Any) -> str:
    """A message of the catalogue in the page's language, filled."""
    return catalogue(language_of(request)).gettext(message).format(**fields) if message else ""


def chart_json(data: dict[str, Any]) -> Markup:
    """Figures for a chart inside a script element: no ``<`` may end it."""
    return Markup(json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704


def _in_language(request: Asked, language: Language) -> str:
    path = request.url.path
    first = path.split("/")[1]
    rest = path[len(first) + 1 :] if first in LANGUAGES else "/regions/100000"
    query = request.url.query
    return f"/{language}{rest}" + (f"?{query}" if query else "")


def page(
    request: Asked, template: str, *, session: Session | None = None, here: str = "", example: str = "", status: int = 200, **context: Any
) -> Response[str]:
    """The page: its template filled, framed, in the language of the address."""
    language = language_of(request)
    say = catalogue(language).gettext
    nav = [
        ("nation", f"/{language}/regions/100000", say("Nation")),
        ("areas", f"/{language}/regions", say("Areas")),
        ("firms", f"/{language}/holders", say("Firms")),
        ("factors", f"/{language}/factors", say("Factors")),
        ("ledger", f"/{language}/accounts", say("Ledger")),
    ]
    frame = {
        "lang": language, "html_lang": HTML_LANG[language], "html_langs": HTML_LANG, "languages": LANGUAGES,
        "language_names": LANGUAGE_NAMES,
        "in_language": lambda other: _in_language(request, other), "asset": asset, "nav": nav, "here": here, "example": example,
        "who": who_is(request), "book_state": _book_state(request, session), "origin": f"{request.url.scheme}://{request.url.netloc}",
    }  # fmt: skip
    text = templates(language).get_template(template).render(frame | context)
    cookies = (
        [] if request.cookies.get(COOKIE) == language else [Cookie(key=COOKIE, value=language, max_age=YEAR_S, samesite="lax", path="/")]
    )
    return Response(text, media_type="text/html", status_code=status, cookies=cookies)


def _book_state(request: Asked, session: Session | None) -> dict[str, str] | None:
    if session is None:
        return None
    book_id = str(request.app.state.book.id)
    return {"short": f"{book_id[:4]}…{book_id[-4:]}", "size": integer(log_size(session))}
