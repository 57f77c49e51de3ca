"""Which tag stands for each firm and year, and what became of an appeal against it."""

from datetime import date
from fractions import Fraction

import msgspec
from sqlmodel import Session

from carbon.enterprise.efficiency.grade import Facts, Tag
from carbon.enterprise.efficiency.tag import Appeal, Decision, Said, gather, tags
from carbon.holder import holders, sites
from carbon.region.divisions import divisions
from ledger.principal import Principal

EVERY = 1_000_000
FIRMS_MAX = 500
"""How many firms are looked at for one giving: more are narrowed by industry or division."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The last tag of a firm's year, its number, and the appeal against it with its decision where there are any."""

    holder: str
    name: str
    industry: str | None
    divisions: tuple[str, ...]
    year: int
    no: int
    tag: Tag
    appeal: Appeal | None = None
    appeal_no: int | None = None
    decision: Decision | None = None


def standings(
    session: Session, principal: Principal, *, division: str = "", industry: str = "", year: int | None = None, holder: str | None = None
) -> list[Standing]:
    """Those that the principal may see, by year (the latest first) and K (the highest last, grey after all): of firms with a site in a
    division, of an industry by the beginning of its GB/T 4754 code, of a year, of one holder."""
    tree = divisions()
    lies: dict[str, list[str]] = {}
    for site in sites(session, principal):
        lies.setdefault(site.holder, []).append(site.divisions[-1][1])
    known = {one.id: one for one in holders(session, principal, limit=EVERY)}
    below = tree.below(division) if division else frozenset()
    grouped: dict[tuple[str, int], list[Said]] = {}
    for said in tags(session, principal, holder=holder, year=year):
        firm = known.get(said.holder)
        here = not division or any(code in below for code in lies.get(said.holder, ()))
        if firm is not None and here and _of(firm.industry, industry):
            grouped.setdefault((said.holder, said.year), []).append(said)
    found = [
        _standing(known[one].name, known[one].industry, tuple(sorted(set(lies.get(one, ())))), rows) for (one, _), rows in grouped.items()
    ]
    return sorted(found, key=lambda one: (-one.year, one.tag.k == "", Fraction(one.tag.k_exact or 0), one.name, one.holder))


def candidates(session: Session, principal: Principal, *, year: int, division: str = "", industry: str = "", today: date) -> list[Facts]:
    """The facts of a year of the firms that could be tagged: those that the principal may see with a site in a division, of an industry.

    By name; what of their energy is covered is computed where the firm told how much it used, and else not said yet.
    """
    below = divisions().below(division) if division else frozenset()
    lies = {site.holder for site in sites(session, principal) if any(code in below for _, code in site.divisions)}
    firms = [
        one
        for one in holders(session, principal, limit=EVERY)
        if one.kind == "firm" and (not division or one.id in lies) and _of(one.industry, industry)
    ]
    return [
        gather(session, principal, holder=one.id, year=year, coverage=None, deducted={}, today=today)
        for one in sorted(firms, key=lambda firm: (firm.name, firm.id))[:FIRMS_MAX]
    ]


def _of(code: str | None, wanted: str) -> bool:
    """Whether a GB/T 4754 code begins as is wanted, with or without the letter of its section."""
    return not wanted or (code is not None and (code.startswith(wanted) or code.lstrip("ABCDEFGHIJKLMNOPQRST").startswith(wanted)))


def _standing(name: str, industry: str | None, lies: tuple[str, ...], rows: list[Said]) -> Standing:
    last = next(one for one in reversed(rows) if isinstance(one.content, Tag))
    appealed = next((one for one in rows if isinstance(one.content, Appeal) and one.content.of == last.no), None)
    decided = next((one for one in rows if appealed and isinstance(one.content, Decision) and one.content.of == appealed.no), None)
    assert isinstance(last.content, Tag)
    return Standing(
        holder=last.holder, name=name, industry=industry, divisions=lies, year=last.year, no=last.no, tag=last.content,
        appeal=appealed.content if appealed and isinstance(appealed.content, Appeal) else None,
        appeal_no=appealed.no if appealed else None,
        decision=decided.content if decided and isinstance(decided.content, Decision) else None,
    )  # fmt: skip
