"""What entries rule beyond their legs, checked against what stands, and the rows that it makes. Only the journal calls this.

`rule` is told one entry after the other and refuses with a LedgerError; `write` then writes what was accepted, once ids are known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl
import sqlalchemy as sa

from ledger.bulk import insert
from ledger.detail import Detail, HoldEnd, LotIssue, LotMove, PeriodRule, Retirement
from ledger.errors import HoldNotOpen, LotMisused, PeriodMisruled
from ledger.rules import month_rules

Named = Callable[[str, str], int]
"""The id of an account by its name and commodity."""


@dataclass(slots=True)
class Place:
    """Serials that lie on one account."""

    first: int
    last: int
    account: str
    new: bool = False
    changed: bool = False


@dataclass(slots=True)
class Enactment:
    """What the accepted entries of a batch rule; `floors` are those of the accounts that the batch touches, by account: side and floor."""

    connection: sa.Connection
    actor: str
    floors: dict[int, tuple[int, int]] = field(default_factory=dict)
    said: dict[int, Detail] = field(default_factory=dict)
    _ended: dict[int, int] = field(default_factory=dict)
    _months: dict[tuple[int, str], bool] = field(default_factory=dict)
    _issued: list[LotIssue] = field(default_factory=list)
    _places: dict[int, list[Place]] = field(default_factory=dict)
    _lots: dict[int, str] = field(default_factory=dict)

    def rule(self, no: int, reference: str | None, detail: Detail, day: date) -> None:
        """Accept what entry `no` rules, or raise."""
        if detail.period:
            self._month(detail.period)
        if detail.end:
            self._end(detail.end, day)
        if detail.issue:
            self._issue(no, reference, detail.issue)
        before = {move.lot: [replace(place) for place in self._places.get(move.lot) or self._load(move.lot)] for move in detail.moves}
        try:
            for move in detail.moves:
                self._move(no, reference, move, day, retires=detail.retires)
        except LotMisused:
            self._places |= before  # what the first moves of a refused entry took stays where it was
            raise
        self.said[no] = detail

    def _month(self, rule: PeriodRule) -> None:
        stands = month_rules(self.connection, [rule.period], names=[rule.scope]).get(rule.period, [])
        before = self._months.get((rule.period, rule.scope), next((one.closed for one in stands if one.scope in {rule.scope, ""}), False))
        if rule.closed == before:
            raise PeriodMisruled(period=rule.period, reason="it is closed already" if before else "it is open already")
        if not rule.closed and (not rule.reason or not rule.second or rule.second == self.actor):
            raise PeriodMisruled(period=rule.period, reason="a month is reopened with a reason and by a second person beside the first")
        self._months[rule.period, rule.scope] = rule.closed

    def _end(self, end: HoldEnd, day: date) -> None:
        hold = self.connection.execute(sa.text("SELECT amount, expires_on FROM hold WHERE entry_id = :id"), {"id": end.hold}).one_or_none()
        if hold is None:
            raise HoldNotOpen(hold=end.hold, reason="there is no such hold in this book")
        ended = self.connection.execute(
            sa.text("SELECT coalesce(sum(amount), 0) FROM hold_end WHERE hold_id = :id"), {"id": end.hold}
        ).scalar_one()
        open_ = int(hold[0]) - int(ended) - self._ended.get(end.hold, 0)
        if end.amount > open_:
            raise HoldNotOpen(hold=end.hold, reason=f"{open_} of {hold[0]} are still held, {end.amount} were asked for")
        expires = date.fromisoformat(hold[1]) if isinstance(hold[1], str) else hold[1]
        if end.kind == "expire" and (expires is None or day <= expires):
            raise HoldNotOpen(hold=end.hold, reason=f"it holds until {expires or 'it is settled or released'}")
        if end.kind == "settle" and expires is not None and day > expires:
            raise HoldNotOpen(hold=end.hold, reason=f"it held until {expires}: release what is left of it")
        self._ended[end.hold] = self._ended.get(end.hold, 0) + end.amount

    def _issue(self, no: int, reference: str | None, issue: LotIssue) -> None:
        sql = (
            "SELECT first, last FROM lot JOIN commodity c ON c.id = commodity_id "
            "WHERE c.code = :code AND series = :series AND first <= :last AND last >= :first"
        )
        asked = {"code": issue.commodity, "series": issue.series, "first": issue.first, "last": issue.last}
        stands = self.connection.execute(sa.text(sql), asked).first()
        alike = [one for one in self._issued if (one.commodity, one.series) == (issue.commodity, issue.series)]
        twice = next(((one.first, one.last) for one in alike if one.first <= issue.last and one.last >= issue.first), stands)
        if twice:
            reason = f"serials {twice[0]}–{twice[1]} of {issue.commodity} {issue.series} were issued already"
            raise LotMisused(no=no, reference=reference, reason=reason)
        self._issued.append(issue)

    def _move(self, no: int, reference: str | None, move: LotMove, day: date, *, retires: Retirement | None) -> None:
        places = self._places[move.lot]
        at = next((p for p in places if p.first <= move.first and move.last <= p.last), None)
        what = f"serials {move.first}–{move.last} of lot {move.lot}"
        if at is None or at.account != move.source:
            whose = f"they lie on {at.account!r}" if at else "they do not lie together in one place"
            raise LotMisused(no=no, reference=reference, reason=f"{what} are not on {move.source!r}: {whose}")
        if self._retired(move):
            raise LotMisused(no=no, reference=reference, reason=f"{what} are retired, once and for ever")
        expires = self._lots.get(move.lot)
        if expires and day.isoformat() > expires and (retires is None or retires.purpose != "expire"):
            raise LotMisused(no=no, reference=reference, reason=f"{what} expired on {expires}")
        self._split(places, at, move)

    def _split(self, places: list[Place], at: Place, move: LotMove) -> None:
        """Cut the moved serials out of their place; the rest stays where it is."""
        if move.last < at.last:
            places.append(Place(move.last + 1, at.last, at.account, new=True))
        if at.first < move.first:
            places.append(Place(move.first, move.last, move.target, new=True))
            at.last, at.changed = move.first - 1, True
        else:
            at.last, at.account, at.changed = move.last, move.target, True

    def _load(self, lot: int) -> list[Place]:
        rows = self.connection.execute(
            sa.text("SELECT p.first, p.last, a.name FROM lot_place p JOIN account a ON a.id = p.account_id WHERE lot_id = :lot"),
            {"lot": lot},
        ).all()
        self._places[lot] = [Place(*row) for row in rows]
        expires = self.connection.execute(sa.text("SELECT expires_on FROM lot WHERE entry_id = :lot"), {"lot": lot}).scalar()
        self._lots[lot] = str(expires) if expires else ""
        return self._places[lot]

    def _retired(self, move: LotMove) -> bool:
        sql = "SELECT 1 FROM retirement WHERE lot_id = :lot AND first <= :last AND last >= :first"
        found = self.connection.execute(sa.text(sql), {"lot": move.lot, "first": move.first, "last": move.last}).first()
        here = [m for d in self.said.values() if d.retires for m in d.moves if m.lot == move.lot]
        return found is not None or any(one.first <= move.last and one.last >= move.first for one in here)

    def write(self, ids: dict[int, int], account: Named, commodity: dict[str, int]) -> None:
        """The rows of all that was accepted, by the ids of their entries."""
        rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in ROWS}
        commodity_of: dict[int, str] = {}
        for no, said in sorted(self.said.items()):
            entry = ids[no]
            for rule in said.accounts:
                rows["account_rule"].append((account(rule.account, rule.commodity), entry, rule.side, rule.floor, int(rule.closed)))
            if said.period:
                one, sealed = said.period, bytes.fromhex(said.period.sealed) if said.period.sealed else None
                rows["period_state"].append(
                    (entry, one.period, one.scope, int(one.closed), one.reason, self.actor, one.second, one.size, sealed)
                )
            if said.hold:
                hold = said.hold
                rows["hold"].append(
                    (entry, account(hold.account, hold.commodity), account(hold.held, hold.commodity), hold.amount, hold.expires_on)
                )
            if said.end:
                rows["hold_end"].append((entry, said.end.hold, said.end.kind, said.end.amount))
            if said.issue:
                lot = said.issue
                rows["lot"].append(
                    (entry, commodity[lot.commodity], lot.series, lot.first, lot.last, lot.vintage, lot.project, lot.expires_on)
                )
                rows["lot_place"].append((entry, lot.first, lot.last, account(lot.account, lot.commodity)))
            for move in said.moves:
                code = commodity_of.setdefault(move.lot, self._code(move.lot))
                ends = account(move.source, code), account(move.target, code)
                rows["lot_move"].append((entry, move.lot, move.first, move.last, *ends))
                if said.retires:
                    rows["retirement"].append((move.lot, move.first, move.last, entry, said.retires.purpose, said.retires.beneficiary))
        for table, made in rows.items():
            insert(self.connection, table, pl.DataFrame(made, schema=ROWS[table], orient="row"))
        self._write_places(account, commodity_of)

    def _code(self, lot: int) -> str:
        sql = "SELECT c.code FROM lot JOIN commodity c ON c.id = commodity_id WHERE entry_id = :lot"
        return str(self.connection.execute(sa.text(sql), {"lot": lot}).scalar_one())

    def _write_places(self, account: Named, commodity_of: dict[int, str]) -> None:
        for lot, places in self._places.items():
            for place in (one for one in places if one.changed and not one.new):
                self.connection.execute(
                    sa.text("UPDATE lot_place SET last = :last, account_id = :account WHERE lot_id = :lot AND first = :first"),
                    {"last": place.last, "account": account(place.account, commodity_of[lot]), "lot": lot, "first": place.first},
                )
            fresh = [(lot, p.first, p.last, account(p.account, commodity_of[lot])) for p in places if p.new]
            insert(self.connection, "lot_place", pl.DataFrame(fresh, schema=ROWS["lot_place"], orient="row"))


def _schema(**columns: pl.DataType | type[pl.DataType]) -> pl.Schema:
    return pl.Schema(columns)


ROWS = {
    "account_rule": _schema(account_id=pl.Int64, entry_id=pl.Int64, side=pl.Int64, floor=pl.Int64, closed=pl.Int64),
    "period_state": _schema(
        entry_id=pl.Int64, period=pl.Int64, scope=pl.String, closed=pl.Int64, reason=pl.String, actor=pl.String, second=pl.String,
        size=pl.Int64, sealed=pl.Binary,
    ),
    "hold": _schema(entry_id=pl.Int64, account_id=pl.Int64, held_id=pl.Int64, amount=pl.Int64, expires_on=pl.Date),
    "hold_end": _schema(entry_id=pl.Int64, hold_id=pl.Int64, kind=pl.String, amount=pl.Int64),
    "lot": _schema(
        entry_id=pl.Int64, commodity_id=pl.Int64, series=pl.String, first=pl.Int64, last=pl.Int64, vintage=pl.Int64, project=pl.String,
        expires_on=pl.Date,
    ),
    "lot_place": _schema(lot_id=pl.Int64, first=pl.Int64, last=pl.Int64, account_id=pl.Int64),
    "lot_move": _schema(
        entry_id=pl.Int64, lot_id=pl.Int64, first=pl.Int64, last=pl.Int64, from_id=pl.Int64, to_id=pl.Int64
    ),
    "retirement": _schema(
        lot_id=pl.Int64, first=pl.Int64, last=pl.Int64, entry_id=pl.Int64, purpose=pl.String, beneficiary=pl.String
    ),
}  # fmt: skip
"""The rows that rulings make, by table."""
