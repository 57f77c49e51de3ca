"""A client of /api/v1 for programs: `Client("https://carbon.example.org", key="tzk_…")`. It needs httpx and msgspec, and of
this project nothing but `api.work.told`, the forms of answers.

Numbers of the books are ints here, though they travel as texts. Every call that changes something bears an Idempotency-Key and is repeated
with the same key where the way there or back broke, so that it is done once. Lists are read page by page as they are iterated.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit
from uuid import uuid4

import httpx
import msgspec

from api.work.told import Delivery, Endpoint, JobView, Registered

BASE = "/api/v1"
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = {".csv": CSV, ".xlsx": XLSX, ".jsonl": "application/jsonl"}
PASSING = frozenset({429, 502, 503, 504})
IN_FLIGHT = "idempotency.in-flight"
Found = TypeVar("Found")


class Problem(Exception):
    """What the platform refuses (RFC 9457): `code` is stable, `errors` point to row and column, `retry_after` is in seconds."""

    def __init__(self, status: int, told: Mapping[str, Any], *, retry_after: float | None = None) -> None:
        self.status, self.retry_after = status, retry_after
        self.code, self.title = str(told.get("code", f"http.{status}")), str(told.get("title", ""))
        self.detail, self.errors = str(told.get("detail", "")), tuple(told.get("errors", ()))
        super().__init__(f"{status} {self.code}: {self.detail or self.title}")


class Unreachable(Exception):
    """The platform could not be reached, or its answer did not arrive, as often as it was tried."""


class JobFailed(Exception):
    """A job that ended without its result; `problem` says why, as a `Problem` would."""

    def __init__(self, job: JobView) -> None:
        self.job = job
        self.problem = Problem(int((job.problem or {}).get("status", 500)), job.problem or {})
        super().__init__(f"job {job.id}: {self.problem}")


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. `repeated`: it was booked before, and nothing was booked now."""

    import_id: str
    holder: str
    file: str
    sha256: str
    lines: int
    first_entry: int | None
    last_entry: int | None
    replaces: str | None
    imported_at: datetime
    repeated: bool = False
    reversed_entries: int = 0
    opened_sites: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was booked."""

    id: str
    holder: str
    file: str
    sha256: str
    lines: int
    first_entry: int | None
    last_entry: int | None
    replaces: str | None
    replaced_by: str | None
    imported_at: datetime


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that are still written, and the ETag to change them by."""

    lines: list[dict[str, Any]]
    etag: str = ""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on an account in a commodity, in its smallest unit."""

    account: str
    commodity: str
    amount: int


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """A posting of a statement."""

    entry_id: int
    day: date
    amount: int
    balance: int


class Client:
    """The platform at `url`, as who holds `key` (or a token). `tries` is how often a call is made, `sleep` waits between."""

    def __init__(
        self, url: str, *, key: str | None = None, timeout: float = 60.0, tries: int = 5, transport: httpx.BaseTransport | None = None,
        http: httpx.Client | None = None, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.http = http or httpx.Client(base_url=url, timeout=timeout, transport=transport)
        self.tries, self.sleep = tries, sleep
        self.headers = {"accept": "application/json", "user-agent": "tanzhang-client"} | ({"authorization": f"Bearer {key}"} if key else {})

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    # what is read

    def health(self) -> dict[str, Any]:
        """Version, database, number of entries."""
        return self._read("/health", dict[str, Any])

    def balances(self, account: str, *, since: date | None = None, until: date | None = None) -> Iterator[Balance]:
        """Balances of an account, or of all below a name that ends in ``/``."""
        return self._pages("/accounts/balance", {"account": account, "from": since, "until": until}, Balance)

    def statement(self, account: str, commodity: str, *, limit: int = 1000) -> Iterator[Posting]:
        """The postings of an account in the order of the log."""
        return self._pages("/accounts/statement", {"account": account, "commodity": commodity, "limit": limit}, Posting)

    def entry(self, entry_id: int) -> dict[str, Any]:
        """An entry with its line, factor and source."""
        return self._read(f"/entries/{entry_id}", dict[str, Any])

    def region(self, code: str, *, year: int | None = None, source: str = "") -> dict[str, Any]:
        """What the page of a division shows."""
        return self._read(f"/regions/{quote(code)}", dict[str, Any], {"year": year, "source": source})

    def activities(self, words: str = "") -> Iterator[dict[str, Any]]:
        """Activity codes that hold every word."""
        return self._pages("/activities", {"q": words}, dict[str, Any])

    def calculate(self, csv: bytes | str, *, gwp: str | None = None) -> list[dict[str, Any]]:
        """Emissions of the lines of a CSV; nothing is kept. Raises Problem with every fault."""
        answer = self._call("POST", "/calc", params={"gwp": gwp}, content=csv, headers={"content-type": CSV})
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in answer.content.splitlines()]

    # files and jobs

    def file(
        self, holder: str, content: bytes | Path, *, name: str = "", kind: str = CSV, replace: str | None = None,
        allow_duplicates: bool = False, later: bool = False, key: str | None = None,
    ) -> Receipt | JobView:  # fmt: skip
        """Book a file, given by its bytes and kind or its path. A large one, or one for `later`, gives the job that books it: `wait`."""
        if isinstance(content, Path):
            name, kind, content = name or content.name, KINDS[content.suffix.lower()], content.read_bytes()
        asked = {"name": name, "replace": replace, "allow_duplicates": "true" if allow_duplicates else None}
        headers = {"content-type": kind} | ({"prefer": "respond-async"} if later else {})
        answer = self._call("POST", f"/holders/{quote(holder)}/files", params=asked, content=content, headers=headers, key=key)
        return _decoded(answer, JobView) if answer.status_code == 202 else _decoded(answer, Receipt)

    def files(self, holder: str, *, limit: int = 1000) -> Iterator[Import]:
        """The files that were booked for a holder."""
        return self._pages(f"/holders/{quote(holder)}/files", {"limit": limit}, Import)

    def job(self, job: str) -> JobView:
        """How far a job has come."""
        return self._read(f"/jobs/{quote(job)}", JobView)

    def jobs(self) -> Iterator[JobView]:
        """Your jobs of the last 30 days."""
        return self._pages("/jobs", {}, JobView)

    def wait(self, job: JobView | str, *, within: float = 600.0, every: float = 0.5) -> JobView:
        """The job once it is done. Raises JobFailed, TimeoutError."""
        until = time.monotonic() + within
        while True:
            now = self.job(job if isinstance(job, str) else job.id)
            if now.status == "failed":
                raise JobFailed(now)
            if now.ended:
                return now
            if time.monotonic() > until:
                raise TimeoutError(f"job {now.id} is {now.status} after {within:g} s: {now.step}")
            self.sleep(every)

    # drafts

    def draft(self, holder: str, name: str) -> Draft:
        """A draft and its ETag."""
        return _draft(self._call("GET", _draft_path(holder, name)))

    def put_draft(
        self, holder: str, name: str, lines: Sequence[Mapping[str, Any]], *, etag: str | None = None, key: str | None = None
    ) -> Draft:
        """Write a draft over the one that was read with `etag`; a new one where none is given. Raises Problem 412 where it changed."""
        headers = {"content-type": "application/json"} | ({"if-match": etag} if etag else {"if-none-match": "*"})
        body = msgspec.json.encode({"lines": list(lines)})
        return _draft(self._call("PUT", _draft_path(holder, name), content=body, headers=headers, key=key))

    def delete_draft(self, holder: str, name: str, *, etag: str, key: str | None = None) -> None:
        """Throw a draft away."""
        self._call("DELETE", _draft_path(holder, name), headers={"if-match": etag}, key=key)

    # webhooks

    def add_webhook(self, url: str, events: Sequence[str], *, key: str | None = None) -> Registered:
        """Tell an address what happens; its secret is in the answer, this once."""
        body = msgspec.json.encode({"url": url, "events": list(events)})
        return _decoded(self._call("POST", "/webhooks", content=body, headers={"content-type": "application/json"}, key=key), Registered)

    def webhooks(self) -> Iterator[Endpoint]:
        """The webhooks of your office."""
        return self._pages("/webhooks", {}, Endpoint)

    def enable_webhook(self, webhook: str) -> Endpoint:
        """Tell a webhook again that was disabled."""
        return _decoded(self._call("POST", f"/webhooks/{quote(webhook)}/enable"), Endpoint)

    def remove_webhook(self, webhook: str) -> None:
        """Tell a webhook nothing any more."""
        self._call("DELETE", f"/webhooks/{quote(webhook)}")

    def deliveries(self, webhook: str, *, limit: int = 1000) -> Iterator[Delivery]:
        """What was sent to a webhook."""
        return self._pages(f"/webhooks/{quote(webhook)}/deliveries", {"limit": limit}, Delivery)

    # how it is done

    def _read(self, path: str, kind: type[Found], params: Mapping[str, Any] | None = None) -> Found:
        return _decoded(self._call("GET", path, params=params), kind)

    def _pages(self, path: str, params: Mapping[str, Any], kind: type[Found]) -> Iterator[Found]:
        asked: Mapping[str, Any] | None = params
        address: str | None = path
        while address is not None:
            answer = self._call("GET", address, params=asked)
            yield from _decoded(answer, list[kind])  # type: ignore[valid-type]
            following = answer.links.get("next", {}).get("url")
            address, asked = (_within(answer.request.url, following), None) if following else (None, None)

    def _call(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None, key: str | None = None,
    ) -> httpx.Response:  # fmt: skip
        """The answer, after as many tries as are due. Raises Problem, Unreachable."""
        sent = self.headers | dict(headers or {})
        if method not in {"GET", "HEAD"}:
            sent["idempotency-key"] = key or str(uuid4())
        asked = None if params is None else {name: str(value) for name, value in params.items() if value is not None and value != ""}
        address = path if path.startswith(BASE) else BASE + path
        for turn in range(1, self.tries + 1):
            try:
                answer = self.http.request(method, address, params=asked, content=content, headers=sent)
            except httpx.TransportError as error:
                if turn == self.tries:
                    raise Unreachable(f"{method} {address}: {error or type(error).__name__}") from error
                self.sleep(_pause(turn, None))
                continue
            if answer.is_success:
                return answer
            problem = _problem(answer)
            if turn == self.tries or not (problem.status in PASSING or problem.code == IN_FLIGHT):
                raise problem
            self.sleep(_pause(turn, problem.retry_after))
        raise AssertionError("a last try returns or raises")


def _pause(turn: int, retry_after: float | None) -> float:
    """Seconds to wait: what the platform asked for, else half a second, one, two …"""
    return retry_after if retry_after is not None else 0.5 * 2 ** (turn - 1)


def _problem(answer: httpx.Response) -> Problem:
    try:
        told = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:  # not the platform's own: a proxy on the way
        told = {"detail": answer.text[:200]}
    after = answer.headers.get("retry-after", "")
    return Problem(answer.status_code, told, retry_after=float(after) if after.isdigit() else None)


def _decoded(answer: httpx.Response, kind: type[Found]) -> Found:
    return msgspec.json.decode(answer.content, type=kind, strict=False)


def _draft(answer: httpx.Response) -> Draft:
    return msgspec.structs.replace(_decoded(answer, Draft), etag=answer.headers.get("etag", ""))


def _draft_path(holder: str, name: str) -> str:
    return f"/holders/{quote(holder)}/drafts/{quote(name, safe='')}"


def _within(here: httpx.URL, there: str) -> str:
    """The path of a page that follows; one on another machine is not followed, since it would be told the key."""
    parts = urlsplit(urljoin(str(here), there))
    if (parts.scheme, parts.netloc) != (here.scheme, here.netloc.decode()):
        raise Unreachable(f"the next page is said to lie at {parts.netloc}, which is another machine")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
