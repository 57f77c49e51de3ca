"""Holders and their sites: who answers for an emission, and where. A holder is known by a random id; names and codes are aliases."""

import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart, reach
from carbon.activity_places import Sites
from carbon.errors import AlreadyTaken, BadHolder, HolderNotFound, SiteNotFound
from carbon.identifier import check_credit_code, names_somebody
from carbon.region.divisions import DivisionTree
from carbon.tables import AliasRow, HolderRow, SiteDivisionRow, SiteReachRow, SiteRow
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

KINDS = ("resident", "firm", "park")
ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u, so that an id can be read aloud."""
ID_LENGTH = 10
_INDUSTRY = re.compile(r"[A-T]?[0-9]{2,4}")
_SITE = re.compile(r"[^/|\s\x00-\x1f\x7f]{1,40}")


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder as it is shown."""

    id: str
    kind: str
    name: str
    credit_code: str | None
    industry: str | None
    example: bool


@dataclass(frozen=True, slots=True)
class Site:
    """A site and the divisions that it lay in, each from its day on."""

    id: str
    holder: str
    code: str
    name: str
    divisions: tuple[tuple[date, str], ...]


def new_id(letter: str) -> str:
    """A random id: a letter that says of what, and fifty random bits."""
    return letter + "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


def scoped(query: sa.Select[Any], principal: Principal, *, holder: sa.ColumnElement[str] | None = None) -> sa.Select[Any]:
    """The query over holders, bounded to those that the principal may see. `holder` is the column of their ids."""
    return reach.scoped(query, principal, holder=table_of(HolderRow).c.id if holder is None else holder)


def add_holder(
    session: Session, principal: Principal, *, name: str, kind: str = "firm", credit_code: str | None = None, industry: str | None = None,
    example: bool = False, now: datetime,
) -> Holder:  # fmt: skip
    """Open a holder under a new random id. Raises BadHolder, AlreadyTaken (credit code), NotAllowed."""
    _allow(principal, "add a holder")
    name = name.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise BadHolder(field="name", value=name, reason="1 to 200 characters that print")
    if kind not in KINDS:
        raise BadHolder(field="kind", value=kind, reason=f"one of {', '.join(KINDS)}")
    if industry is not None and not _INDUSTRY.fullmatch(industry):
        raise BadHolder(field="industry", value=industry, reason="a GB/T 4754 code such as C3011 or 3011")
    if credit_code is not None:
        check_credit_code(credit_code)
        alias = table_of(AliasRow).c
        taken = session.execute(sa.select(alias.holder_id).where(alias.kind == "credit-code", alias.value == credit_code)).scalar()
        if taken:
            raise AlreadyTaken(field="credit code", value="of 18 signs", by=f"holder {taken}")  # which is never repeated
    holder = Holder(new_id("h"), kind, name, credit_code, industry, example)
    row = {"id": holder.id, "kind": kind, "industry": industry, "example": int(example), "created_at": now}
    session.execute(sa.insert(table_of(HolderRow)).values(row))
    aliases = [("name", name), *([("credit-code", credit_code)] if credit_code else [])]
    session.execute(sa.insert(table_of(AliasRow)), [{"holder_id": holder.id, "kind": kind_, "value": value} for kind_, value in aliases])
    return holder


def add_site(
    session: Session, principal: Principal, *, holder: str, code: str, name: str, division: str, since: date, tree: DivisionTree
) -> Site:
    """Open a site of a holder in a division, from a day on. Raises HolderNotFound, BadHolder, AlreadyTaken, NotAllowed."""
    _allow(principal, "add a site")
    find_holder(session, principal, holder)
    if not _SITE.fullmatch(code):
        raise BadHolder(field="site", value=code, reason="1 to 40 characters without blanks, / and |; it becomes part of account names")
    if code in chart.RESERVED:
        raise BadHolder(field="site", value=code, reason="the accounts of a holder's units and obligations are called so: choose another")
    if names_somebody(code):
        raise BadHolder(field="site", value="", reason="this looks like a number of a person or a firm, and would stand in account names")
    if code in tree and code != division:
        raise BadHolder(field="site", value=code, reason="this is a division's code: lines without a site are booked under such names")
    _check_division(tree, division, since)
    known = sites(session, principal, holder=holder)
    if any(site.code == code for site in known):
        raise AlreadyTaken(field="site", value=code, by=f"a site of holder {holder}")
    site = Site(new_id("s"), holder, code, name.strip() or code, ((since, division),))
    open_sites(session, [site])
    return site


