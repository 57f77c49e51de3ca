"""The book against the model: whatever is done to both in whatever order, they say the same, and at the end verify finds nothing.

TANZHANG_SOAK raises the counts to those of the hazards' table: 300 runs of 50 steps on each engine.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ledger.audit import verify
from ledger.balances import balances, log_size
from ledger.book import Book
from ledger.detail import Retirement
from ledger.entry import client_key, one_entry
from ledger.errors import LedgerError
from ledger.hold import place_hold, release, settle
from ledger.journal import post, reverse_entries
from ledger.lot import holdings, issue, transfer
from ledger.opening import AccountOpening, close_account, open_accounts
from ledger.period import close_month, reopen_month
from ledger.principal import LOCAL_ADMIN
from tests.ledger.books import NOW
from tests.ledger.model import ACCOUNTS, FLOORED, OWNERS, Entry, Model

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
COUNTS = {"max_examples": 300, "stateful_step_count": 50} if SOAK else {"max_examples": 6, "stateful_step_count": 25}
MONTHS = (202601, 202602)
LATER = date(2026, 6, 1)

account = st.sampled_from(ACCOUNTS)
month = st.sampled_from(MONTHS)
amount = st.integers(1, 60)


def day_of(period: int) -> date:
    return date(period // 100, period % 100, 15)


class BookMachine(RuleBasedStateMachine):
    """Acts on a real book and on the model; `make` is set by the test."""

    make: Callable[[], Book]

    def __init__(self) -> None:
        super().__init__()
        self.book, self.model = type(self).make(), Model()
        openings = [
            AccountOpening(book="points", name=name, commodity="POINT", unit="point", floor=0 if name in FLOORED else None)
            for name in ACCOUNTS
        ]
        with self.book.writing() as session:
            open_accounts(session, openings, LOCAL_ADMIN, now=NOW, day=LATER)
        self.model.balance = dict.fromkeys(ACCOUNTS, 0)
        self.model.log.append(Entry({}, 0, plain=False))

    def act(self, expected: str, act: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        try:
            with self.book.writing() as session:
                act(session, *arguments, **named)
            said = ""
        except LedgerError as error:
            said = error.code
        assert said == expected

    @rule(key=st.integers(0, 30), source=account, to=account, amount=amount, month=month)
    def move(self, key: int, source: str, to: str, amount: int, month: int) -> None:
        if source == to:
            return
        legs = [(to, "POINT", amount), (source, "POINT", -amount)]
        batch = one_entry(key=client_key("m", str(key)), book="points", kind="move", day=day_of(month), legs=legs)
        self.act(self.model.move(str(key), source, to, amount, month), post, batch, LOCAL_ADMIN, now=NOW)

    @rule(at=st.integers(0, 40))
    def reverse(self, at: int) -> None:
        self.act(self.model.reverse(at), reverse_entries, [at], LOCAL_ADMIN, now=NOW, reason="wrong")

    @rule(account=st.sampled_from(FLOORED), amount=amount, month=month)
    def hold(self, account: str, amount: int, month: int) -> None:
        asked: dict[str, Any] = {"book": "points", "account": account, "commodity": "POINT", "amount": amount}
        self.act(self.model.hold(account, amount, month), place_hold, **asked, principal=LOCAL_ADMIN, now=NOW, day=day_of(month))

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data(), to=st.sampled_from([None, "shop", "sponsor"]), amount=amount, month=month)
    def end(self, data: st.DataObject, to: str | None, amount: int, month: int) -> None:
        hold = data.draw(st.sampled_from(sorted(self.model.holds)))
        expected = self.model.end(hold, to, amount, month)
        asked: dict[str, Any] = {"amount": amount, "principal": LOCAL_ADMIN, "now": NOW, "day": day_of(month)}
        if to:
            self.act(expected, settle, hold, to=to, **asked)
        else:
            self.act(expected, release, hold, **asked)

    @rule(account=account, again=st.booleans())
    def close(self, account: str, again: bool) -> None:
        expected = self.model.close(account, again=again)
        self.act(expected, close_account, account, "POINT", LOCAL_ADMIN, now=NOW, day=LATER, reopen=again)

    @rule(month=month)
    def close_month(self, month: int) -> None:
        self.act(self.model.rule_month(month, closed=True), close_month, month, LOCAL_ADMIN, now=NOW, day=LATER)

    @rule(month=month)
    def reopen_month(self, month: int) -> None:
        expected = self.model.rule_month(month, closed=False)
        self.act(expected, reopen_month, month, LOCAL_ADMIN, now=NOW, day=LATER, reason="a late bill", second="another")

    @rule(first=st.integers(1, 80), count=st.integers(1, 20))
    def issue(self, first: int, count: int) -> None:
        asked: dict[str, Any] = {"series": "A", "first": first, "last": first + count - 1, "vintage": 2025, "unit": "t"}
        named: dict[str, Any] = {"book": "units", "commodity": "CCER", "account": OWNERS[0], "registry": "registry"}
        self.act(self.model.issue(first, first + count - 1), issue, **asked, **named, principal=LOCAL_ADMIN, now=NOW, day=LATER)

    @precondition(lambda self: self.model.serials)
    @rule(count=st.integers(1, 15), source=st.sampled_from(OWNERS), retire=st.booleans())
    def send(self, count: int, source: str, retire: bool) -> None:
        target = "retired" if retire else next(one for one in OWNERS if one != source)
        order = self._in_order(source)
        expected = self.model.send(count, source, target, retire=retire)
        if not expected:  # first in, first out is by lot and serial: the model takes the same serials
            self.model.serials |= dict.fromkeys(self._sent(order, count, source, target), target)
        asked: dict[str, Any] = {"book": "units", "commodity": "CCER", "source": source, "target": target, "count": count}
        retires = Retirement(purpose="claim", beneficiary="x") if retire else None
        self.act(
            expected, transfer, **asked, retires=retires, kind="retire" if retire else "transfer", principal=LOCAL_ADMIN, now=NOW, day=LATER
        )

    def _in_order(self, source: str) -> list[int]:
        with self.book.reading() as session:
            lie = holdings(session, account=source, commodity="CCER")
        return [serial for one in lie for serial in range(one.first, one.last + 1)]

    def _sent(self, order: list[int], count: int, source: str, target: str) -> list[int]:
        """Undo the model's own pick and take the oldest lots first."""
        for serial, owner in list(self.model.serials.items()):
            if owner == target and serial in order:
                self.model.serials[serial] = source
                self.model.retired.discard(serial)
        taken = order[:count]
        self.model.retired |= set(taken) if target == "retired" else set()
        return taken

    @invariant()
    def say_the_same(self) -> None:
        with self.book.reading() as session:
            frame = balances(session, accounts=[*ACCOUNTS, "purse/"])
            assert log_size(session) == len(self.model.log)
            lie = {owner: sum(one.count for one in holdings(session, account=owner, commodity="CCER")) for owner in (*OWNERS, "retired")}
        stands = {name: total for name, total in frame.select("account", "amount").iter_rows() if total}
        assert stands == {name: total for name, total in self.model.balance.items() if total}
        assert sum(stands.values()) == 0
        owners = list(self.model.serials.values())
        assert lie == {owner: owners.count(owner) for owner in (*OWNERS, "retired")}

    def teardown(self) -> None:
        assert verify(self.book) == []
        self.book.engine.dispose()
        shutil.rmtree(self.book.home, ignore_errors=True)


@pytest.mark.parametrize("engine", ["sqlite"] if not SOAK else ["sqlite", "postgresql"])
def test_the_book_and_the_model_say_the_same(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    from tests.conftest import maker

    runs: list[Book] = []
    with maker(request, Path(tempfile.mkdtemp(dir=tmp_path)), engine) as make:

        def begin() -> Book:
            runs.append(make())
            return runs[-1]

        machine = type("Machine", (BookMachine,), {"make": staticmethod(begin)})
        run_state_machine_as_test(
            machine,
            settings=settings(**COUNTS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not SOAK),  # type: ignore[arg-type]
        )
    record_property("count", len(runs))
    record_property("result", f"0 differences, up to {COUNTS['stateful_step_count']} steps each")
