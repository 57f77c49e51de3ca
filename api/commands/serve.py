"""Serve the pages and the API: on this machine alone, or behind a proxy that ends TLS for others."""

import gc
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from api.commands import asked

if TYPE_CHECKING:
    from carbon.settings import Settings
    from ledger.book import Book

LOOPBACK = ("127.0.0.1", "localhost", "::1")
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
NO_PUBLIC_URL = (
    "{host} lets other machines in, and sessions must not travel where anybody on the way reads them: name the https address under which a "
    "proxy passes requests on, TANZHANG_PUBLIC_URL=https://carbon.example.org (or --public-url), or leave --host out (127.0.0.1) and "
    "reach this machine through ssh -L 8000:127.0.0.1:8000"
)
NO_USERS = (
    "others can come in by {url}, and this book has no user, so whoever came would read it: open the first one with "
    "`tanzhang user add LOGIN --role administrator`"
)
EXAMPLE_USERS = (
    "this book has users of a demo, whose password everybody knows: serve it as one (TANZHANG_ENVIRONMENT=demo), "
    "or shut them out with `tanzhang user disable`"
)
GRACE_S = 10
"""So long a request that has begun may take when the server is told to stop."""
HEADERS_S = 10
"""So long somebody may take to send a request's headers."""
THREADS = 16
"""Requests that a worker works on at once. Python computes in one of them at a time; the others read the database, hash, or wait."""
CONNECTIONS = 1024
"""Of one worker at once; those beyond wait in the queue of the system."""


