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
from api.figures import gas_name
from api.language import COOKIE, HTML_LANG, LANGUAGES, Language, catalogue, preferred
from api.pages.glossary import glossary
from api.pages.menu import HOME, acting, first_page, may_open, navigation
from api.pages.notices import taken, told
from api.pages.theme import MEDIA, SCHEMES, THEMES, theme_of
from api.pages.words import OFFICES
from api.problems import N_
from carbon.digits import grouped, integer
from ledger.balances import log_size

LANGUAGE_NAMES = {"zh": "中文", "en": "EN"}
ORIGINS = {"fossil": N_("fossil"), "biogenic": N_("biogenic")}
YEAR_S = 365 * 86400
REQUEST_NUMBER = "tanzhang.request"
"""Where a request keeps its number, by which its lines in the log are found."""
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
    rest = path[len(first) + 1 :] if first in LANGUAGES else HOME
    query = request.url.query
    return f"/{language}{rest}" + (f"?{query}" if query else "")


def page(
    request: Asked, template: str, *, session: Session | None = None, here: str = "", example: str = "", status: int = 200, **context: Any
) -> Response[str]:
    """The page: its template filled, framed for this visitor, in the language of the address."""
    language = language_of(request)
    frame = _frame(request, language, session) | {"here": here, "example": example}
    text = templates(language).get_template(template).render(frame | context)
    return Response(text, media_type="text/html", status_code=status, cookies=[*_language_cookie(request, language), *taken(request)])


def _frame(request: Asked, language: Language, session: Session | None) -> dict[str, Any]:
    """What the frame names: addresses, theme, and what this visitor may open."""
    app, who = request.app, who_is(request)
    theme = theme_of(request)
    searches = may_open(app, language, "/search", who)
    return {
        "lang": language, "html_lang": HTML_LANG[language], "html_langs": HTML_LANG, "languages": LANGUAGES,
        "language_names": LANGUAGE_NAMES, "in_language": lambda other: _in_language(request, other), "asset": asset,
        "nav": navigation(app, language, who), "home": first_page(app, language, who), "who": who,
        "acting": acting(app.state.book, session, language, who),
        "search_in": f"/{language}/search" if searches else f"/{language}/factors", "searches": searches,
        "reads": may_open(app, language, "/holders", who),
        "theme": theme, "themes": THEMES, "dark_media": MEDIA[theme], "color_scheme": SCHEMES[theme],
        "notice": told(request, language), "glossary": glossary(language), "say_word": catalogue(language).gettext, "office_words": OFFICES,
        "book_state": _book_state(request, session), "origin": f"{request.url.scheme}://{request.url.netloc}",
        "request_number": str(request.scope.get(REQUEST_NUMBER, "")),
    }  # fmt: skip


def _language_cookie(request: Asked, language: Language) -> list[Cookie]:
    if request.cookies.get(COOKIE) == language:
        return []
    secure = request.app.state.secure
    return [Cookie(key=COOKIE, value=language, max_age=YEAR_S, samesite="lax", path="/", httponly=True, secure=secure)]


def _book_state(request: Asked, session: Session | None) -> dict[str, str] | None:
    if session is None:
        return None
    book_id = str(request.app.state.book.id)
    return {"short": f"{book_id[:4]}…{book_id[-4:]}", "size": integer(log_size(session))}
