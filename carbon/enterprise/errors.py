"""What can be wrong with an enterprise's affairs: where, and what to do about it."""

from carbon.errors import CarbonError


class BadMapping(CarbonError):
    """A heading that is to be read as what is no column, or as one that another heading is read as."""

    code = "mapping.bad"

    def __init__(self, *, heading: str, column: str, reason: str) -> None:
        self.heading, self.column, self.reason = heading[:60], column[:60], reason
        super().__init__(f"the heading {heading[:60]!r} cannot be read as {column[:60]!r}: {reason}")


class BadFirmFact(CarbonError):
    """Something that a firm says of itself and that cannot be: which field, and what it may be."""

    code = "firm.bad-fact"

    def __init__(self, *, field: str, value: str, reason: str) -> None:
        self.field, self.value, self.reason = field, value[:60], reason
        super().__init__(f"{field} {value[:60]!r}: {reason}")


class BadShares(CarbonError):
    """Shares in a holder that cannot stand: of whom, from which day, and why."""

    code = "firm.bad-shares"

    def __init__(self, *, holder: str, day: str, reason: str) -> None:
        self.holder, self.day, self.reason = holder, day, reason
        super().__init__(f"shares in {holder} from {day} on: {reason}")


class FilingNotFound(CarbonError):
    """No filing of that id, or none that the principal may see: the two are told alike."""

    code = "filing.not-found"

    def __init__(self, filing: str) -> None:
        self.filing = filing[:60]
        super().__init__(f"there is no filing {filing[:60]!r} that you may see: the list of filings names those")


class FilingExists(CarbonError):
    """A holder has one filing for a year; after it was booked another restates it."""

    code = "filing.exists"

    def __init__(self, *, holder: str, year: int, filing: str, booked: bool) -> None:
        self.holder, self.year, self.filing = holder, year, filing
        remedy = f"open one that restates {filing}" if booked else f"go on with {filing}"
        super().__init__(f"holder {holder} has the filing {filing} for {year} already: {remedy}")


class FilingChanged(CarbonError):
    """Somebody changed the filing after it was read."""

    code = "filing.changed"

    def __init__(self, filing: str) -> None:
        self.filing = filing
        super().__init__(f"filing {filing} changed since you read it: read it again, and do what you meant to do with what it says now")


class StateRefused(CarbonError):
    """What cannot happen to a filing as it stands."""

    code = "filing.state"

    def __init__(self, *, kind: str, state: str, reason: str) -> None:
        self.kind, self.state, self.reason = kind, state, reason
        super().__init__(f"{kind}: the filing is {state}: {reason}")


class PreparerVerifies(CarbonError):
    """Whoever prepared a filing neither verifies nor accepts it, and whoever verified it prepares nothing of it."""

    code = "filing.preparer"

    def __init__(self, *, actor: str, kind: str) -> None:
        self.actor, self.kind = actor, kind
        super().__init__(f"{actor} had another part in this filing and may not: {kind}: let another person do it")


class NotAccredited(CarbonError):
    """Whoever verifies has no accreditation that is valid on the day for the firm's industry."""

    code = "verifier.not-accredited"

    def __init__(self, *, actor: str, industry: str | None, day: str) -> None:
        self.actor, self.industry, self.day = actor, industry, day
        super().__init__(f"{actor} has no accreditation that is valid on {day} for industry {industry or '?'}: the authority grants one")


class BadAccreditation(CarbonError):
    """An accreditation that cannot be."""

    code = "verifier.bad-accreditation"

    def __init__(self, *, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


class DocumentRefused(CarbonError):
    """A document that is not kept: too large, empty, or of a kind that is not taken."""

    code = "document.refused"

    def __init__(self, *, name: str, reason: str) -> None:
        self.name, self.reason = name[:80], reason
        super().__init__(f"{name[:80]!r}: {reason}")


class DocumentNotFound(CarbonError):
    """The holder has no document of that hash, or the principal may not see the holder: the two are told alike."""

    code = "document.not-found"

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256[:64]
        super().__init__(f"there is no document {sha256[:64]!r} that you may see: attach it first")


class PacketRefused(CarbonError):
    """A monthly packet of evidence that cannot be filed so."""

    code = "packet.refused"

    def __init__(self, *, month: int, field: str, reason: str) -> None:
        self.month, self.field, self.reason = month, field, reason
        super().__init__(f"packet of {month // 100}-{month % 100:02d}, {field}: {reason}")
