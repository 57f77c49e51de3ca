"""A county's year month by month: direct emissions and bought energy, and what is not monthly in a row of its own."""

from typing import Any

from sqlmodel import Session

from api.figures import scale_for
from api.language import Language
from carbon.monthly import MonthRow, months
from carbon.region.dashboard import Dashboard
from factors.gwp import gwp_set
from ledger.balances import cells
from ledger.principal import Principal

BOOKS = ("physical", "location", "market")


def by_book(session: Session, principal: Principal, shown: Dashboard) -> dict[str, tuple[MonthRow, ...]]:
    """The months of each book in which something was filed for the county; empty for larger places, whose pages show years."""
    if shown.place.level != "county" or not shown.filed:
        return {}
    first, last = shown.year * 100 + 1, shown.year * 100 + 12
    found = {}
    for book in BOOKS:
        kept = cells(session, prefix=f"{book}|{shown.place.code}|", since=first, until=last)
        keys = kept["cell"].unique().sort().to_list()
        rows = months(session, principal, cells=keys, year=shown.year, prices=gwp_set(shown.gwp))
        if rows:
            found[book] = rows
    return found


def monthly_context(session: Session, principal: Principal, shown: Dashboard, language: Language) -> dict[str, Any]:
    """What region.html names of the months: books, a row a month with its figures by book, and the scale."""
    found = by_book(session, principal, shown)
    order = sorted({row.month for rows in found.values() for row in rows}, key=lambda month: month or 999999)
    values = {book: {row.month: row.co2e_g for row in rows} for book, rows in found.items()}
    table = [(month, [(book, values[book].get(month)) for book in found]) for month in order]
    scale = scale_for([row.co2e_g for rows in found.values() for row in rows], language)
    return {"month_books": list(found), "month_rows": table, "month_scale": scale}


def month_table(session: Session, principal: Principal, shown: Dashboard) -> tuple[list[str], list[list[object]]]:
    """The months as they are exported: masses by gas in full, and their value."""
    head = ["division", "year", "month", "book", "gases", "co2e_g", "gwp"]
    rows: list[list[object]] = []
    for book, found in by_book(session, principal, shown).items():
        for row in found:
            gases = " ".join(f"{gas}={mass}" for gas, mass in row.gases.items())
            rows.append([shown.place.code, shown.year, row.month or "not monthly", book, gases, row.co2e_g, shown.gwp])
    return head, rows
