"""Who owns a firm, told table by table: from a day on these owners have these parts and nobody else has one. What was told stays.

A table replaces the one before it from its day on; one told for a day between two others holds until the next. Each share is a row of
`carbon.enterprise.shares`, which applies them when an inventory is read.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.enterprise.errors import BadShares
from carbon.enterprise.firm import APPROACHES
from carbon.enterprise.shares import WHOLE, Stake, check_whole, seen_shares
from carbon.enterprise.tables import ShareRow
from carbon.holder import find_holder, sites
from carbon.turn import take_turn
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

REASON_MAX = 500


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An owner's part in millionths (400,000 is 40 %)."""

    owner: str
    ppm: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One share as it was told: of whom in whom, `site` "" for the whole firm, from a day on, why, by whom and when."""

    owner: str
    holder: str
    site: str
    approach: str
    valid_from: date
    ppm: int
    reason: str
    actor: str
    said_at: datetime


def tell_owners(
    session: Session, principal: Principal, *, holder: str, approach: str, parts: Sequence[Part], valid_from: date, reason: str,
    now: datetime, site: str = "",
) -> list[Share]:  # fmt: skip
    """Tell the whole table of a firm's owners, or of one of its sites, from a day on; who had a part and is not named has none from then.

    Raises HolderNotFound, NotAllowed, BadShares (an owner twice, past the whole, a table of that day stands, no reason, no such site).
    """
    owners, day = [one.owner for one in parts], valid_from.isoformat()
    _check_teller(session, principal, holder=holder, owners=owners)
    for one in parts:
        _check_part(holder, day, approach=approach, ppm=one.ppm)
    if not reason.strip() or len(reason) > REASON_MAX:
        raise BadShares(holder=holder, day=day, reason=f"say why, in at most {REASON_MAX} signs")
    if len(set(owners)) != len(owners):
        raise BadShares(holder=holder, day=day, reason="each owner is named once")
    if site and site not in {one.code for one in sites(session, principal, holder=holder)}:
        raise BadShares(holder=holder, day=day, reason=f"the firm has no site {site[:40]!r}")
    take_turn(session, f"shares/{holder}")
    stakes = _stakes(session, holder=holder, site=site, approach=approach)
    if any(since == valid_from for _, since, _ in stakes):
        raise BadShares(holder=holder, day=day, reason="a table of that day stands: tell one from another day on", field="valid_from")
    fresh = [*((one.owner, valid_from, one.ppm) for one in parts), *_ended(stakes, set(owners), valid_from)]
    if not fresh:
        raise BadShares(holder=holder, day=day, reason="nobody has a part that could end: name the owners")
    check_whole(holder, [*stakes, *fresh])
    said = {"holder": holder, "site": site, "approach": approach, "reason": reason.strip(), "actor": principal.actor, "said_at": now}
    made = [msgspec.convert(said | {"owner": owner, "valid_from": since, "ppm": ppm}, Share) for owner, since, ppm in fresh]
    session.execute(sa.insert(table_of(ShareRow)), [_row(one) for one in made])
    return made


def told_shares(session: Session, principal: Principal, *, holder: str | None = None) -> list[Share]:
    """Every share that was told and that the principal may see, by whom it is in, approach, day and owner; those on either side of one
    holder where asked."""
    s = table_of(ShareRow).c
    columns = (s.owner_id, s.holder_id, s.site, s.approach, s.valid_from, s.ppm, s.reason, s.actor, s.said_at)
    query = sa.select(*columns).where(seen_shares(principal))
    if holder is not None:
        query = query.where(sa.or_(s.owner_id == holder, s.holder_id == holder))
    rows = session.execute(query.order_by(s.holder_id, s.approach, s.site, s.valid_from, s.owner_id))
    return [Share(**dict(zip(Share.__struct_fields__, row, strict=True))) for row in rows]


def standing_on(told: Iterable[Share], day: date) -> list[Share]:
    """The shares that hold on a day: of each owner its latest that has begun, where it has any part."""
    latest: dict[tuple[str, str, str, str], Share] = {}
    for one in sorted(told, key=lambda one: one.valid_from):
        if one.valid_from <= day:
            latest[one.holder, one.site, one.approach, one.owner] = one
    return [one for one in latest.values() if one.ppm]


def applied(told: Iterable[Share], *, owner: str, approach: str, start: date, end: date) -> list[Share]:
    """The shares of an owner that count for the days of a period: what holds on its first, and what begins within it."""
    of_owner = [one for one in told if one.owner == owner and one.approach == approach]
    return [*standing_on(of_owner, start), *(one for one in of_owner if start < one.valid_from <= end)]


def _check_teller(session: Session, principal: Principal, *, holder: str, owners: Sequence[str]) -> None:
    """Whether the principal may say that these own the holder: a writer says it of a holder that is theirs to see, so nobody claims
    another's; the owners only have to be there. Raises NotAllowed, HolderNotFound."""
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="say who owns a firm")
    find_holder(session, principal, holder)
    for owner in owners:
        find_holder(session, Principal(principal.actor, principal.role), owner)


def _check_part(holder: str, day: str, *, approach: str, ppm: int) -> None:
    """Whether one share could be. Raises BadShares."""
    if approach not in APPROACHES:
        raise BadShares(holder=holder, day=day, reason=f"the approach {approach[:20]!r} is none of {', '.join(APPROACHES)}")
    if not 0 <= ppm <= WHOLE or (approach == "operational" and ppm not in {0, WHOLE}):
        reason = "operational control is whole or none" if 0 <= ppm <= WHOLE else "a share is 0 to 1,000,000 millionths"
        raise BadShares(holder=holder, day=day, reason=reason)


def _stakes(session: Session, *, holder: str, site: str, approach: str) -> list[Stake]:
    s = table_of(ShareRow).c
    stands = sa.select(s.owner_id, s.valid_from, s.ppm).where(s.holder_id == holder, s.site == site, s.approach == approach)
    return [(row[0], row[1], row[2]) for row in session.execute(stands)]


def _ended(stakes: Sequence[Stake], owners: set[str], day: date) -> list[Stake]:
    """Rows of nothing: for who has a part the day before and is not named, and for who is named, from the next table on that does not."""
    held = {owner: ppm for owner, since, ppm in sorted(stakes, key=lambda stake: stake[1]) if since < day}
    gone = [(owner, day, 0) for owner, ppm in sorted(held.items()) if ppm and owner not in owners]
    after = min((since for _, since, _ in stakes if since > day), default=None)
    if after is None:
        return gone
    named = {owner for owner, since, _ in stakes if since == after}
    return [*gone, *((owner, after, 0) for owner in sorted(owners - named))]


def _row(one: Share) -> dict[str, object]:
    told = msgspec.structs.asdict(one)
    return {"owner_id": told.pop("owner"), "holder_id": told.pop("holder")} | told
