"""What the ledger refuses, in sentences: what is wrong, where, and what to do."""

from typing import Any


class LedgerError(Exception):
    """Root of every error of this package; `code` is stable."""

    code = "ledger"

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes whole out of another process, whatever its own arguments are called."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[LedgerError], said: tuple[Any, ...], facts: dict[str, Any]) -> LedgerError:
    error = kind.__new__(kind)
    error.args = said
    error.__dict__.update(facts)
    return error


def _entry(no: int, reference: str | None) -> str:
    return f"entry {no} of the batch" + (f" (reference {reference!r})" if reference else "")


class UnbalancedEntry(LedgerError):
    """The legs of an entry do not sum to zero in every commodity."""

    code = "entry.unbalanced"

    def __init__(self, *, no: int, reference: str | None, commodity: str, difference: int) -> None:
        self.no, self.reference, self.commodity, self.difference = no, reference, commodity, difference
        super().__init__(f"{_entry(no, reference)} is out of balance by {difference} in {commodity}: its legs must sum to 0")


class MalformedEntry(LedgerError):
    """An entry that no book could hold: no legs, a zero leg, a name that is not allowed."""

    code = "entry.malformed"

    def __init__(self, *, no: int | None, reason: str, reference: str | None = None) -> None:
        self.no, self.reference, self.reason = no, reference, reason
        super().__init__(f"{_entry(no, reference)}: {reason}" if no is not None else reason)


class KeyReused(LedgerError):
    """A key that was used before now comes with another body."""

    code = "key.reused"

    def __init__(self, *, key: bytes, entry_id: int | None) -> None:
        self.key, self.entry_id = key, entry_id
        where = f"entry {entry_id}" if entry_id is not None else "another entry of this batch"
        super().__init__(f"key {key.hex()} already stands for {where} with other content: send the same content, or a new key")


class PartlyPosted(LedgerError):
    """Some entries of a batch stand already, others are new, and the sums that it brings cannot be told apart."""

    code = "batch.partly-posted"

    def __init__(self, *, no: int, entry_id: int) -> None:
        self.no, self.entry_id = no, entry_id
        super().__init__(
            f"entry {no} of the batch stands already, as entry {entry_id}, while others are new, and the batch brings sums (cells) of all: "
            "send the new entries alone with their own sums"
        )


class AlreadyReversed(LedgerError):
    """An entry is reversed at most once."""

    code = "entry.already-reversed"

    def __init__(self, *, entry_id: int, by: int) -> None:
        self.entry_id, self.by = entry_id, by
        super().__init__(f"entry {entry_id} was already reversed, by entry {by}")


class EntryNotFound(LedgerError):
    """There is no entry at that position of the log."""

    code = "entry.not-found"

    def __init__(self, entry_id: int) -> None:
        self.entry_id = entry_id
        super().__init__(f"there is no entry {entry_id} in this book")


class AccountNotFound(LedgerError):
    """No entry ever named that account."""

    code = "account.not-found"

    def __init__(self, account: str) -> None:
        self.account = account
        super().__init__(f"no entry ever named the account {account!r}; a name that ends in / reads all below it")


class AccountMisused(LedgerError):
    """An account belongs to one book for ever, a commodity has one unit for ever."""

    code = "account.misused"

    def __init__(self, *, name: str, stands: str, wanted: str) -> None:
        self.name, self.stands, self.wanted = name, stands, wanted
        super().__init__(f"{name!r} is kept in {stands!r} and cannot be used in {wanted!r}")


class NotAllowed(LedgerError):
    """The principal may not do this."""

    code = "not-allowed"

    def __init__(self, *, actor: str, action: str) -> None:
        self.actor, self.action = actor, action
        super().__init__(f"{actor} may not {action}")


class AmountTooLarge(LedgerError):
    """A sum would leave the signed 64 bits in which amounts are kept."""

    code = "amount.too-large"

    def __init__(self, *, what: str) -> None:
        self.what = what
        super().__init__(f"{what}: the sum does not fit in 64 bits; split the amounts over accounts or use a larger unit")


OF_REVISION = "its tables are of revision"


class BookNotMigrated(LedgerError):
    """The database holds no book, or one of another version of the tables."""

    code = "book.not-migrated"

    def __init__(self, url: str, *, reason: str = "") -> None:
        self.url, self.reason = url, reason
        why = f" ({reason})" if reason else ""
        mend = "run `tanzhang migrate`, which takes a backup first" if reason.startswith(OF_REVISION) else "run `tanzhang init`"
        super().__init__(f"{url} holds no book of this version{why}: {mend}, which is safe to repeat")


