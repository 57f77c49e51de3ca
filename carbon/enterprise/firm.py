"""What a firm says of itself, by dated versions: boundary, base year, exclusions, data quality control plan, economy of a year.

Nothing said is changed: who says it anew adds a version. On a day that one holds which begins last before it, and of those that begin
together the latest.
"""

import re
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.enterprise.errors import BadFirmFact
from carbon.enterprise.tables import FirmFactRow
from carbon.holder import find_holder
from carbon.identifier import names_somebody
from factors.energy import Kind
from factors.errors import FactorError
from factors.units import find_unit, number
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

APPROACHES = ("operational", "financial", "equity")
TRIGGERS = ("structure", "method", "error")
NOTATIONS = ("NE", "NO", "IE")
SCOPES = ("1", "2", "3")
SECTIONS = {
    "A": (1, 5), "B": (6, 12), "C": (13, 43), "D": (44, 46), "E": (47, 50), "F": (51, 52), "G": (53, 60), "H": (61, 62), "I": (63, 65),
    "J": (66, 69), "K": (70, 70), "L": (71, 72), "M": (73, 75), "N": (76, 79), "O": (80, 82), "P": (83, 83), "Q": (84, 85), "R": (86, 90),
    "S": (91, 96), "T": (97, 97),
}  # fmt: skip
"""First and last division (two digits) of each section of GB/T 4754-2017; recalled (mark B), the standard was not at hand."""
_INDUSTRY = re.compile(r"([A-T]?)([0-9]{2})[0-9]{0,2}")


class Boundary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="boundary"):
    """The organisational boundary: `approach` of APPROACHES; `start_month` is the month in which the reporting year begins."""

    approach: str
    start_month: int = 1
    note: str = ""


class BaseYear(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="base-year"):
    """The year compared with, and when it is calculated anew: where what TRIGGERS name exceeds `threshold_permille` of it, added up."""

    year: int
    threshold_permille: int
    triggers: tuple[str, ...] = TRIGGERS
    note: str = ""


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="exclusion"):
    """A source that is left out, and why. `share_permille` is the estimated part of the whole; it ends with the day `until`.

    `notation`: NE (not estimated), NO (does not occur), IE (included elsewhere), as IPCC 2006 vol. 1 ch. 8 has them.
    """

    source: str
    scope: str
    reason: str
    category: str = ""
    share_permille: int | None = None
    notation: str = "NE"
    until: date | None = None


class PlanParameter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A parameter: how it is found, how often, with which instrument (its id, or ""), and what takes its place where it is missing."""

    name: str
    method: str
    fallback: str
    frequency: str = ""
    instrument: str = ""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A meter or scale: what it measures, its accuracy as the plate states it, and until when its calibration holds."""

    id: str
    measures: str
    accuracy: str
    calibration_due: date


class ControlPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="control-plan"):
    """The data quality control plan. `responsible` is a role, never a person; what changed is the reason of each version."""

    parameters: tuple[PlanParameter, ...]
    instruments: tuple[Instrument, ...]
    laboratory: str
    responsible: str

    def overdue(self, day: date) -> tuple[Instrument, ...]:
        """The instruments whose calibration no longer holds on the day."""
        return tuple(one for one in self.instruments if one.calibration_due < day)


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was made: a plain decimal and its unit."""

    product: str
    quantity: str
    unit: str


class Economy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="economy"):
    """A year's value added in fen (it may be below zero), output by product, and the energy of the whole firm, for carbon efficiency.

    `energy_tce` is a decimal in tce as the firm's energy statistics have it ("" where it was not told), counted by `energy_kind`:
    ``calorific`` (当量值) or ``equivalent`` (等价值; GB/T 2589-2020, 3.2 and 3.3). What the filing's lines cover of it is computed
    (`carbon.enterprise.efficiency.coverage`).
    """

    year: int
    value_added_fen: int
    output: tuple[Output, ...] = ()
    energy_tce: str = ""
    energy_kind: Kind = Kind.CALORIFIC


FEN_MAX = 10**17
"""More than the value added of all China in a year, some 1.4 × 10¹⁶ fen."""
TCE_MAX = 10**10
"""More standard coal than all China uses in a year, some 6 × 10⁹ tce."""
Fact = Boundary | BaseYear | Exclusion | ControlPlan | Economy
KINDS: dict[str, type[Fact]] = {
    "boundary": Boundary, "base-year": BaseYear, "exclusion": Exclusion, "control-plan": ControlPlan, "economy": Economy,
}  # fmt: skip
"""The kinds of fact by their stable names, as `firm_fact.kind` has them."""


class FirmFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds of a firm on a day. `economy` has every year that was told."""

    boundary: Boundary | None = None
    base_year: BaseYear | None = None
    exclusions: tuple[Exclusion, ...] = ()
    control_plan: ControlPlan | None = None
    economy: tuple[Economy, ...] = ()

    def economy_of(self, year: int) -> Economy | None:
        """The economy of a year, or None where it was not told."""
        return next((one for one in self.economy if one.year == year), None)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One thing said: since when it holds, why, who said it and when."""

    kind: str
    subject: str
    version: int
    valid_from: date
    fact: Fact
    reason: str
    actor: str
    said_at: datetime


def say(session: Session, principal: Principal, *, holder: str, fact: Fact, valid_from: date, reason: str, now: datetime) -> Version:
    """Say a fact of a firm from a day on. Raises BadFirmFact, HolderNotFound, NotAllowed."""
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="say what a firm is")
    find_holder(session, principal, holder)
    _check(fact)
    if not reason.strip():
        raise BadFirmFact(field="reason", value=reason, reason="say why this is said, or what changed")
    kind, subject = next(kind for kind, of in KINDS.items() if isinstance(fact, of)), _subject(fact)
    c = table_of(FirmFactRow).c
    last = sa.select(sa.func.max(c.version)).where(c.holder_id == holder, c.kind == kind, c.subject == subject)
    said = Version(
        kind=kind, subject=subject, version=(session.execute(last).scalar() or 0) + 1, valid_from=valid_from, fact=fact,
        reason=reason.strip(), actor=principal.actor, said_at=now,
    )  # fmt: skip
    row = {"holder_id": holder, "content": msgspec.json.encode(fact).decode()} | {
        name: getattr(said, name) for name in ("kind", "subject", "version", "valid_from", "reason", "actor", "said_at")
    }
    session.execute(sa.insert(table_of(FirmFactRow)).values(row))
    return said


def versions(session: Session, principal: Principal, holder: str, *, kind: str | None = None) -> list[Version]:
    """All that was ever said of a firm, in the order of kinds, subjects and versions. HolderNotFound."""
    find_holder(session, principal, holder)
    c = table_of(FirmFactRow).c
    query = sa.select(c.kind, c.subject, c.version, c.valid_from, c.content, c.reason, c.actor, c.said_at).where(c.holder_id == holder)
    if kind is not None:
        query = query.where(c.kind == kind)
    return [
        Version(
            kind=row.kind,
            subject=row.subject,
            version=row.version,
            valid_from=row.valid_from,
            fact=msgspec.json.decode(row.content, type=KINDS[row.kind]),
            reason=row.reason,
            actor=row.actor,
            said_at=row.said_at,
        )
        for row in session.execute(query.order_by(c.kind, c.subject, c.version))
    ]


def facts(session: Session, principal: Principal, holder: str, day: date) -> FirmFacts:
    """What holds of a firm on a day. HolderNotFound."""
    return facts_on(versions(session, principal, holder), day)


def facts_on(said: list[Version], day: date) -> FirmFacts:
    """What holds on a day of all that was said: by kind and subject that which begins last, and of those the latest version."""
    holding: dict[tuple[str, str], Version] = {}
    for one in sorted(said, key=lambda one: (one.valid_from, one.version)):
        if one.valid_from <= day:
            holding[one.kind, one.subject] = one
    found = [holding[key].fact for key in sorted(holding)]
    return FirmFacts(
        boundary=next((one for one in found if isinstance(one, Boundary)), None),
        base_year=next((one for one in found if isinstance(one, BaseYear)), None),
        exclusions=tuple(one for one in found if isinstance(one, Exclusion) and (one.until is None or one.until >= day)),
        control_plan=next((one for one in found if isinstance(one, ControlPlan)), None),
        economy=tuple(one for one in found if isinstance(one, Economy)),
    )


def first_months(session: Session, day: date) -> dict[str, int]:
    """The first month of the reporting year of every firm that told a boundary, as it holds on a day. The session sees every holder."""
    c = table_of(FirmFactRow).c
    query = sa.select(c.holder_id, c.content).where(c.kind == "boundary", c.valid_from <= day).order_by(c.valid_from, c.version)
    return {holder: msgspec.json.decode(content, type=Boundary).start_month for holder, content in session.execute(query)}


def check_industry(code: str) -> str:
    """The section letter of a GB/T 4754 code such as C3011 or 3011; BadFirmFact where there is no such division, or another letter's."""
    match = _INDUSTRY.fullmatch(code)
    section = next((letter for letter, (first, last) in SECTIONS.items() if match and first <= int(match[2]) <= last), None)
    if not match or section is None:
        raise BadFirmFact(field="industry", value=code, reason="a code of GB/T 4754 such as C3011 or 3011, of divisions 01 to 97")
    if match[1] not in {"", section}:
        raise BadFirmFact(field="industry", value=code, reason=f"division {match[2]} lies in section {section}, not {match[1]}")
    return section


