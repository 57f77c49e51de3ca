"""Single entries share a commit: what many clients of one process post at the same time is written in one transaction, with one fsync.

A thread takes what waits, posts it together and answers all after the commit. An entry that the book refuses does not touch its
neighbours: where the group is refused as a whole, each is posted alone behind a savepoint of the same transaction. Twins in one group wait
for the next, so the second finds what the first posted.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import polars as pl
from sqlmodel import Session

from ledger.book import Book
from ledger.entry import EntryBatch
from ledger.errors import LedgerError
from ledger.journal import Receipt, Refusal, post
from ledger.principal import Principal

GROUP_MAX = 2_000
PATIENCE_S = 5.0
LINGER_S, LINGER_MAX_S = 0.003, 0.03
"""How long a group waits for those who were answered just now and come again: half of what the last commit took, within these bounds.
Without it the clients part into two halves, of which one waits while the other is written."""


class Refused(LedgerError):
    """The one entry was refused; `refusal` says why, with the code of the reason."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal, self.code = refusal, refusal.code
        super().__init__(refusal.reason)


@dataclass(slots=True)
class _Waiting:
    batch: EntryBatch
    principal: Principal
    now: datetime
    open_accounts: bool
    along: Callable[[Session], None] | None = None
    answer: "Future[Receipt]" = field(default_factory=Future)

    @property
    def key(self) -> bytes:
        key: bytes = self.batch.entries["key"][0]
        return key


class Committer:
    """The writer of single entries of one process. `close` answers what waits and ends the thread."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.commits = 0
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._open = True
        self._crowd = 1  # how many came lately
        self._linger = LINGER_S
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def submit(
        self, batch: EntryBatch, principal: Principal, *, now: datetime, open_accounts: bool = True,
        along: Callable[[Session], None] | None = None,
    ) -> "Future[Receipt]":  # fmt: skip
        """Post a batch of one entry; the future gives its receipt after the commit, or the error that refused it. Where it is posted,
        `along` is called with the session before the commit: what the storey above keeps in the same transaction."""
        if len(batch) != 1:
            raise ValueError(f"a batch of {len(batch)} entries is posted by ledger.journal.post, not by the committer of single ones")
        waiting = _Waiting(batch, principal, now, open_accounts, along)
        with self._wake:
            if not self._open:
                raise RuntimeError("the committer is closed")
            self._queue.append(waiting)
            self._wake.notify()
        return waiting.answer

    def post(
        self, batch: EntryBatch, principal: Principal, *, now: datetime, open_accounts: bool = True,
        along: Callable[[Session], None] | None = None,
    ) -> Receipt:  # fmt: skip
        """As `submit`, and wait for the answer."""
        return self.submit(batch, principal, now=now, open_accounts=open_accounts, along=along).result()

    def close(self) -> None:
        """Post what waits, then stop."""
        with self._wake:
            self._open = False
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and self._open:
                    self._wake.wait()
                if not self._queue:
                    return
                until = monotonic() + self._linger
                while self._open and len(self._queue) < self._crowd and (left := until - monotonic()) > 0:
                    self._wake.wait(left)
                group = self._take()
            start = monotonic()
            self._commit(group)
            self._linger = min(max(LINGER_S, (monotonic() - start) / 2), LINGER_MAX_S)

    def _take(self) -> list[_Waiting]:
        """What waits, at most GROUP_MAX and no key twice."""
        group: dict[bytes, _Waiting] = {}
        twins: list[_Waiting] = []
        while self._queue and len(group) < GROUP_MAX:
            one = self._queue.popleft()
            if one.key in group:
                twins.append(one)
            else:
                group[one.key] = one
        self._queue.extendleft(reversed(twins))
        return list(group.values())

    def _commit(self, group: list[_Waiting]) -> None:
        answers: list[tuple[_Waiting, Receipt | BaseException]] = []
        try:
            with self.book.writing(patience=PATIENCE_S) as session:
                for alike in _by_caller(group):
                    answers += _post_group(session, alike)
                for one, answer in answers:
                    if one.along is not None and isinstance(answer, Receipt):
                        one.along(session)
            self.commits += 1
        except BaseException as error:  # nothing of the group was posted: whoever waits must hear it, whatever it was
            for one in group:
                one.answer.set_exception(error)
            return
        self._crowd = len(group) + len(self._queue)
        for one, answer in answers:
            if isinstance(answer, Receipt):
                one.answer.set_result(answer)
            else:
                one.answer.set_exception(answer)


def _by_caller(group: Sequence[_Waiting]) -> list[list[_Waiting]]:
    """Entries that can be posted in one call: of one principal, with one answer to new accounts."""
    alike: dict[tuple[Any, ...], list[_Waiting]] = {}
    for one in group:
        alike.setdefault((one.principal.actor, one.principal.role, one.open_accounts), []).append(one)
    return list(alike.values())


def _post_group(session: Session, group: list[_Waiting]) -> list[tuple[_Waiting, Receipt | BaseException]]:
    first = group[0]
    asked = {"now": max(one.now for one in group), "open_accounts": first.open_accounts}
    try:
        with session.begin_nested():
            receipt = post(session, _joined([one.batch for one in group]), first.principal, partial=True, **asked)  # type: ignore[arg-type]
    except LedgerError as error:
        return [(first, error)] if len(group) == 1 else [answer for one in group for answer in _post_group(session, [one])]
    refused = {refusal.no: refusal for refusal in receipt.refused}
    return [(one, Refused(refused[no]) if no in refused else _own(receipt, no)) for no, one in enumerate(group)]


def _own(receipt: Receipt, no: int) -> Receipt:
    """The receipt of one entry of the group. Whether it stood before cannot be told from the group's count: its id tells."""
    entry_id = receipt.ids[no]
    new = entry_id is not None and receipt.created > 0 and entry_id >= _first_new(receipt)
    return Receipt((entry_id,), created=int(new), repeated=int(not new))


def _first_new(receipt: Receipt) -> int:
    """The lowest id that the group made: its new ids are the highest ones, without a gap."""
    return sorted(at for at in receipt.ids if at is not None)[-receipt.created]


def _joined(batches: Sequence[EntryBatch]) -> EntryBatch:
    """One batch of many single entries, renumbered in their order."""
    if len(batches) == 1:
        return batches[0]
    entries = pl.concat([batch.entries for batch in batches]).with_columns(no=pl.int_range(len(batches), dtype=pl.Int64))
    postings = pl.concat([batch.postings.with_columns(no=pl.lit(no, pl.Int64)) for no, batch in enumerate(batches)])
    units: dict[str, str] = {}
    for batch in batches:
        units |= batch.units
    return EntryBatch(entries, postings, pl.concat([batch.cells for batch in batches]), units)
