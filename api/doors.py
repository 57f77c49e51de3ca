"""Every route says who may come in (`role`), to do what (`action`), in which bounds (`scope`); one that does not stops the start-up."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import ASGIRoute, BaseRoute, HTTPRoute, WebSocketRoute

from api.auth.office import Action, offices_that

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]
ANYONE = "anyone"
SCOPES = {"public", "own", "platform"}


def door(action: Action, *, scope: str) -> dict[str, Any]:
    """What a route declares whose action some offices hold."""
    return {"role": offices_that(action), "action": action.value, "scope": scope}


PUBLIC: dict[str, Any] = {"role": ANYONE, "action": Action.READ.value, "scope": "public"}
"""For what tells nothing of any holder: factors, activity codes, styles, documentation, health, signing in."""

CALCULATOR: dict[str, Any] = {"role": ANYONE, "action": Action.CALCULATE.value, "scope": "public"}
"""For what computes and keeps nothing."""

READER = door(Action.READ, scope="own")
"""For what is read out of the books, within the bounds of the principal."""

SELF = door(Action.SELF, scope="own")
"""For what everybody who is signed in does for themselves."""

BEFORE_CODE = SELF | {"before": ("code",)}
"""For the way to a second factor: open to who has shown a password alone."""

BEFORE_CHANGE = SELF | {"before": ("password",)}
"""For the way to a password of one's own: open to whose password another set."""

WAY_OUT = SELF | {"before": ("code", "password")}
"""For the way out, which is open wherever one stands."""

ADMINISTRATOR = door(Action.ADMINISTER, scope="platform")
SECURITY = door(Action.SECURE, scope="platform")
AUDITOR = door(Action.AUDIT, scope="platform")

FILER = door(Action.FILE, scope="own")
"""For what a firm or park files into its own books."""

VERIFIER = door(Action.VERIFY, scope="own")
"""For what a verifier does to a firm's filing."""

AUTHORITY = door(Action.ACCEPT, scope="own")
"""For what the authority decides within its area."""

ROSTER = door(Action.ROSTER, scope="platform")
"""For who may come in, and as what: officers of the platform."""

ASKER = door(Action.ASK, scope="own")
"""For asking for what takes a second person, and for what was asked within the bounds of the principal."""

DECIDER = door(Action.DECIDE, scope="own")
"""For the second person."""


def together(*guards: Guard) -> Guard:
    """One guard that asks several, in this order. At every request Litestar copies the handler for each guard that it knows of, which takes
    longer than most guards do."""

    async def every(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        for guard in guards:
            await guard(connection, handler)

    return every


def undeclared(handlers: Iterable[BaseRouteHandler]) -> list[str]:
    """The routes that say too little, or what nobody knows, or let in an office whose duty does not hold the action."""
    return sorted(f"{', '.join(sorted(handler.paths))} ({handler.handler_name})" for handler in handlers if not is_declared(handler.opt))


def is_declared(opt: dict[str, Any]) -> bool:
    """Whether a route's declaration is whole and agrees with the table of rights."""
    if opt.get("action") not in set(Action) or opt.get("scope") not in SCOPES:
        return False
    return bool(opt.get("role") == (ANYONE if opt["scope"] == "public" else offices_that(Action(opt["action"]))))


def handlers_of(app: Litestar) -> list[BaseRouteHandler]:
    """Every handler of the application but Litestar's own answers to OPTIONS, which name the methods of an address and nothing else."""
    return [handler for route in app.routes for handler in _handlers(route) if not _only_options(handler)]


def _handlers(route: BaseRoute) -> list[BaseRouteHandler]:
    if isinstance(route, HTTPRoute):
        return list(route.route_handlers)
    assert isinstance(route, ASGIRoute | WebSocketRoute)
    return [route.route_handler]


def _only_options(handler: BaseRouteHandler) -> bool:
    return isinstance(handler, HTTPRouteHandler) and set(handler.http_methods) == {"OPTIONS"}


def check_doors(app: Litestar) -> None:
    """Refuse to start while any route is undeclared."""
    missing = undeclared(handlers_of(app))
    if missing:
        raise ImproperlyConfiguredException(f"these routes declare no role, action and scope: {'; '.join(missing)}")
