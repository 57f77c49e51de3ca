"""What can happen to a filing, each kind with what it says: the content of one event, as it is kept for ever."""

from datetime import datetime
from enum import StrEnum

import msgspec

from carbon.enterprise.filing.bridge import Bridge
from carbon.enterprise.filing.finding import Verified, Weight


class Party(StrEnum):
    """In whose part somebody acts."""

    FIRM = "firm"
    VERIFIER = "verifier"
    AUTHORITY = "authority"


class Assurance(StrEnum):
    """How sure the verifier undertakes to be (ISO 14064-3:2019, 3.6.6 and 3.6.7)."""

    REASONABLE = "reasonable"
    LIMITED = "limited"


class Opinion(StrEnum):
    """What the verifier concludes (ISO 14064-3:2019, 9: unmodified, modified, adverse; or none is given)."""

    UNQUALIFIED = "unqualified"
    QUALIFIED = "qualified"
    ADVERSE = "adverse"
    DISCLAIMED = "disclaimed"


ACCEPTABLE = (Opinion.UNQUALIFIED, Opinion.QUALIFIED)
"""Opinions after which a filing can be accepted."""


class _What(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """Part of an event's content; the tag is the kind."""


class Opened(_What, frozen=True, kw_only=True, tag="opened"):
    """A filing of a year by a guide; `restates` is the booked filing whose place it takes. The year begins with `start_month`."""

    year: int
    guide: str
    restates: str | None = None
    start_month: int = 1


class Saved(_What, frozen=True, kw_only=True, tag="saved"):
    """A version of the lines; while it is verified each answers a finding."""

    version: int
    sha256: str
    name: str
    lines: int
    answers: int | None = None


class Attached(_What, frozen=True, kw_only=True, tag="attached"):
    """A document by its hash, for a line of the filing or for all of it."""

    sha256: str
    name: str
    line: int | None = None


class Submitted(_What, frozen=True, kw_only=True, tag="submitted"):
    """The version that is declared, its total (scope 1 + 2 by location, g CO2e by `gwp`), and what its preparer confirmed when asked."""

    version: int
    sha256: str
    total_g: int
    gwp: str
    confirmed: tuple[str, ...] = ()


class TakenUp(_What, frozen=True, kw_only=True, tag="taken-up"):
    """Verification begins: how sure it will be, and which misstatement is material, in thousandths of the declared total."""

    assurance: Assurance
    materiality_permille: int


class Found(_What, frozen=True, kw_only=True, tag="found"):
    """A finding about a line and field, or about the whole, and the value that the verifier holds right, if there is one."""

    finding: int
    text: str
    weight: Weight
    line: int | None = None
    field: str | None = None
    verified: Verified | None = None


class Replied(_What, frozen=True, kw_only=True, tag="replied"):
    """A word on a finding, of the firm or of the verifier, with the hashes of documents."""

    finding: int
    text: str
    documents: tuple[str, ...] = ()


class Closed(_What, frozen=True, kw_only=True, tag="closed"):
    """A finding is settled; `accepted` weighs the value that holds against the version that stands: its effect is what is still off."""

    finding: int
    text: str = ""
    accepted: Verified | None = None


class Signed(_What, frozen=True, kw_only=True, tag="signed"):
    """The verifier's conclusion on one version, by two; `contracts` are the ids of the contracts of energy that count in it."""

    version: int
    sha256: str
    opinion: Opinion
    second: str
    text: str = ""
    contracts: tuple[str, ...] = ()


class Rejected(_What, frozen=True, kw_only=True, tag="rejected"):
    """Back to the firm, with the reason."""

    reason: str


class Accepted(_What, frozen=True, kw_only=True, tag="accepted"):
    """The authority takes what was verified."""

    version: int
    sha256: str


class Booked(_What, frozen=True, kw_only=True, tag="booked"):
    """What was accepted stands in the book as `import_id`; `months` were closed with it, `documents` prove it. A restatement says how many
    entries it reversed, which `second` person agreed that the months were opened for it, and the way from what stood to what stands."""

    version: int
    sha256: str
    import_id: str
    first_entry: int | None = None
    last_entry: int | None = None
    months: tuple[int, ...] = ()
    documents: tuple[str, ...] = ()
    reversed_entries: int = 0
    second: str | None = None
    bridge: Bridge | None = None


What = Opened | Saved | Attached | Submitted | TakenUp | Found | Replied | Closed | Signed | Rejected | Accepted | Booked


class Kind(StrEnum):
    """The kinds of events."""

    OPENED = "opened"
    SAVED = "saved"
    ATTACHED = "attached"
    SUBMITTED = "submitted"
    TAKEN_UP = "taken-up"
    FOUND = "found"
    REPLIED = "replied"
    CLOSED = "closed"
    SIGNED = "signed"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    BOOKED = "booked"


def kind_of(what: What) -> Kind:
    """The kind of an event's content."""
    return Kind(str(what.__struct_config__.tag))


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a filing: `no` counts from 0."""

    no: int
    actor: str
    party: Party
    at: datetime
    what: What


def event_names() -> tuple[str, ...]:
    """The names by which others are told of what happens to filings (webhooks); drafts and attachments are nobody else's business."""
    return tuple(f"filing.{kind.value}" for kind in Kind if kind not in {Kind.OPENED, Kind.SAVED, Kind.ATTACHED})
