"""A book of several tenants: whose is whose must show everywhere.

`own` lies in county 330522 (city 330500), `other` in county 330106 (city 330100); both are of province 330000. `both` has a site in each
county, and a third that moved from 330106 to 330522 in July 2023.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from carbon.evidence import lines
from carbon.holder import add_holder, add_site, move_site
from carbon.record import record
from carbon.region.divisions import divisions
from factors.library import load_library
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, Principal, Role

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
OWN_COUNTY, OTHER_COUNTY, SISTER_COUNTY, OWN_CITY, OTHER_CITY, PROVINCE = "330522", "330106", "330502", "330500", "330100", "330000"
NAMES = {"own": "甲建材有限公司", "other": "乙水泥有限公司", "both": "丙集团有限公司"}
SITES = {
    "own": {"s01": OWN_COUNTY},
    "other": {"x01": OTHER_COUNTY},
    "both": {"near": OWN_COUNTY, "far": OTHER_COUNTY, "moved": OTHER_COUNTY},
}
HEAD = "activity,quantity,unit,day,site,source"


@dataclass(frozen=True, slots=True)
class World:
    """The book, the id of each holder, and the entries of each site."""

    book: Book
    holders: dict[str, str]
    entries: dict[str, list[int]]

    def firm(self, name: str) -> Principal:
        """Whoever is bounded to one holder."""
        return Principal("f", Role.WRITER, holders=frozenset({self.holders[name]}))


def area(*codes: str) -> Principal:
    """Whoever is bounded to divisions."""
    return Principal("r", Role.READER, divisions=frozenset(codes))


def build(book: Book, folder: Path) -> World:
    """Fill an empty book."""
    tree, holders = divisions(), {}
    with book.writing() as session:
        for key, name in NAMES.items():
            holders[key] = add_holder(session, LOCAL_ADMIN, name=name, industry="C3011", now=NOW).id
            for code, division in SITES[key].items():
                add_site(
                    session, LOCAL_ADMIN, holder=holders[key], code=code, name=f"{name}{code}", division=division, since=date(2020, 1, 1),
                    tree=tree,
                )  # fmt: skip
        move_site(session, LOCAL_ADMIN, holder=holders["both"], code="moved", division=OWN_COUNTY, since=date(2023, 7, 1), tree=tree)
    for number, (key, holder) in enumerate(holders.items(), start=1):
        rows = [
            f"{activity},{number * 100 + place * 10 + month},{unit},2023-{month:02}-15,{site},{site}-{activity[:4]}"
            for place, site in enumerate(SITES[key])
            for month in (3, 9)
            for activity, unit in (("combustion.stationary.bituminous", "t"), ("electricity.grid", "kWh"))
        ]
        path = folder / f"{key}.csv"
        path.write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
        record(book, path, holder=holder, principal=LOCAL_ADMIN, now=NOW, today=NOW.date(), library=load_library(), tree=tree)
    found: dict[str, list[int]] = {}
    with book.reading() as session:
        for line in lines(session, LOCAL_ADMIN, limit=1_000):
            found.setdefault(line.site, []).append(line.entry_id or 0)
    return World(book, holders, found)