def open_sites(session: Session, fresh: list[Site]) -> None:
    """Write sites that were checked."""
    if fresh:
        rows = [{"id": site.id, "holder_id": site.holder, "code": site.code, "name": site.name} for site in fresh]
        session.execute(sa.insert(table_of(SiteRow)), rows)
        lies = [{"site_id": site.id, "valid_from": since, "division": at} for site in fresh for since, at in site.divisions]
        session.execute(sa.insert(table_of(SiteDivisionRow)), lies)
        reached = [
            {"site_id": site.id, "division": at, "holder_id": site.holder} for site in fresh for at in {at for _, at in site.divisions}
        ]
        session.execute(sa.insert(table_of(SiteReachRow)), reached)


def move_site(session: Session, principal: Principal, *, holder: str, code: str, division: str, since: date, tree: DivisionTree) -> Site:
    """From a day on the site lies in another division: it moved, or the boundaries did. Raises SiteNotFound, BadHolder, NotAllowed."""
    _allow(principal, "move a site")
    site = next((site for site in sites(session, principal, holder=holder) if site.code == code), None)
    if site is None:
        raise SiteNotFound(holder=holder, site=code)
    _check_division(tree, division, since)
    if since <= site.divisions[-1][0]:
        raise BadHolder(
            field="since", value=since.isoformat(), reason=f"the site lies in {site.divisions[-1][1]} since {site.divisions[-1][0]}"
        )
    session.execute(sa.insert(table_of(SiteDivisionRow)).values({"site_id": site.id, "valid_from": since, "division": division}))
    if division not in {at for _, at in site.divisions}:
        session.execute(sa.insert(table_of(SiteReachRow)).values({"site_id": site.id, "division": division, "holder_id": holder}))
    return Site(site.id, holder, code, site.name, (*site.divisions, (since, division)))


def _check_division(tree: DivisionTree, division: str, since: date) -> None:
    if tree.at(division, since) is None:
        reason = (
            f"it was no division on {since}" if tree.ever(division) else "six digits of GB/T 2260 such as 330522, or ISO 3166 such as GB"
        )
        raise BadHolder(field="division", value=division, reason=reason)


def holders(
    session: Session, principal: Principal, *, after: str = "", limit: int | None = 100, only: str | None = None
) -> list[Holder]:  # fmt: skip
    """Holders that the principal may see, by id, those after `after`; all of them without a limit."""
    h, a = table_of(HolderRow).c, table_of(AliasRow)
    name, credit = a.alias(), a.alias()
    query = (
        sa.select(h.id, h.kind, name.c.value, credit.c.value, h.industry, h.example)
        .select_from(
            table_of(HolderRow)
            .join(name, sa.and_(name.c.holder_id == h.id, name.c.kind == "name"))
            .outerjoin(credit, sa.and_(credit.c.holder_id == h.id, credit.c.kind == "credit-code"))
        )
        .where(h.id > after)
        .order_by(h.id)
        .limit(limit)
    )
    if only is not None:
        query = query.where(h.id == only)
    rows = session.execute(scoped(query, principal)).all()
    return [Holder(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows]


def holder_names(session: Session, principal: Principal) -> dict[str, str]:
    """What every holder that the principal may see is called, by id."""
    return {one.id: one.name for one in holders(session, principal, limit=None)}


def find_holder(session: Session, principal: Principal, holder: str) -> Holder:
    """The holder of that id; HolderNotFound where there is none or the principal may not see it."""
    found = holders(session, principal, only=holder)
    if not found:
        raise HolderNotFound(holder)
    return found[0]


def sites(session: Session, principal: Principal, *, holder: str | None = None) -> list[Site]:
    """Sites of a holder, or of all that the principal may see, with those divisions that they lay in and the principal may see."""
    s, lies = table_of(SiteRow).c, table_of(SiteDivisionRow).c
    query = (
        sa.select(s.id, s.holder_id, s.code, s.name, lies.valid_from, lies.division)
        .join_from(table_of(SiteRow), table_of(SiteDivisionRow), s.id == lies.site_id)
        .where(reach.within(principal, lies.division))
        .order_by(s.holder_id, s.code, lies.valid_from)
    )
    if holder is not None:
        query = query.where(s.holder_id == holder)
    found: dict[str, Site] = {}
    for site_id, holder_id, code, name, since, division in session.execute(scoped(query, principal, holder=s.holder_id)):
        before = found[site_id].divisions if site_id in found else ()
        found[site_id] = Site(site_id, holder_id, code, name, (*before, (since, division)))
    return list(found.values())


def places(found: list[Site]) -> Sites:
    """Sites of one holder by code, as lines of activity data look them up."""
    return {site.code: site.divisions for site in found}


def _allow(principal: Principal, action: str) -> None:
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action=action)
