"""The log: one JSON object a line on standard error, whoever writes it.

A line holds what happened and never whom it concerns: the number of the request, the route's template and not its address, the random id of
the user, the office, the status. No query string, no body, no token, no name.
"""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import msgspec
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

LEVELS = ("debug", "info", "warning", "error")
REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The number of the request that is being answered."""
QUIET = ("httpx", "httpcore", "asyncio", "_granian", "granian")
"""Who speaks of addresses and connections, and is heard only when something is wrong."""

REQUESTS = structlog.wrap_logger(
    logging.getLogger("tanzhang.request"),
    processors=[structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter],
    wrapper_class=structlog.stdlib.BoundLogger,
)
"""Who tells of each request; silent until `configure` or somebody else lets it speak."""


def configure(level: str) -> None:
    """Send every log of this process to standard error as JSON, from `level` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter() -> ProcessorFormatter:
    """How a line is written. A traceback is told without the values of its variables."""
    shared: list[Processor] = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _moment, _number]
    return ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            _shared_for_ours,
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
    )


_STAMP = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")


def _moment(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return dict(_STAMP(logger, name, event))


def _number(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if number := REQUEST.get():
        event.setdefault("request", number)
    return event


def _shared_for_ours(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What lines of other loggers get on their way here."""
    if event["_from_structlog"]:
        event["level"], event["logger"] = event["_record"].levelname.lower(), event["_record"].name
        return _moment(logger, name, event)
    return event


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
