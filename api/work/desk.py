"""A filing at the desk of whoever comes: each step is one transaction with the message about it, the same from machines and from pages.

What may happen, and in whose part, is said by `carbon.enterprise.filing`; which door leads here, by the route.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from litestar import Request

from api.kept import KEPT
from api.work.outbox import publish
from api.work.together import Together
from carbon.enterprise import inspecting, preparing
from carbon.enterprise.filing.booking import book_filing
from carbon.enterprise.filing.document import attach
from carbon.enterprise.filing.filing import Filing, attach_to, filing, open_filing
from carbon.enterprise.filing.finding import Weight
from carbon.enterprise.filing.restate import restate
from carbon.enterprise.filing.said import Assurance
from carbon.enterprise.filing.submission import accept, reject
from carbon.enterprise.filing.verification import reply, take_up
from carbon.enterprise.intake.headings import remember
from carbon.enterprise.preparing import Judged
from carbon.record import RecordReceipt
from carbon.region.divisions import DivisionTree, divisions
from factors.guide import find_guide
from factors.gwp import DEFAULT_SET, GwpSet, gwp_set
from factors.library import FactorLibrary, load_library
from ledger.book import Book
from ledger.principal import Principal


@dataclass(frozen=True, slots=True)
class Desk:
    """Who does something, in which book, at which instant and on which day."""

    book: Book
    principal: Principal
    now: datetime
    today: date

    @property
    def library(self) -> FactorLibrary:
        return load_library(self.book.home)

    @property
    def tree(self) -> DivisionTree:
        return divisions()

    @property
    def prices(self) -> GwpSet:
        """The GWP set in which filings are declared."""
        return gwp_set(DEFAULT_SET)

    def _with(self, **further: Any) -> dict[str, Any]:
        return {"now": self.now, "today": self.today} | further

    def _calculating(self, **further: Any) -> dict[str, Any]:
        return self._with(library=self.library, tree=self.tree, **further)

    def read(self, id: str) -> Filing:  # noqa: A002
        """The filing. Raises FilingNotFound."""
        with self.book.reading(self.principal) as session:
            return filing(session, self.principal, id)

    def judged(self, id: str) -> Judged:  # noqa: A002
        """The version that stands, judged: kept while the book stays as it is, since a large one takes its time."""

        def make() -> Judged:
            return preparing.judge(self.book, self.principal, id, library=self.library, tree=self.tree, today=self.today)

        with self.book.reading(self.principal) as session:
            return KEPT.value(self.book, session, self.principal, ("filing", id, self.today), make)

    def open(self, *, holder: str, year: int, guide: str) -> Filing:
        """A new draft. Raises GuideNotFound and what `open_filing` does."""
        find_guide(guide)
        with self.book.writing() as session:
            return open_filing(session, self.principal, holder=holder, year=year, guide=guide, now=self.now)

    def take_in(self, id: str, *, data: bytes, name: str, if_match: str, answers: int | None = None) -> Filing:  # noqa: A002
        """A file of the firm."""
        return preparing.take_in(
            self.book, self.principal, id, data=data, name=name, if_match=if_match, answers=answers, **self._calculating()
        )  # fmt: skip

    def write(self, id: str, *, rows: Sequence[Mapping[str, str]], if_match: str, answers: int | None = None) -> Filing:  # noqa: A002
        """Rows that were written in the page."""
        return preparing.write_lines(self.book, self.principal, id, rows=rows, if_match=if_match, answers=answers, **self._calculating())

    def attach(self, id: str, *, name: str, data: bytes, if_match: str, line: int | None = None) -> Filing:  # noqa: A002
        """A document of the firm, and the filing that it proves."""
        with self.book.writing() as session:
            holder = filing(session, self.principal, id).holder
            kept = attach(session, self.principal, holder=holder, name=name, data=data, now=self.now)
            return attach_to(session, self.principal, id, sha256=kept.sha256, line=line, if_match=if_match, now=self.now)

    def map(self, holder: str, mapping: Mapping[str, str]) -> None:
        """How a firm's headings are called from now on."""
        with self.book.writing() as session:
            remember(session, self.principal, holder=holder, mapping=mapping, now=self.now)

    def map_again(self, id: str, *, mapping: Mapping[str, str], if_match: str) -> Filing:  # noqa: A002
        """Headings called otherwise, and the firm's file that stands read again so."""
        found = self.read(id)
        self.map(found.holder, mapping)
        with self.book.reading(self.principal) as session:
            source = preparing.source_of(session, self.principal, found)
        return found if source is None else self.take_in(id, data=source[1], name=source[0], if_match=if_match)

    def submit(self, id: str, *, confirmed: Collection[str], if_match: str) -> Filing:  # noqa: A002
        return self._told(
            preparing.hand_in(
                self.book, self.principal, id, confirmed=confirmed, if_match=if_match, prices=self.prices, **self._calculating()
            ),
            "submitted",
        )  # fmt: skip

    def take_up(self, id: str, *, assurance: Assurance, materiality_permille: int, if_match: str) -> Filing:  # noqa: A002
        said = {"assurance": assurance, "materiality_permille": materiality_permille}
        return self._step(take_up, id, "taken-up", if_match=if_match, today=self.today, **said)

    def find(
        self, id: str, *, text: str, weight: Weight, if_match: str, line: int | None = None, field: str | None = None, value: str = "",  # noqa: A002
        conservative: bool = False,
    ) -> Filing:  # fmt: skip
        made = inspecting.hold(
            self.book, self.principal, id, text=text, weight=weight, line=line, field=field, value=value, conservative=conservative,
            if_match=if_match, prices=self.prices, **self._calculating(),
        )  # fmt: skip
        return self._told(made, "found")

    def reply(self, id: str, *, finding: int, text: str, documents: tuple[str, ...] = (), if_match: str) -> Filing:  # noqa: A002
        return self._step(reply, id, "replied", if_match=if_match, today=self.today, finding=finding, text=text, documents=documents)

    def close(self, id: str, *, finding: int, text: str = "", value: str = "", if_match: str) -> Filing:  # noqa: A002
        made = inspecting.settle(
            self.book, self.principal, id, finding=finding, text=text, value=value, if_match=if_match, prices=self.prices,
            **self._calculating(),
        )  # fmt: skip
        return self._told(made, "closed")

    def reject(self, id: str, *, reason: str, if_match: str) -> Filing:  # noqa: A002
        return self._step(reject, id, "rejected", if_match=if_match, today=self.today, reason=reason)

    def accept(self, id: str, *, if_match: str) -> Filing:  # noqa: A002
        return self._step(accept, id, "accepted", if_match=if_match)

    def record(self, id: str) -> RecordReceipt:  # noqa: A002
        """Book what was accepted."""
        receipt = book_filing(self.book, self.principal, id, **self._calculating())
        self._told(self.read(id), "booked")
        return receipt

    def restate(self, id: str) -> Filing:  # noqa: A002
        """A draft that is to take the place of what was booked."""
        with self.book.writing() as session:
            return restate(session, self.principal, id, now=self.now)

    def _step(self, step: Any, id: str, kind: str, **said: Any) -> Filing:  # noqa: A002
        with self.book.writing() as session:
            made: Filing = step(session, self.principal, id, now=self.now, **said)
        return self._told(made, kind)

    def _told(self, made: Filing, kind: str) -> Filing:
        """Tell those who wish to hear of it."""
        told = {"filing": made.id, "year": made.year, "state": made.state.value}
        with self.book.writing() as session:
            publish(session, f"filing.{kind}", told, holder=made.holder, now=self.now)
        return made


def desk_of(request: Request[Any, Any, Any], book: Book, principal: Principal) -> Desk:
    """The desk of whoever asks, now, on the day of the book's place."""
    now = datetime.now(UTC)
    return Desk(book, principal, now, now.astimezone(request.app.state.timezone).date())


@contextmanager
def at_desk(request: Request[Any, Any, Any], book: Book, principal: Principal) -> Iterator[Desk]:
    """A desk whose writings are one transaction, kept at the end of the `with`: for pages, whose book is not one already."""
    together = Together(book)
    try:
        yield desk_of(request, together, principal)
        together.commit()
    finally:
        together.undo()
