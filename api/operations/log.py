"""The log: one JSON object a line on standard error, whoever writes it.

A line holds what happened and never whom it concerns: the number of the request, the route's template and not its address, the random id of
the user, the office, the status. No query string, no body, no token, no name.
"""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from structlog.stdlib import ProcessorFormatter

TOLD = "tanzhang_told"
"""Where a record keeps what it tells of a request."""
LEVELS = ("debug", "info", "warning", "error")
REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The number of the request that is being answered."""
QUIET = ("httpx", "httpcore", "asyncio", "_granian", "granian")
"""Who speaks of addresses and connections, and is heard only when something is wrong."""

REQUESTS = logging.getLogger("tanzhang.request")
"""Who tells of each request; silent until `configure` or somebody else lets it speak."""


def configure(level: str) -> None:
    """Send every log of this process to standard error as JSON, from `level` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def answered(**told: str | float) -> None:
    """Tell of a request that was answered. Every request comes by here: the line is written out directly, which takes 7 µs instead of the
    17 that it takes from processor to processor."""
    if REQUESTS.isEnabledFor(logging.INFO):
        record = logging.LogRecord(REQUESTS.name, logging.INFO, "", 0, "answered", (), None)
        record.__dict__[TOLD] = told
        REQUESTS.handle(record)


class Lines(ProcessorFormatter):
    """How a line is written. A traceback is told without the values of its variables."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _moment, _number],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = record.__dict__.get(TOLD)
        if told is None:
            return super().format(record)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        named = {"level": record.levelname.lower(), "logger": record.name, "time": time}
        return _json(told | named | {"message": record.getMessage()})


_STAMP = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")


def _moment(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return dict(_STAMP(logger, name, event))


def _number(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if number := REQUEST.get():
        event.setdefault("request", number)
    return event


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
