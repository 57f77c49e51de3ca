"""What an entry says beyond its legs and the ledger enforces from it: rules, holds, lots. Kept as canonical JSON in the hashed payload."""

from datetime import date

import msgspec

KINDS = ("ruling", "hold", "settle", "release", "expire", "issue", "transfer", "retire", "surrender", "cancel")
"""The kinds of entry that may say more than their legs; `verify` reads every one of them again."""


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields in a fixed order, defaults left out: one text for one meaning."""


class AccountRule(_Said, frozen=True, kw_only=True):
    """From now on: the normal side (1 debit, −1 credit), the floor on that side (None: none), and whether the account is closed."""

    book: str
    account: str
    commodity: str
    side: int = 1
    floor: int | None = None
    closed: bool = False


class PeriodRule(_Said, frozen=True, kw_only=True):
    """A month closed or open again for the accounts whose names begin with `scope`; `second` is the other person who agreed."""

    period: int
    closed: bool
    reason: str
    scope: str = ""
    second: str | None = None
    size: int = 0
    sealed: str | None = None


class Hold(_Said, frozen=True, kw_only=True):
    """An amount set aside on `held`, the account beside `account`."""

    account: str
    held: str
    commodity: str
    amount: int
    expires_on: date | None = None


class HoldEnd(_Said, frozen=True, kw_only=True):
    """`amount` of hold `hold` is settled, released or expired."""

    hold: int
    kind: str
    amount: int


class LotIssue(_Said, frozen=True, kw_only=True):
    """Serials `first` to `last` of `series` come into being on `account`."""

    commodity: str
    series: str
    first: int
    last: int
    vintage: int
    account: str
    project: str = ""
    expires_on: date | None = None


class LotMove(_Said, frozen=True, kw_only=True):
    """Serials `first` to `last` of lot `lot` go from one account to another."""

    lot: int
    first: int
    last: int
    source: str
    target: str


class Retirement(_Said, frozen=True, kw_only=True):
    """What the serials that the entry moves are retired for, once and for ever."""

    purpose: str
    beneficiary: str


class Detail(_Said, frozen=True, kw_only=True):
    """All that an entry may say beyond its legs."""

    accounts: tuple[AccountRule, ...] = ()
    period: PeriodRule | None = None
    hold: Hold | None = None
    end: HoldEnd | None = None
    issue: LotIssue | None = None
    moves: tuple[LotMove, ...] = ()
    retires: Retirement | None = None

    def text(self) -> str:
        """The canonical JSON."""
        return msgspec.json.encode(self).decode()


def read_detail(text: str) -> Detail:
    """What the text says; msgspec.ValidationError where it is none."""
    return msgspec.json.decode(text.encode(), type=Detail)
