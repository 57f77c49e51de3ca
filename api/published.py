"""The documentation as it is published: what holds for every route is written into it here, once.

Litestar describes refusals in a form of its own, which is not the one that is sent, and knows neither keys nor signing in. Each operation
gets its problem details (RFC 9457), its Idempotency-Key, who may call it, and an example of every body and answer.
"""

import json
import re
from typing import Any

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.serialization import encode_json

from api.auth.gate import SAFE
from api.idempotency import needs_key
from api.problems import MEDIA_TYPE
from api.samples import TEXTS, WHOLE, sample

METHODS = ("get", "put", "post", "delete", "patch")
REFUSAL = {"$ref": "#/components/responses/Problem"}
KEY = {"$ref": "#/components/parameters/IdempotencyKey"}
KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 255}
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key (tzk_…) or a token of /api/v1/token (tzt_…)"},
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-tanzhang", "description": "A signed-in browser"},
}


class Published(JsonRenderPlugin):
    """openapi.json, made once."""

    made: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        if self.made is None:
            self.made = json.dumps(published(request.app), ensure_ascii=False).encode()
        return self.made


def published(app: Litestar) -> dict[str, Any]:
    """The whole description of the interface: OpenAPI 3.1."""
    schema: dict[str, Any] = json.loads(encode_json(app.openapi_schema.to_schema()))
    components = schema["components"]
    components["securitySchemes"] = SECURITY
    components["parameters"] = {
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": True, "schema": KEY_SCHEMA, "example": "5f2b8c1e-july",
            "description": "New for each change, the same when it is sent again: one effect, and the same answer",
        },
    }  # fmt: skip
    problem = {"$ref": "#/components/schemas/Problem"}
    shown = sample(problem, components["schemas"])
    components["responses"] = {"Problem": {"description": "Refused", "content": {MEDIA_TYPE: {"schema": problem, "example": shown}}}}
    handlers = operations_of(app)
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                _complete(item[method], method, path, handlers[path, method], components["schemas"])
    return schema


def operations_of(app: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """The handler of each documented path and method."""
    found = {}
    for route in app.routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods:
                found[path, method.lower()] = handler
    return found


def _complete(operation: dict[str, Any], method: str, path: str, handler: HTTPRouteHandler, schemas: dict[str, Any]) -> None:
    """Refusals, key, security and examples of one operation."""
    answers = operation["responses"]
    for status in [status for status, answer in answers.items() if _is_litestars(answer)]:
        del answers[status]
    answers["default"] = REFUSAL
    if needs_key(handler, method.upper()):
        operation["parameters"] = [*operation.get("parameters", []), KEY]
    if handler.opt["scope"] != "public":
        operation["security"] = [{"bearer": []}, {"session": []}]
    elif method.upper() in SAFE:
        operation["security"] = []
    contents = [answer.get("content", {}) for answer in answers.values()] + [operation.get("requestBody", {}).get("content", {})]
    for content in contents:
        for kind, told in content.items():
            if "example" not in told and "examples" not in told:
                told["example"] = _example(told, kind, WHOLE.get((method, path)) if content is not contents[-1] else None, schemas)


def _example(told: dict[str, Any], kind: str, whole: Any, schemas: dict[str, Any]) -> Any:
    if whole is not None and kind != MEDIA_TYPE:
        return whole
    return TEXTS[kind] if kind in TEXTS else sample(told.get("schema", {}), schemas)


def _is_litestars(answer: dict[str, Any]) -> bool:
    """Whether the answer is Litestar's guess at a refusal."""
    content = answer.get("content", {}).get("application/json", {})
    return "status_code" in content.get("schema", {}).get("properties", {})
