"""What a book does, in plain Python: the specification that the real one is held to. Each act gives "" or the code of its refusal."""

from dataclasses import dataclass, field

FLOORED = ("purse/a", "purse/b")  # never below zero; "sponsor" and "shop" may be
ACCOUNTS = (*FLOORED, "sponsor", "shop")
OWNERS = ("a/units", "b/units")


@dataclass
class Entry:
    legs: dict[str, int]
    month: int
    plain: bool
    reversed: bool = False


@dataclass
class Model:
    balance: dict[str, int] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    keys: dict[str, tuple[object, ...]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    shut: set[int] = field(default_factory=set)
    holds: dict[int, tuple[str, int]] = field(default_factory=dict)
    serials: dict[int, str] = field(default_factory=dict)
    retired: set[int] = field(default_factory=set)

    def move(self, key: str, source: str, target: str, amount: int, month: int) -> str:
        body = (source, target, amount, month)
        if key in self.keys:
            return "" if self.keys[key] == body else "key.reused"
        refusal = self._put({source: -amount, target: amount}, month, plain=True)
        if not refusal:
            self.keys[key] = body
        return refusal

    def _put(self, legs: dict[str, int], month: int, *, plain: bool) -> str:
        if any(account in self.closed for account in legs):
            return "account.closed"
        if month in self.shut:
            return "period.closed"
        if any(a in FLOORED and change < 0 and self.balance.get(a, 0) + change < 0 for a, change in legs.items()):
            return "account.overdraft"
        for account, change in legs.items():
            self.balance[account] = self.balance.get(account, 0) + change
        self.log.append(Entry(legs, month, plain))
        return ""

    def reverse(self, at: int) -> str:
        if at >= len(self.log):
            return "entry.not-found"
        entry = self.log[at]
        if entry.reversed:
            return "entry.already-reversed"
        if not entry.plain:
            return "entry.ruling"
        if any(entry is other for other in self.reversals):
            return "entry.already-reversed"
        refusal = self._put({account: -change for account, change in entry.legs.items()}, entry.month, plain=True)
        if not refusal:
            entry.reversed = True
            self.reversals.append(self.log[-1])
        return refusal

    reversals: list[Entry] = field(default_factory=list)

    def hold(self, account: str, amount: int, month: int) -> str:
        refusal = self._put({account: -amount, f"{account}/held": amount}, month, plain=False)
        if not refusal:
            self.holds[len(self.log) - 1] = (account, amount)
        return refusal

    def end(self, hold: int, target: str | None, amount: int, month: int) -> str:
        if hold not in self.holds:
            return "hold.not-open"
        account, left = self.holds[hold]
        to, held = target or account, f"{account}/held"
        if to in self.closed:
            return "account.closed"
        if month in self.shut:
            return "period.closed"
        if amount > left:
            return "hold.not-open"
        self.holds[hold] = (account, left - amount)
        return self._put({to: amount, held: -amount}, month, plain=False)

    def close(self, account: str, *, again: bool) -> str:
        if account not in self.balance:
            return "account.not-found"
        self.closed = self.closed - {account} if again else self.closed | {account}
        self.log.append(Entry({}, 0, plain=False))
        return ""

    def rule_month(self, month: int, *, closed: bool) -> str:
        if (month in self.shut) == closed:
            return "period.misruled"
        self.shut = self.shut | {month} if closed else self.shut - {month}
        self.log.append(Entry({}, 0, plain=False))
        return ""

    def issue(self, first: int, last: int) -> str:
        if any(serial in self.serials for serial in range(first, last + 1)):
            return "lot.misused"
        self.serials |= dict.fromkeys(range(first, last + 1), OWNERS[0])
        self.log.append(Entry({}, 0, plain=False))
        return ""

    def send(self, count: int, source: str, target: str, *, retire: bool) -> str:
        mine = sorted(serial for serial, owner in self.serials.items() if owner == source and serial not in self.retired)
        if len(mine) < count:
            return "lot.misused"
        self.serials |= dict.fromkeys(mine[:count], target)
        self.retired |= set(mine[:count]) if retire else set()
        self.log.append(Entry({}, 0, plain=False))
        return ""
