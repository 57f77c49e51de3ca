"""A real Chromium against a real server over the example book. Without Chromium the tests say loudly that they were skipped."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.api.example import example_book
from tests.browser.people import Doors, populated

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
WIDTHS = {"desk": (1400, 1000), "phone": (390, 844)}
SHOTS = Path(__file__).parent.parent.parent / ".screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is: named in TANZHANG_CHROMIUM, or on the path."""
    found = os.environ.get("TANZHANG_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        said = "NO CHROMIUM: the browser tests were skipped. `make browser` installs it where apt may; or name one in TANZHANG_CHROMIUM"
        warnings.warn(said, stacklevel=1)
        pytest.skip(said)
    return found


@pytest.fixture(scope="session")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `tanzhang serve` over the example book, which has no users: who sits there reads."""
    home: Path = tmp_path_factory.mktemp("browser-home")
    example_book(home).engine.dispose()
    with served(home) as address:
        yield address


@pytest.fixture(scope="session")
def doors_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the book of `doors` lies."""
    return tmp_path_factory.mktemp("doors-home")


@pytest.fixture(scope="session")
def doors(chromium: str, doors_home: Path) -> Iterator[Doors]:
    """`tanzhang serve` over the example book with a user of each office."""
    tokens, ids = populated(doors_home)
    with served(doors_home) as address:
        yield Doors(address, tokens, ids)


@contextmanager
def served(home: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TANZHANG_")}
    told = home / "told.log"  # a file, since a pipe that nobody empties would stop the server
    with told.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", str(port), "--home", str(home)],
            env=environment, cwd=Path(__file__).parent.parent.parent, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        _wait(address, process, told)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(address: str, process: "subprocess.Popen[bytes]", told: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"the server stopped: {told.read_text(encoding='utf-8')}")
        try:
            with urllib.request.urlopen(f"{address}/api/v1/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not answer within a minute")


@dataclass
class Watched:
    """A page and what went wrong on it: console errors, requests to elsewhere."""

    page: Page
    context: BrowserContext
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


def watch(browser: Browser, server: str, width: str, *, dark: bool = False, script: bool = True) -> Watched:
    wide, high = WIDTHS[width]
    context = browser.new_context(
        viewport={"width": wide, "height": high}, is_mobile=width == "phone", has_touch=width == "phone",
        color_scheme="dark" if dark else "light", java_script_enabled=script,
    )  # fmt: skip
    context.set_default_timeout(15_000)
    watched = Watched(context.new_page(), context)
    watched.page.on("console", lambda said: watched.errors.append(said.text) if said.type in {"error", "warning"} else None)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.on("request", lambda asked: watched.elsewhere.append(asked.url) if not asked.url.startswith((server, "data:")) else None)
    return watched


def seen(watched: Watched, name: str) -> None:
    """The page does not scroll sideways; its picture is kept for people to look at."""
    page = watched.page
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{name} scrolls sideways"
    picture = SHOTS / f"{name}.png"
    picture.parent.mkdir(exist_ok=True, parents=True)
    page.screenshot(path=picture, full_page=True)
