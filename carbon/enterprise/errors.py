"""What can be wrong with an enterprise's affairs: where, and what to do about it."""

from collections.abc import Sequence

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
    """Shares in a holder that cannot stand: of whom, from which day, and why; which field where it is one alone."""

    code = "firm.bad-shares"

    def __init__(self, *, holder: str, day: str, reason: str, field: str = "") -> None:
        self.holder, self.day, self.reason, self.field = holder, day, reason, field
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


class QuestionsOpen(CarbonError):
    """A filing was handed in, and something that was asked about it has no answer."""

    code = "filing.questions"

    def __init__(self, *, filing: str, questions: Sequence[str]) -> None:
        self.filing, self.questions = filing[:60], tuple(questions)
        super().__init__(
            f"{len(questions)} questions about filing {filing[:60]} have no answer: confirm each by its key, or correct its cell "
            f"({'; '.join(questions[:3])}{' …' if len(questions) > 3 else ''})"
        )


class BadFinding(CarbonError):
    """A value that cannot be held against a filing: no such line or field, or no number."""

    code = "finding.bad"

    def __init__(self, *, line: int, field: str, reason: str) -> None:
        self.line, self.field, self.reason = line, field[:40], reason
        super().__init__(f"line {line}, {field[:40]!r}: {reason}")


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


class BadContract(CarbonError):
    """Something said of a contract of energy that cannot be: which field, and what it may be."""

    code = "contract.bad"

    def __init__(self, *, field: str, value: str, reason: str) -> None:
        self.field, self.value, self.reason = field, value[:60], reason
        super().__init__(f"{field} {value[:60]!r}: {reason}")


class NoRule(CarbonError):
    """No rule of that programme, sector, pack or year."""

    code = "rule.none"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BadAllotment(CarbonError):
    """Units or lines of a firm from which no allowance or obligation can be made: which, which field, and what it has to be."""

    code = "obligation.bad"

    def __init__(self, *, unit: str, field: str, reason: str) -> None:
        self.unit, self.field, self.reason = unit[:60], field, reason
        super().__init__(f"unit {unit[:60]!r}, {field}: {reason}")


class NotVerified(CarbonError):
    """An obligation is made of a verified filing of that holder and year, and this is none."""

    code = "obligation.not-verified"

    def __init__(self, *, filing: str, reason: str) -> None:
        self.filing, self.reason = filing[:60], reason
        super().__init__(f"filing {filing[:60]!r} {reason}: state the obligation of a year from its verified filing")


class StatementNotFound(CarbonError):
    """No statement of that holder, programme and year, or the principal may not see it: the two are told alike."""

    code = "statement.not-found"

    def __init__(self, *, programme: str, year: int) -> None:
        self.programme, self.year = programme[:40], year
        super().__init__(f"there is no statement to {programme[:40]!r} for {year} that you may see: it is made from a verified filing")


class OffsetLimit(CarbonError):
    """More credits than a year's obligation takes."""

    code = "obligation.offset-limit"

    def __init__(self, *, unit: str, year: int, asked: int, used: int, limit: int) -> None:
        self.unit, self.year, self.asked, self.used, self.limit = unit, year, asked, used, limit
        super().__init__(
            f"{asked} t of {unit} for {year}: its obligation takes {limit} t of them, {used} t are surrendered; use allowances for the rest"
        )


class BankingLimit(CarbonError):
    """More allowances of older vintages than a holder may carry over into a year."""

    code = "obligation.banking-limit"

    def __init__(self, *, year: int, asked: int, carried: int, limit: int, base: int, sold: int) -> None:
        self.year, self.asked, self.carried, self.limit, self.base, self.sold = year, asked, carried, limit, base, max(0, sold)
        super().__init__(
            f"{asked} t into {year}: {limit} t may be carried over ({base} t and the part of {self.sold} t sold net), {carried} t are; "
            "surrender the rest for an earlier year, or sell it"
        )


class ObligationExceeded(CarbonError):
    """More is surrendered than is still owed."""

    code = "obligation.exceeded"

    def __init__(self, *, year: int, asked: int, left: int) -> None:
        self.year, self.asked, self.left = year, asked, left
        super().__init__(f"{asked} t for {year}: {left} t are still owed; what is not owed stays with its holder")


class UnitsMissing(CarbonError):
    """A holder has fewer units than are asked for that may be used so."""

    code = "units.missing"

    def __init__(self, *, unit: str, has: int, asked: int, unusable: int = 0) -> None:
        self.unit, self.has, self.asked, self.unusable = unit, has, asked, unusable
        more = f" and {unusable} that may not be used so" if unusable else ""
        super().__init__(f"{asked} {unit} were asked for: there are {has} on the account{more}")


class SerialUsed(CarbonError):
    """A serial that was surrendered, claimed or cancelled before, or lies with somebody else."""

    code = "units.used"

    def __init__(self, *, unit: str, series: str, first: int, last: int, reason: str) -> None:
        self.unit, self.series, self.first, self.last, self.reason = unit, series[:60], first, last, reason
        which = f"{first}" if first == last else f"{first}–{last}"
        super().__init__(f"{unit} {series[:60]} {which}: {reason}")


class GenerationTaken(CarbonError):
    """A claim beyond what a plant generated in a month and no mechanism has taken: each kWh feeds one."""

    code = "generation.taken"

    def __init__(self, *, plant: str, month: int, mechanism: str, asked: int, generated: int, taken: dict[str, int]) -> None:
        self.plant, self.month, self.mechanism = plant[:60], month, mechanism
        self.asked, self.generated, self.taken = asked, generated, taken
        by = ", ".join(f"{name} took {kwh}" for name, kwh in sorted(taken.items())) or "nothing is taken"
        super().__init__(
            f"{asked} kWh for {mechanism}: plant {plant[:60]!r} generated {generated} kWh in {month // 100}-{month % 100:02d}, "
            f"of which {by}; each kWh feeds one mechanism"
        )


class GenerationRefused(CarbonError):
    """Generation or a claim on it that cannot be: which field and why."""

    code = "generation.refused"

    def __init__(self, *, plant: str, field: str, reason: str) -> None:
        self.plant, self.field, self.reason = plant[:60], field, reason
        super().__init__(f"plant {plant[:60]!r}, {field}: {reason}")


class TagRefused(CarbonError):
    """A tag of carbon efficiency, an appeal or a decision that cannot be."""

    code = "tag.refused"

    def __init__(self, *, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


class BadUnit(CarbonError):
    """Units that cannot be issued or moved so: of a mechanism that is unknown, or of another vintage than they say."""

    code = "units.bad"

    def __init__(self, *, unit: str, reason: str) -> None:
        self.unit, self.reason = unit[:48], reason
        super().__init__(f"{unit[:48]!r}: {reason}")


class NoChineseFont(CarbonError):
    """No font on this machine has Chinese signs: a report would show blanks."""

    code = "report.no-font"

    def __init__(self, looked_for: Sequence[str]) -> None:
        self.looked_for = tuple(looked_for)
        super().__init__(f"no font with Chinese signs is installed ({', '.join(looked_for)} …): install fonts-noto-cjk, then ask again")


class ReportFailed(CarbonError):
    """A report could not be set: what typst said."""

    code = "report.failed"

    def __init__(self, reason: str) -> None:
        self.reason = reason[:400]
        super().__init__(f"the report could not be set: {reason[:400]}")
