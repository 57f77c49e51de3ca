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
from pathlib import Path

import pytest

from tests.api.example import example_book

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
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
    """The address of `tanzhang serve` over the example book."""
    home: Path = tmp_path_factory.mktemp("browser-home")
    example_book(home).engine.dispose()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TANZHANG_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", str(port), "--home", str(home)],
        env=environment, cwd=Path(__file__).parent.parent.parent, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(address: str, process: "subprocess.Popen[str]") -> None:
    for _ in range(200):
        if process.poll() is not None:
            pytest.fail(f"the server stopped: {process.stderr.read() if process.stderr else ''}")
        try:
            with urllib.request.urlopen(f"{address}/api/v1/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not answer within 20 seconds")