class BookUnreadable(LedgerError):
    """The database is there and does not answer: a disk without room, a file that may not be written, a lock that is never let go."""

    code = "book.unreadable"

    def __init__(self, url: str, *, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"{url} cannot be opened now ({reason}): is its disk full, or another's alone to write? Nothing in it was changed")


class DiskFull(LedgerError):
    """There is no room to write. What was being written is taken back as a whole."""

    code = "disk.full"

    def __init__(self, *, posted: bool = False) -> None:
        self.posted = posted
        done = "the entries stand, their checkpoint beside the book does not" if posted else "nothing was booked"
        super().__init__(f"the disk that keeps the book is full; {done}: make room and do it again, which is safe to repeat")


class RolesMissing(LedgerError):
    """The roles that keep readers from writing are not there, and the login may not make them."""

    code = "book.roles-missing"

    def __init__(self, *, login: str, statements: tuple[str, ...]) -> None:
        self.login, self.statements = login, statements
        super().__init__(f"{login} may not make the book's roles; let an administrator of the server run: " + "; ".join(statements))


class UnknownAccount(LedgerError):
    """An entry names an account that nobody opened."""

    code = "account.unknown"

    def __init__(self, *, no: int, reference: str | None, account: str, commodity: str) -> None:
        self.no, self.reference, self.account, self.commodity = no, reference, account, commodity
        super().__init__(
            f"{_entry(no, reference)}: nobody opened {account!r} in {commodity}: `tanzhang account open` does, or --open-accounts"
        )


class AccountClosed(LedgerError):
    """An entry names an account that was closed."""

    code = "account.closed"

    def __init__(self, *, no: int, reference: str | None, account: str, commodity: str) -> None:
        self.no, self.reference, self.account, self.commodity = no, reference, account, commodity
        super().__init__(f"{_entry(no, reference)}: {account!r} in {commodity} is closed: post to another account, or open it again")


class Overdraft(LedgerError):
    """An entry would take an account below its floor."""

    code = "account.overdraft"

    def __init__(self, *, no: int, reference: str | None, account: str, commodity: str, has: int, moves: int, floor: int) -> None:
        self.no, self.reference, self.account, self.commodity, self.has, self.moves, self.floor = (
            no, reference, account, commodity, has, moves, floor,
        )  # fmt: skip
        super().__init__(
            f"{_entry(no, reference)}: {account!r} holds {has} {commodity} and may not fall below {floor}: {moves:+d} leaves {has + moves}"
        )


class PeriodClosed(LedgerError):
    """An entry lies in a month that was closed for its accounts, or a month is ruled on that is not as the ruling supposes."""

    code = "period.closed"

    def __init__(self, *, no: int, reference: str | None, period: int, account: str) -> None:
        self.no, self.reference, self.period, self.account = no, reference, period, account
        super().__init__(
            f"{_entry(no, reference)}: {period // 100}-{period % 100:02d} is closed for {account!r}: reopen it with a reason and a second "
            "person, or post on a day of an open month"
        )


class PeriodMisruled(LedgerError):
    """A month cannot be closed or reopened so."""

    code = "period.misruled"

    def __init__(self, *, period: int, reason: str) -> None:
        self.period, self.reason = period, reason
        super().__init__(f"{period // 100}-{period % 100:02d}: {reason}")


class HoldNotOpen(LedgerError):
    """More is asked of a hold than it still holds, or there is no such hold."""

    code = "hold.not-open"

    def __init__(self, *, hold: int, reason: str) -> None:
        self.hold, self.reason = hold, reason
        super().__init__(f"hold {hold}: {reason}")


class LotMisused(LedgerError):
    """Serials that are not where the entry takes them from, that exist already, or that were retired."""

    code = "lot.misused"

    def __init__(self, *, no: int, reference: str | None, reason: str) -> None:
        self.no, self.reference, self.reason = no, reference, reason
        super().__init__(f"{_entry(no, reference)}: {reason}")


class RulingNotReversed(LedgerError):
    """An entry that ruled something is undone by its own means, never by a reversal."""

    code = "entry.ruling"

    def __init__(self, entry_id: int) -> None:
        self.entry_id = entry_id
        super().__init__(
            f"entry {entry_id} is no plain entry: release the hold, reopen the month, move the units back; what is retired stays retired"
        )


class Busy(LedgerError):
    """Another posting held the book for too long."""

    code = "book.busy"

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"another posting held the book for {seconds:g} s: nothing was posted, send the same again")


class BadProof(LedgerError):
    """A proof, checkpoint or signature that does not hold."""

    code = "proof.bad"
