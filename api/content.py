"""JSON is read only where it says that it is JSON: Litestar reads text/plain as JSON, which a form of another site may send."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

JSON = "application/json"


class NotJson(HTTPException):
    """RFC 9110, 15.5.16."""

    status_code = 415


async def only_json(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raises NotJson where a route of /api/v1 takes a struct and something else was sent. Forms and raw bodies ask for themselves."""
    field = handler.parsed_data_field
    if field is None or getattr(field.kwarg_definition, "media_type", RequestEncodingType.JSON) != RequestEncodingType.JSON:
        return
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise NotJson(detail=f"send {JSON}, not {kind[:60] or 'no type at all'}")