def serve(
    port: int | None = typer.Option(None, "--port", min=1, max=65535, help="Port, 8000 where nothing is said."),
    workers: int = typer.Option(1, "--workers", min=1, max=64, help="Processes that answer."),
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen at; one that others reach needs users and --public-url."),
    public_url: str | None = typer.Option(None, "--public-url", help="The https address under which others come, through a proxy."),
    trusted_proxies: str | None = typer.Option(
        None, "--trusted-proxies", help="Addresses or networks whose X-Forwarded-For and -Proto are believed, parted by commas."
    ),
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang serve
    tanzhang serve --port 8080 --workers 4
    tanzhang serve --workers 4 --public-url https://carbon.example.org --trusted-proxies 127.0.0.1

    Serve the pages and /api/v1 on 127.0.0.1, with their documentation at /schema.

    The log goes to standard error, one JSON object a line, from TANZHANG_LOG_LEVEL on (info). /health, /ready and /metrics are for probes.
    On SIGTERM or Ctrl-C, what has begun is answered within 10 seconds.
    """
    chosen = asked.settings(database, home, port=str(port) if port else None, public_url=public_url, trusted_proxies=trusted_proxies)
    if host not in LOOPBACK and not chosen.public_url:
        raise asked.WrongUsage(NO_PUBLIC_URL.format(host=host))
    if not is_free(host, chosen.port):
        raise asked.WrongUsage(
            f"port {chosen.port} is taken: choose another with --port, such as --port {free_port(host, chosen.port + 1)}"
        )
    run(chosen, host, chosen.port, workers=workers)


def run(chosen: "Settings", host: str, port: int, *, workers: int) -> None:
    """Check that book and bundle are there, print the address, and answer until stopped."""
    import multiprocessing

    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from api.bundle import manifest
    from ledger.book import open_book

    manifest()
    book = open_book(chosen.database_url, home=chosen.home)
    try:
        _refuse_strangers(book, chosen)
    finally:
        book.engine.dispose()
    os.environ |= _told_to_workers(chosen)
    # a forked worker would inherit the locks of polars' threads, and wait for ever on the first query
    multiprocessing.set_start_method("spawn", force=True)
    shown = f"[{host}]" if ":" in host else host
    asked.say(f"http://{shown}:{port}/  (stop with Ctrl-C)" + (f", for others {chosen.public_url}/" if chosen.public_url else ""))
    counts = Path(tempfile.mkdtemp(prefix="tanzhang-metrics-"))
    os.environ[METRICS_FOLDER] = str(counts)
    try:
        Granian(
            "api.commands.serve:application", address=host, port=port, workers=workers, interface=Interfaces.ASGI, factory=True,
            blocking_threads=1, log_access=False, log_level=LogLevels.warning, websockets=False, backpressure=CONNECTIONS,
            backlog=4 * CONNECTIONS, workers_kill_timeout=GRACE_S, http1_settings=HTTP1Settings(header_read_timeout=HEADERS_S * 1000),
            respawn_failed_workers=True,
        ).serve()  # fmt: skip
    finally:
        shutil.rmtree(counts, ignore_errors=True)


def _refuse_strangers(book: "Book", chosen: "Settings") -> None:
    """Whoever sits at this machine may read a book without users; nobody else may."""
    from api.auth.example import has_examples
    from api.auth.user import is_empty

    with book.reading() as session:
        if not chosen.is_demo and has_examples(session):
            raise asked.WrongUsage(EXAMPLE_USERS)
        if not chosen.public_url:
            return
        if is_empty(session):
            raise asked.WrongUsage(NO_USERS.format(url=chosen.public_url))


def _told_to_workers(chosen: "Settings") -> dict[str, str]:
    """The settings as the workers read them, which are processes of their own and know no flags."""
    return {
        "TANZHANG_DATABASE_URL": chosen.database_url,
        "TANZHANG_HOME": str(chosen.home),
        "TANZHANG_PUBLIC_URL": chosen.public_url,
        "TANZHANG_TRUSTED_PROXIES": ",".join(chosen.trusted_proxies),
    }


def application() -> Any:
    """The application of one worker, over the book that the environment names."""
    from concurrent.futures import ThreadPoolExecutor

    from granian.utils.proxies import wrap_asgi_with_proxy_headers
    from litestar.concurrency import set_asyncio_executor

    from api.app import create_app
    from api.auth.oidc import provider_of
    from api.auth.user import is_empty
    from api.hardening import LOOPBACK_NAMES
    from api.limits import Limits
    from api.operations.log import configure
    from api.operations.metrics import count
    from api.operations.telemetry import tracer_of
    from api.operations.watch import to_log
    from ledger.book import open_book
    from ledger.principal import LOCAL_READER

    chosen = asked.settings(None, None)
    set_asyncio_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="request"))
    configure(chosen.log_level)
    book = open_book(chosen.database_url, home=chosen.home)
    with book.reading() as session:
        local = LOCAL_READER if is_empty(session) and not chosen.public_url else None  # who sits here reads, until there are users
    public = urlsplit(chosen.public_url).hostname
    hosts = {*LOOPBACK_NAMES, *([public] if public else [])}
    limits = Limits(signed=chosen.rate_signed, anonymous=chosen.rate_anonymous)
    tracer = tracer_of(os.environ)
    tell = (to_log, count, *([tracer] if tracer else []))
    provider = provider_of(
        chosen.oidc_issuer, client_id=chosen.oidc_client_id, client_secret=chosen.oidc_client_secret, private=chosen.oidc_private
    )
    app = create_app(
        book, local=local, timezone=chosen.timezone, secure=bool(public), hosts=hosts, tell=tell, limits=limits,
        webhook_hosts=chosen.webhook_hosts, oidc=provider, public_url=chosen.public_url,
        demo=chosen.is_demo,
    )  # fmt: skip
    gc.collect()
    gc.freeze()  # what stands now lives as long as the worker: no pause walks it again
    return wrap_asgi_with_proxy_headers(app, list(chosen.trusted_proxies)) if chosen.trusted_proxies else app


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, first: int) -> int:
    """The first port from `first` on that is free."""
    return next((port for port in range(first, min(first + 1000, 65536)) if is_free(host, port)), first)