def _subject(fact: Fact) -> str:
    """What tells facts of one kind apart."""
    if isinstance(fact, Exclusion):
        return f"{fact.scope}/{fact.category}/{fact.source}"
    return str(fact.year) if isinstance(fact, Economy) else ""


def _check(fact: Fact) -> None:
    if isinstance(fact, Boundary):
        _one_of("approach", fact.approach, APPROACHES)
        _within("start_month", fact.start_month, 1, 12)
    elif isinstance(fact, BaseYear):
        _within("year", fact.year, 1990, 2100)
        _within("threshold_permille", fact.threshold_permille, 1, 1000)
        for trigger in fact.triggers:
            _one_of("triggers", trigger, TRIGGERS)
    elif isinstance(fact, Exclusion):
        _check_exclusion(fact)
    elif isinstance(fact, ControlPlan):
        _check_plan(fact)
    else:
        _check_economy(fact)


def _check_economy(fact: Economy) -> None:
    _within("year", fact.year, 1990, 2100)
    _within("value_added_fen", fact.value_added_fen, -FEN_MAX, FEN_MAX)
    for made in fact.output:
        try:
            number(made.quantity)
            find_unit(made.unit)
        except FactorError as error:
            raise BadFirmFact(field="output", value=f"{made.product} {made.quantity} {made.unit}", reason=str(error)) from error
    if fact.energy_tce:
        try:
            energy = number(fact.energy_tce)
        except FactorError as error:
            raise BadFirmFact(field="energy_tce", value=fact.energy_tce, reason=str(error)) from error
        if not 0 < energy <= TCE_MAX:
            raise BadFirmFact(field="energy_tce", value=fact.energy_tce, reason=f"above zero, up to {TCE_MAX} tce; leave it out if unknown")


def _check_exclusion(fact: Exclusion) -> None:
    _one_of("scope", fact.scope, SCOPES)
    _one_of("notation", fact.notation, NOTATIONS)
    for field, text in (("source", fact.source), ("reason", fact.reason)):
        if not text.strip():
            raise BadFirmFact(field=field, value=text, reason="an exclusion names its source and its reason")
    if fact.scope == "3" and fact.category and fact.category not in {str(no) for no in range(1, 16)}:
        raise BadFirmFact(field="category", value=fact.category, reason="scope 3 has the categories 1 to 15")
    if fact.share_permille is not None:
        _within("share_permille", fact.share_permille, 0, 1000)


def _check_plan(fact: ControlPlan) -> None:
    ids = [one.id for one in fact.instruments]
    if len(set(ids)) < len(ids):
        raise BadFirmFact(field="instruments", value=", ".join(ids), reason="each instrument has an id of its own")
    for one in fact.parameters:
        if one.instrument and one.instrument not in ids:
            raise BadFirmFact(field="parameters", value=one.name, reason=f"the plan has no instrument {one.instrument!r}")
        if not (one.method.strip() and one.fallback.strip()):
            raise BadFirmFact(field="parameters", value=one.name, reason="a parameter has a method, and a fallback where it is missing")
    if names_somebody(fact.responsible) or not fact.responsible.strip():
        raise BadFirmFact(field="responsible", value="", reason="name a role such as 能源主管, not a person")


def _one_of(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadFirmFact(field=field, value=value, reason=f"one of {', '.join(known)}")


def _within(field: str, value: int, first: int, last: int) -> None:
    if not first <= value <= last:
        raise BadFirmFact(field=field, value=str(value), reason=f"{first} to {last}")
