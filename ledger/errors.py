"""What the ledger refuses, in sentences: what is wrong, where, and what to do."""


class LedgerError(Exception):
    """Root of every error of this package; `code` is stable."""

    code = "ledger"


class UnbalancedEntry(LedgerError):
    """The legs of an entry do not sum to zero in every commodity."""

    code = "entry.unbalanced"

    def __init__(self, *, no: int, commodity: str, difference: int) -> None:
        self.no, self.commodity, self.difference = no, commodity, difference
        super().__init__(f"entry {no} of the batch is out of balance by {difference} in {commodity}: its legs must sum to 0")


class MalformedEntry(LedgerError):
    """An entry that no book could hold: no legs, a zero leg, a name that is not allowed."""

    code = "entry.malformed"

    def __init__(self, *, no: int | None, reason: str) -> None:
        self.no, self.reason = no, reason
        super().__init__(f"entry {no} of the batch: {reason}" if no is not None else reason)


class KeyReused(LedgerError):
    """A key that was used before now comes with another body."""

    code = "key.reused"

    def __init__(self, *, key: bytes, entry_id: int | None) -> None:
        self.key, self.entry_id = key, entry_id
        where = f"entry {entry_id}" if entry_id is not None else "another entry of this batch"
        super().__init__(f"key {key.hex()} already stands for {where} with other content: send the same content, or a new key")


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


class BookNotMigrated(LedgerError):
    """The database holds no book, or one of another version of the tables."""

    code = "book.not-migrated"

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"{url} holds no book of this version: run `tanzhang init`, which is safe to repeat")


class BadProof(LedgerError):
    """A proof, checkpoint or signature that does not hold."""

    code = "proof.bad"
