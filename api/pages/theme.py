"""Light, dark, or as the system has it: a cookie that the server reads, so that no page flashes and no script is needed."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from litestar import Request, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from api.doors import PUBLIC
from api.problems import N_

COOKIE = "tanzhang_theme"
YEAR_S = 365 * 86400
THEMES = {"system": N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}
MEDIA = {"system": "screen and (prefers-color-scheme: dark)", "light": "", "dark": "screen"}
SCHEMES = {"system": "light dark", "light": "light", "dark": "dark"}
Asked = Request[Any, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def theme_of(request: Asked) -> str:
    """The theme that the reader chose, else `system`."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in THEMES else "system"


@post("/theme", opt=PUBLIC, sync_to_thread=False, status_code=303)
def choose_theme(request: Asked, data: Form) -> Redirect:
    """Keep the choice for a year, and show the same page in it."""
    chosen = data.get("theme", "")
    keep = chosen in THEMES and chosen != "system"
    cookie = Cookie(
        key=COOKIE, value=chosen if keep else "", max_age=YEAR_S if keep else 0, path="/", samesite="lax", httponly=True,
        secure=request.app.state.secure,
    )  # fmt: skip
    return Redirect(_back(request, data.get("next", "")), status_code=303, cookies=[cookie], headers={"Cache-Control": "no-store"})


def _back(request: Asked, named: str) -> str:
    """The page the form stood on: the browser's own word for it, since filters change an address under a form; else the form's."""
    language = request.url.path.split("/")[1]
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc == request.headers.get("host") and came.path.startswith(f"/{language}/"):
        return came.path + (f"?{came.query}" if came.query else "")
    return named if named.startswith(f"/{language}/") else f"/{language}/factors"
