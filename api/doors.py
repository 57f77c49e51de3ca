"""Every route says who may come in (`role`), to do what (`action`), in which bounds (`scope`); one that does not stops the start-up."""

from collections.abc import Iterable
from typing import Any

from litestar import Litestar
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import ASGIRoute, BaseRoute, HTTPRoute, WebSocketRoute

from ledger.principal import Role

ROLES = {"anyone", *(role.value for role in Role)}
ACTIONS = {"read", "write", "calculate"}
SCOPES = {"public", "principal"}

PUBLIC: dict[str, Any] = {"role": "anyone", "action": "read", "scope": "public"}
"""For what tells nothing of any holder: factors, activity codes, styles, documentation, health."""

READER: dict[str, Any] = {"role": Role.READER.value, "action": "read", "scope": "principal"}
"""For what is read out of the books, within the bounds of the principal."""

CALCULATOR: dict[str, Any] = {"role": "anyone", "action": "calculate", "scope": "public"}
"""For what computes and keeps nothing."""


def undeclared(handlers: Iterable[BaseRouteHandler]) -> list[str]:
    """The routes that say too little, or what nobody knows."""
    return sorted(
        f"{', '.join(sorted(handler.paths))} ({handler.handler_name})"
        for handler in handlers
        if handler.opt.get("role") not in ROLES or handler.opt.get("action") not in ACTIONS or handler.opt.get("scope") not in SCOPES
    )


def _handlers(route: BaseRoute) -> list[BaseRouteHandler]:
    if isinstance(route, HTTPRoute):
        return list(route.route_handlers)
    assert isinstance(route, ASGIRoute | WebSocketRoute)
    return [route.route_handler]


def _only_options(handler: BaseRouteHandler) -> bool:
    """Litestar's own answer to OPTIONS names the methods of an address and nothing else."""
    return isinstance(handler, HTTPRouteHandler) and set(handler.http_methods) == {"OPTIONS"}


def check_doors(app: Litestar) -> None:
    """Refuse to start while any route is undeclared."""
    missing = undeclared(handler for route in app.routes for handler in _handlers(route) if not _only_options(handler))
    if missing:
        raise ImproperlyConfiguredException(f"these routes declare no role, action and scope: {'; '.join(missing)}")
