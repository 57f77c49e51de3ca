"""A load of HTTP/1.1 requests from a process of its own: `python -m tests.benchmarks.http_load < asked.json`, the result as JSON.

Each client keeps one connection and asks its next request as soon as the last is answered (closed loop), so latency is what a caller
waits. Requests are raw bytes in base64, taken in turn; after a pause at the start, in which nothing is counted, `seconds` are measured.
"""

import asyncio
import base64
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    taken: list[float] = field(default_factory=list)
    broken: int = 0


class Client(asyncio.Protocol):
    """One connection that asks again and again."""

    def __init__(self, requests: list[bytes], first: int, tally: Tally, until: list[float], once: bool) -> None:
        self.requests, self.at, self.tally, self.until, self.once = requests, first, tally, until, once
        self.buffer, self.done = bytearray(), asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        now = perf_counter()
        if now >= self.until[1]:
            self._end()
            return
        self.start = now
        self.transport.write(self.requests[self.at % len(self.requests)])  # type: ignore[attr-defined]
        self.at += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            whole = len(self.buffer) if self.buffer.endswith(b"0\r\n\r\n") and len(self.buffer) > end + 4 else -1
        else:
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n")[0]) if at >= 0 and status not in {204, 304} else 0
            whole = end + 4 + length
        if not 0 <= whole <= len(self.buffer):
            return
        now = perf_counter()
        if now >= self.until[0]:
            self.tally.statuses[status] += 1
            self.tally.taken.append(now - self.start)
        self.buffer.clear()
        if self.once:
            self._end()
        else:
            self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.tally.broken += 1
            self.done.set_result(None)

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self.transport.close()


async def load(port: int, requests: list[bytes], *, clients: int, seconds: float, pause: float, once: bool) -> Tally:
    """Ask with so many clients for so long; with `once` each asks a single time, all at the same moment."""
    loop, tally = asyncio.get_running_loop(), Tally()
    begin = perf_counter() + (0 if once else pause)
    until = [begin, begin + seconds]
    step = max(len(requests) // clients, 1)
    made = await asyncio.gather(
        *(
            loop.create_connection(lambda no=no: Client(requests, no * step, tally, until, once), "127.0.0.1", port)  # type: ignore[misc]
            for no in range(clients)
        )
    )
    await asyncio.wait([client.done for _, client in made], timeout=seconds + pause + 60)
    return tally


def main() -> None:
    """Read what is asked from standard input, write what came back."""
    asked = json.load(sys.stdin)
    requests = [base64.b64decode(one) for one in asked["requests"]]
    tally = asyncio.run(
        load(
            asked["port"], requests, clients=asked["clients"], seconds=asked["seconds"], pause=asked.get("pause", 1),
            once=asked.get("once", False),
        )
    )  # fmt: skip
    taken = sorted(tally.taken)
    json.dump(
        {
            "answers": len(taken), "broken": tally.broken, "statuses": {str(status): count for status, count in tally.statuses.items()},
            "ms": {name: round(1000 * taken[min(int(len(taken) * part), len(taken) - 1)], 2) for name, part in PARTS.items()} if taken else {},
        },
        sys.stdout,
    )  # fmt: skip


PARTS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}

if __name__ == "__main__":
    main()
