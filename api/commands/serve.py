"""Serve the pages and the API on this machine."""

import os
import socket

import typer

from api.commands import asked

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WHY_LOOPBACK = (
    "there is no sign-in yet, so the pages may be read at this machine only: leave --host out (127.0.0.1), "
    "and reach another machine's through ssh -L 8000:127.0.0.1:8000"
)


def serve(
    port: int | None = typer.Option(None, "--port", min=1, max=65535, help="Port, 8000 where nothing is said."),
    workers: int = typer.Option(1, "--workers", min=1, max=64, help="Processes that answer."),
    host: str = typer.Option("127.0.0.1", "--host", help="An address of this machine itself; others are refused until there is sign-in."),
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang serve
    tanzhang serve --port 8080 --workers 4

    Serve the pages and /api/v1 on 127.0.0.1, with their documentation at /schema.
    """
    if host not in LOOPBACK:
        raise asked.WrongUsage(WHY_LOOPBACK)
    chosen = asked.settings(database, home, port=str(port) if port else None)
    if not is_free(host, chosen.port):
        raise asked.WrongUsage(
            f"port {chosen.port} is taken: choose another with --port, such as --port {free_port(host, chosen.port + 1)}"
        )
    run(host, chosen.port, workers=workers, database_url=chosen.database_url, home=str(chosen.home))


def run(host: str, port: int, *, workers: int, database_url: str, home: str) -> None:
    """Check that book and bundle are there, print the address, and answer until stopped."""
    import multiprocessing
    from pathlib import Path

    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from api.bundle import manifest
    from ledger.book import open_book

    manifest()
    open_book(database_url, home=Path(home)).engine.dispose()
    os.environ |= {"TANZHANG_DATABASE_URL": database_url, "TANZHANG_HOME": home}  # for the workers, which are processes of their own
    # a forked worker would inherit the locks of polars' threads, and wait for ever on the first query
    multiprocessing.set_start_method("spawn", force=True)
    shown = f"[{host}]" if ":" in host else host
    asked.say(f"http://{shown}:{port}/  (stop with Ctrl-C)")
    Granian(
        "api.commands.serve:application", address=host, port=port, workers=workers, interface=Interfaces.ASGI, factory=True,
        blocking_threads=1, log_access=False, log_level=LogLevels.warning, websockets=False,
    ).serve()  # fmt: skip


def application() -> object:
    """The application of one worker, over the book that the environment names."""
    import logging

    from api.app import create_app
    from api.auth.user import is_empty
    from ledger.book import open_book
    from ledger.principal import LOCAL_READER

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    chosen = asked.settings(None, None)
    book = open_book(chosen.database_url, home=chosen.home)
    with book.reading() as session:
        local = LOCAL_READER if is_empty(session) else None  # who sits at this machine reads, until there are users
    return create_app(book, local=local, timezone=chosen.timezone)


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
