"""Scope 2 by the market: beside each line of bought energy stands what contracts and certificates make of it, and the residual mix.

GHG Protocol Scope 2 Guidance (2015), chapter 6 (recalled, not read again): contractual instruments first, then the residual mix. What an
instrument covers is taken off the lines of its site in the order of their last days, so that no unit of energy is covered twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon.activity import ActivityFrame
from carbon.answer import decimal_text
from carbon.enterprise.certificates import PENDING, kept, used_elsewhere
from carbon.enterprise.errors import BadContract
from carbon.enterprise.inventory.lines import span
from carbon.enterprise.tables import ContractRow, FilingRow
from carbon.holder import find_holder, new_id, sites
from carbon.scope import CARRIERS, carrier_of
from carbon.turn import take_turn
from factors.activities import by_id
from factors.errors import NotANumber, UnitMismatch, UnknownUnit
from factors.units import find_unit, number, ratio
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

BY_MARKET = 1_000_000
"""The line made of line n by the market is n plus this; those of its k-th instrument are n plus k times this more."""
DIGITS = 12


class Kind(StrEnum):
    """What is taken first: a line from the plant itself, then contracts with a supplier, then certificates alone."""

    DIRECT = "direct-line"
    CONTRACT = "contract"
    CERTIFICATE = "certificate"


NON_FOSSIL = {
    Kind.DIRECT: "electricity.nonfossil_direct", Kind.CONTRACT: "electricity.green", Kind.CERTIFICATE: "electricity.green"
}  # fmt: skip
"""What power of no fossil origin is filed as, by how it was bought."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Energy claimed by contract: how much of which carrier, at a site or at any (""), by which factor.

    `factor` is the id of a supplier's factor; "" is power of no fossil origin, which emits nothing by rule (pack `instruments`).
    """

    kind: Kind
    carrier: str
    amount: str
    unit: str
    site: str = ""
    factor: str = ""
    counterparty: str = ""
    certificates: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """An instrument and the days, both inclusive, within which a line's period must lie to be covered."""

    id: str
    instrument: Instrument
    valid_from: date
    valid_until: date


def with_market(lines: ActivityFrame, contracts: Sequence[Contract]) -> ActivityFrame:
    """The lines, and for each of bought energy whose site and source state no line by the market, what the market makes of it.

    Amounts add up exactly: covered parts and the rest are the quantity of the line. Quantities below zero are corrections, and left to the
    residual mix.
    """
    bought = _bought(lines.frame)
    if bought.is_empty():
        return lines
    left = {contract.id: Fraction(number(contract.instrument.amount)) for contract in contracts}
    order = sorted(contracts, key=lambda one: (list(Kind).index(one.instrument.kind), one.valid_until, one.id))
    made: list[dict[str, object]] = []
    for row in bought.sort("end", "line").iter_rows(named=True):
        made += _made(row, order, left)
    frame = pl.DataFrame(made, schema=lines.frame.schema, orient="row")
    return replace(lines, frame=pl.concat([lines.frame, frame.sort("line")]))


def _bought(frame: pl.DataFrame) -> pl.DataFrame:
    """Lines of bought energy by location of whose site and source nothing is filed by the market."""
    known = [activity for activity in frame["activity"].unique() if carrier_of(activity) and not activity.endswith(".exported")]
    own = frame.filter(pl.col("activity").is_in(known) & (pl.col("scope").is_null() | (pl.col("scope") == "2")))
    stated = own.filter(pl.col("method") == "market").select("site", "source").unique()
    bought = own.filter(pl.col("method").is_null() | (pl.col("method") == "location"))
    return bought.join(stated, on=["site", "source"], how="anti", nulls_equal=True, maintain_order="left")


def _made(row: dict[str, object], order: Sequence[Contract], left: dict[str, Fraction]) -> Iterable[dict[str, object]]:
    """The lines by the market of one line by location: one an instrument that covers some of it, and the rest."""
    line, unit, rest = int(str(row["line"])), str(row["unit"]), Fraction(str(row["quantity"]))
    base = row | {"method": "market", "factor": None, "counterparty": None, "instrument": None, "reference": row["reference"]}
    count = 1
    for contract in order:
        said = contract.instrument
        if rest <= 0 or not _covers(contract, row):
            continue
        taken = min(rest, left[contract.id] * ratio(find_unit(said.unit).token, unit))
        if taken <= 0:
            continue
        count += 1
        left[contract.id] -= taken * ratio(unit, find_unit(said.unit).token)
        rest -= taken
        yield base | {
            "line": line + BY_MARKET * count,
            "activity": row["activity"] if said.factor else NON_FOSSIL[said.kind],
            "quantity": decimal_text(taken, digits=DIGITS), "factor": said.factor or None, "counterparty": said.counterparty or None,
            "instrument": " ".join((contract.id, *said.certificates)),
        }  # fmt: skip
    if rest:
        yield base | {"line": line + BY_MARKET, "quantity": decimal_text(rest, digits=DIGITS)}


