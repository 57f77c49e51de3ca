"""A real `tanzhang serve`, started and stopped by a test, and a socket to talk to it byte by byte."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Served:
    """A running server: its port, its process, the file of its log."""

    port: int
    process: "subprocess.Popen[bytes]"
    errors: Path
    open: list[socket.socket] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> list[dict[str, Any]]:
        """The lines of the log that are JSON."""
        return [json.loads(line) for line in self.errors.read_text().splitlines() if line.startswith("{")]

    def connect(self, sent: bytes = b"", *, patience: float = 30) -> socket.socket:
        """A connection on which something was sent already."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=patience)
        self.open.append(made)
        made.sendall(sent)
        return made


def ask(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case and body of a GET."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(home: Path, *options: str, url: str | None = None, **environment: str) -> Iterator[Served]:
    """`tanzhang serve` over the book in `home` (or at `url`); it is stopped at the end, whatever happened."""
    port = free_port()
    variables = {name: value for name, value in os.environ.items() if not name.startswith("TANZHANG_")} | environment
    errors = home / f"serve-{port}.log"
    where = ["--database", url] if url else []
    with errors.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", str(port), "--home", str(home), *where, *options],
            env=variables, cwd=ROOT, stderr=log, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    served = Served(port, process, errors)
    try:
        _wait(served)
        yield served
    finally:
        for one in served.open:
            one.close()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _wait(served: Served) -> None:
    for _ in range(600):
        if served.process.poll() is not None:
            pytest.fail(f"the server stopped: {served.errors.read_text()}")
        try:
            with urllib.request.urlopen(f"{served.address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not answer within 60 seconds: {served.errors.read_text()}")
