"""Work on what waits: files to book, webhooks to tell."""

import typer

from api.commands import asked


def worker(
    once: bool = typer.Option(False, "--once", help="Do what is due now, then end."),
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang worker
    tanzhang worker --once

    Book files that were sent for later and tell webhooks, until SIGTERM or Ctrl-C; then the work in hand is ended first. As many workers
    as you like may run.
    """
    import signal
    import threading

    from api.auth.vault import Vault
    from api.outgoing import Reach
    from api.work.worker import Worker

    chosen = asked.settings(database, home)
    book = asked.book(database, home)
    one = Worker(book, Vault.at(book.home), chosen.timezone, Reach(hosts=frozenset(chosen.webhook_hosts)))
    if once:
        while one.step():
            pass
        return
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    asked.say("working (stop with Ctrl-C)")
    one.run(stop)
