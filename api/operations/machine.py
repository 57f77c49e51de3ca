"""What this machine lends: Python, SQLite, the front end, fonts, the port, the disk, the clock."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec

from api.operations.finding import Check, Finding
from api.operations.readiness import ROOM_B, room
from api.operations.telemetry import ENDPOINT
from carbon.settings import Settings

SQLITE_WANTED = (3, 37)  # the first with STRICT tables
ROOM_WANTED_B = 4 * ROOM_B
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that goes right shows a day before this program was written."""


def python(_: Settings) -> Iterator[Finding]:
    """The interpreter's version."""
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("python", good, version, "" if good else "install Python 3.11, 3.12 or 3.13 and make the environment anew")


def sqlite(_: Settings) -> Iterator[Finding]:
    """The version of SQLite that Python brings."""
    good = sqlite3.sqlite_version_info >= SQLITE_WANTED
    yield Finding("sqlite", good, sqlite3.sqlite_version, "" if good else "use a Python whose SQLite is 3.37 or newer, or PostgreSQL")


def front_end(_: Settings) -> Iterator[Finding]:
    """The bundle of styles and scripts."""
    from api.bundle import DIST, MISSING

    there = (DIST / "manifest.json").exists()
    yield Finding("front end", there, "bundled" if there else "missing", "" if there else MISSING)


def fonts(_: Settings) -> Iterator[Finding]:
    """A Chinese font, as the reports find it."""
    from carbon.report.document import chinese_fonts  # a quarter of a second: only who asks waits for it

    here = chinese_fonts()
    mend = "" if here else "install fonts-noto-cjk: without it no report is printed, and browsers of this machine show boxes"
    yield Finding("fonts", True if here else None, f"reports are printed in {here[0]}" if here else "no Chinese font", mend)


def port(chosen: Settings) -> Iterator[Finding]:
    """Whether the port that `serve` would take is free."""
    from api.commands.serve import free_port, is_free

    free = is_free("127.0.0.1", chosen.port)
    other = "" if free else f"`tanzhang serve --port {free_port('127.0.0.1', chosen.port + 1)}`, unless it is Tanzhang that runs there"
    yield Finding("port", True if free else None, f"{chosen.port} is {'free' if free else 'taken'}", other)


def disk(chosen: Settings) -> Iterator[Finding]:
    """Room on the disk of the home."""
    if not chosen.home.exists():
        return
    free = room(chosen.home)
    ok = True if free >= ROOM_WANTED_B else None if free >= ROOM_B else False
    mend = "" if ok else f"make room on the disk of {chosen.home.absolute()}: old backups may go elsewhere"
    yield Finding("disk", ok, f"{free / 2**30:,.1f} GiB free", mend)


def clock(_: Settings) -> Iterator[Finding]:
    """Whether the clock can be right at all; how it stands to the book's own moments is the book's check."""
    now = datetime.now(UTC)
    mend = "" if now > BUILT else "set the clock, and let it be kept: timedatectl set-ntp true"
    yield Finding("clock", now > BUILT, f"{now:%Y-%m-%d %H:%M:%S} UTC", mend)


def telemetry(_: Settings) -> Iterator[Finding]:
    """Whether what is configured is installed."""
    if os.environ.get(ENDPOINT):
        there = find_spec("opentelemetry") is not None
        mend = "" if there else "pip install 'tanzhang[telemetry]', or unset it"
        yield Finding("telemetry", True if there else None, f"{ENDPOINT} is set" + ("" if there else ", OpenTelemetry is missing"), mend)


CHECKS: tuple[Check, ...] = (python, sqlite, front_end, fonts, port, disk, clock, telemetry)