def _covers(contract: Contract, row: dict[str, object]) -> bool:
    said = contract.instrument
    start, end = row["start"], row["end"]
    assert isinstance(start, date)
    assert isinstance(end, date)
    return (
        said.carrier == carrier_of(str(row["activity"]))
        and said.site in {"", row["site"]}
        and contract.valid_from <= start
        and end <= contract.valid_until
        and find_unit(said.unit).dimension == find_unit(str(row["unit"])).dimension
    )


def add_contract(
    session: Session, principal: Principal, *, holder: str, instrument: Instrument, valid_from: date, valid_until: date, now: datetime
) -> Contract:
    """Keep an instrument of a holder. Raises HolderNotFound, NotAllowed, BadContract (also where a certificate is used already).

    Certificates of the book's own registry may be claimed later, until a filing that they count in is handed in.
    """
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="add a contract of energy")
    find_holder(session, principal, holder)
    _check(instrument, valid_from, valid_until, {site.code for site in sites(session, principal, holder=holder)})
    used = {number: one.id for one in contracts(session, principal, holder=holder) for number in one.instrument.certificates}
    twice = next((number for number in instrument.certificates if number in used), None)
    if twice is not None:
        raise BadContract(
            field="certificates", value=twice, reason=f"{used[twice]} names this certificate already: it covers one of the two"
        )
    _check_certificates(session, holder, instrument.certificates, valid_from, valid_until)
    contract = Contract(new_id("c"), instrument, valid_from, valid_until)
    values = {
        "id": contract.id, "holder_id": holder, "instrument": msgspec.json.encode(instrument).decode(), "valid_from": valid_from,
        "valid_until": valid_until, "actor": principal.actor, "said_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table_of(ContractRow)).values(values))
    return contract


def _check_certificates(session: Session, holder: str, numbers: Sequence[str], since: date, until: date) -> None:
    """BadContract where a certificate is used already, or counts at once in a filing that was handed in and was not claimed."""
    if not numbers:
        return
    take_turn(session, "certificates")
    used = used_elsewhere(session, numbers, holder=holder)
    for one in numbers:
        if one in used:
            raise BadContract(field="certificates", value=one, reason=f"it was used already, {used[one]}: name another one")
    f = table_of(FilingRow).c
    handed_in = sa.select(f.year, f.start_month).where(f.holder_id == holder, f.state.in_(PENDING)).order_by(f.year)
    for year, month in session.execute(handed_in):
        first, last = span(year, month)
        if until < first or last < since:
            continue
        for one, here in kept(session, numbers, holder=holder, year=year).items():
            if here.fault:
                raise BadContract(field="certificates", value=one, reason=f"the filing of {year} is handed in, and {here.fault}")


def _check(said: Instrument, valid_from: date, valid_until: date, own: set[str]) -> None:
    def refuse(field: str, value: str, reason: str) -> None:
        raise BadContract(field=field, value=value, reason=reason)

    if said.carrier not in set(CARRIERS.values()):
        refuse("carrier", said.carrier, f"one of {', '.join(sorted(set(CARRIERS.values())))}")
    try:
        if number(said.amount) <= 0:
            refuse("amount", said.amount, "more than nothing")
        ratio(find_unit(said.unit).token, by_id()["electricity.grid"].default_unit)
    except (NotANumber, UnknownUnit, UnitMismatch) as error:
        refuse("amount", f"{said.amount} {said.unit}", str(error))
    if said.site and said.site not in own:
        refuse("site", said.site, f"one of the holder's sites ({', '.join(sorted(own)) or 'it has none'}), or none for any")
    if valid_until < valid_from:
        refuse("valid_until", valid_until.isoformat(), "it ends before it begins")
    if said.carrier != "electricity" and not said.factor:
        refuse(
            "factor", "", "heat and cooling by contract need the supplier's factor: nothing is zero by rule but power of no fossil origin"
        )
    if len(set(said.certificates)) < len(said.certificates):
        refuse("certificates", " ".join(said.certificates)[:60], "a certificate is named twice")


def contracts(session: Session, principal: Principal, *, holder: str) -> list[Contract]:
    """The instruments of a holder, by their first day. Raises HolderNotFound."""
    find_holder(session, principal, holder)
    row = table_of(ContractRow)
    found = session.execute(sa.select(row).where(row.c.holder_id == holder).order_by(row.c.valid_from, row.c.id)).mappings()
    return [
        Contract(one["id"], msgspec.json.decode(one["instrument"], type=Instrument), one["valid_from"], one["valid_until"]) for one in found
    ]
