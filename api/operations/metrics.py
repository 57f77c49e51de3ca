"""Metrics in Prometheus's text form at /metrics, for programs of this machine alone.

Routes are told by their template, never by the address that was asked: an address may name a holder, and each would be a series of its own.
Several workers count into files of one folder (`PROMETHEUS_MULTIPROC_DIR`, which `serve` sets), and whichever is asked adds them up.
"""

import ipaddress
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from litestar import Request, Response, get
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.doors import PUBLIC
from api.hardening import LOOPBACK_NAMES, check_host
from api.operations.marks import marked
from api.operations.watch import Answered
from carbon.tables import JobRow
from ledger.balances import log_size
from ledger.book import Book
from ledger.checkpoint import newest_size
from ledger.types import table_of

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PASSED_ON = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
OWN = CollectorRegistry()
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REQUESTS = Counter("tanzhang_requests", "Requests answered.", ["method", "route", "status"], registry=OWN)
SECONDS = Histogram("tanzhang_request_seconds", "How long they took, in seconds.", ["route"], registry=OWN, buckets=BUCKETS)


def count(done: Answered) -> None:
    """Count a request that was answered."""
    method = done.method if done.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
    REQUESTS.labels(method, done.route, str(done.status)).inc()
    SECONDS.labels(done.route).observe(done.seconds)


class BookFigures(Collector):
    """What the book itself tells when it is asked."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def collect(self) -> Iterable[Metric]:
        """The gauges, read now."""
        with self.book.reading() as session:
            entries = log_size(session)
            jobs = _jobs(session.connection())
        yield GaugeMetricFamily("tanzhang_entries", "Entries in the log of the book.", value=entries)
        behind = max(entries - newest_size(self.book.checkpoint_file), 0)
        yield GaugeMetricFamily("tanzhang_checkpoint_lag_entries", "Entries that no signed checkpoint covers yet.", value=behind)
        for deed, name in (("verified", "verify"), ("backed-up", "backup")):
            at = marked(self.book.home, deed)  # type: ignore[arg-type]
            if at is not None:
                age = (datetime.now(UTC) - at).total_seconds()
                yield GaugeMetricFamily(f"tanzhang_{name}_age_seconds", f"Since the last {name} of this book that held.", value=age)
        waiting = GaugeMetricFamily("tanzhang_jobs", "Jobs by what they are doing.", labels=["status"])
        for status, number in jobs:
            waiting.add_metric([status], number)
        yield waiting


def _jobs(connection: sa.Connection) -> list[tuple[str, int]]:
    """How many jobs there are, by status."""
    status = table_of(JobRow).c.status
    return [(str(one), number) for one, number in connection.execute(sa.select(status, sa.func.count()).group_by(status).order_by(status))]


async def from_this_machine(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """There is no such page for whoever comes from another machine, or through something that passes requests on."""
    client = connection.client.host if connection.client else ""
    passed_on = any(name.lower() in PASSED_ON for name in connection.headers)
    if passed_on or not _is_loopback(client):
        raise NotFoundException
    check_host(connection.headers.get("host", "").encode("latin-1"), LOOPBACK_NAMES)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@get("/metrics", opt=PUBLIC, guards=[from_this_machine], sync_to_thread=True, include_in_schema=False)
def metrics(request: Request[Any, Any, Any], book: NamedDependency[Book]) -> Response[bytes]:  # noqa: ARG001
    """Every figure, those of all workers together."""
    registry = OWN
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    of_book = CollectorRegistry()
    of_book.register(BookFigures(book))
    return Response(generate_latest(registry) + generate_latest(of_book), media_type=CONTENT_TYPE_LATEST)
