"""The documentation of /api/v1: OpenAPI 3.1, shown by a Swagger UI out of our own bundle."""

from typing import Any

from litestar import Request, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin

from api.bundle import asset
from api.doors import PUBLIC
from api.published import Published
from carbon import __version__

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Tanzhang API</title>
<link rel="icon" href="{icon}" type="image/svg+xml"><link rel="stylesheet" href="{style}">
<script type="module" src="{script}"></script></head>
<body><div id="docs" data-schema="/schema/openapi.json"></div>
<noscript><a href="/schema/openapi.json">openapi.json</a></noscript></body></html>"""


class OfflineDocs(OpenAPIRenderPlugin):
    """A page that loads nothing from elsewhere and runs no inline script."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return PAGE.format(icon=asset("icon.svg"), style=asset("docs-style.css"), script=asset("docs.js")).encode()


def openapi() -> OpenAPIConfig:
    """What `Litestar` is told about its documentation."""
    return OpenAPIConfig(
        title="碳账 Tanzhang",
        version=__version__,
        description=(
            "Activity data → emission factor → emission by gas → balanced entry → county, city, province. "
            "Amounts are integers written as text, in the smallest unit of the gas: grams of CO2 and CO2e, milligrams of every other gas. "
            "Problems are RFC 9457; errors[] point to row and column."
        ),
        render_plugins=[OfflineDocs(path="/"), Published(path="/openapi.json")],
        openapi_router=Router(path="/schema", route_handlers=[], opt=PUBLIC, include_in_schema=False),
        use_handler_docstrings=True,
    )
