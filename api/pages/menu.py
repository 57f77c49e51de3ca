"""What the top bar leads to: of all that there is, what the doors let this visitor open, and as whom the visitor acts."""

from functools import lru_cache
from typing import Any, NamedTuple

from litestar import Litestar
from litestar.routes import HTTPRoute
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from api.auth.errors import AuthError
from api.auth.gate import admit
from api.auth.office import Action
from api.auth.session import Signed
from api.auth.user import Binding
from api.doors import ANYONE
from api.language import Language, catalogue
from api.pages.words import OFFICES
from api.problems import N_
from carbon.errors import HolderNotFound
from carbon.holder import find_holder
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN

HOME = "/regions/100000"


class Item(NamedTuple):
    """A link of the navigation: the key that a page calls itself by, the route it opens, its address, its name."""

    key: str
    route: str
    address: str
    name: str


ITEMS = (
    Item("nation", "/regions/{code}", HOME, N_("Nation")),
    Item("areas", "/regions", "/regions", N_("Areas")),
    Item("firms", "/holders", "/holders", N_("Firms")),
    Item("filings", "/filings", "/filings", N_("Filings")),
    Item("factors", "/factors", "/factors", N_("Factors")),
    Item("ledger", "/accounts", "/accounts", N_("Ledger")),
    Item("approvals", "/approvals", "/approvals", N_("Approvals")),
    Item("users", "/users", "/users", N_("Users")),
    Item("access", "/access", "/access", N_("Record of access")),
)


class Acting(NamedTuple):
    """As whom a visitor acts: the office, its bound in words, and the page of the bound where there is one."""

    office: str
    where: str
    address: str


@lru_cache(maxsize=8)
def doors_of(app: Litestar) -> dict[str, dict[str, Any]]:
    """What each address that can be read declares."""
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    return {route.path_format: handler.opt for route in routes for handler in route.route_handlers if "GET" in handler.http_methods}


def lets_in(door: dict[str, Any] | None, who: Signed | None) -> bool:
    """Whether there is such a door and the gate lets this visitor through it."""
    if door is None:
        return False
    if door["role"] == ANYONE:
        return True
    try:
        admit(who, Action(door["action"]), before=door.get("before", ()))
    except AuthError:
        return False
    return True


def may_open(app: Litestar, language: Language, route: str, who: Signed | None) -> bool:
    """Whether there is such a page and the visitor may open it."""
    return lets_in(doors_of(app).get(f"/{language}{route}"), who)


def navigation(app: Litestar, language: Language, who: Signed | None) -> list[tuple[str, str, str]]:
    """The links of the top bar for this visitor: key, address, name."""
    say = catalogue(language).gettext
    return [(one.key, f"/{language}{one.address}", say(one.name)) for one in ITEMS if may_open(app, language, one.route, who)]


def first_page(app: Litestar, language: Language, who: Signed | None) -> str:
    """Where the brand leads: the nation for strangers and readers, one's own page for who reads no books."""
    signed = who is not None and who.local is None
    return f"/{language}/me" if signed and not may_open(app, language, "/holders", who) else f"/{language}{HOME}"


def acting(book: Book, session: Session | None, language: Language, who: Signed | None) -> Acting | None:
    """As whom the visitor acts; None for a stranger, for who holds no office, and at the machine itself."""
    if who is None or who.binding is None:
        return None
    return Acting(catalogue(language).gettext(OFFICES[who.binding.office]), *bound(book, session, language, who.binding))


def bound(book: Book, session: Session | None, language: Language, binding: Binding) -> tuple[str, str]:
    """Within what an office is held, in words, and the page where that is seen; empty of the platform."""
    if binding.division:
        place = divisions().ever(binding.division)
        return place.name(language) if place else binding.division, f"/{language}/regions/{binding.division}"
    if binding.holder is None:
        return "", ""
    try:
        if session is not None:
            name = find_holder(session, LOCAL_ADMIN, binding.holder).name
        else:
            with book.reading() as own:
                name = find_holder(own, LOCAL_ADMIN, binding.holder).name
    except (HolderNotFound, SQLAlchemyError):  # a page that tells of an error must not fall over the same one
        name = binding.holder
    return name, f"/{language}/holders/{binding.holder}"
