"""The chart of accounts: every account name and every cell key is built here and nowhere else.

A positive amount is a debit. A debit on a holder is responsibility; its credit says where the gas went, or from whom the responsibility
came. Names hold random holder ids and the holder's own site codes, never names of people or firms.
"""

import re
from dataclasses import dataclass

_UNSAFE = re.compile(r"[/|\s\x00-\x1f\x7f]+")


def word(text: str) -> str:
    """Text as one part of a name: what cannot stand there becomes a hyphen."""
    return _UNSAFE.sub("-", text.strip()).strip("-") or "-"


def emission(holder: str, site: str, category: str) -> str:
    """What a site emits itself (book physical)."""
    return f"holder/{holder}/{word(site)}/scope1/{category}"


def atmosphere(division: str, category: str) -> str:
    """The air over a division, by source category: the other side of every emission and removal."""
    return f"atmosphere/{division}/{category}"


def captured(holder: str, site: str, kind: str) -> str:
    """What a site kept from the air (book physical): gross is scope 1 plus captured."""
    return f"holder/{holder}/{word(site)}/captured/{kind}"


def store(holder: str, kind: str) -> str:
    """Where what was kept from the air lies."""
    return f"store/{holder}/{kind}"


def bought(book: str, holder: str, site: str, carrier: str) -> str:
    """Power, heat, steam or cooling that a site bought (book location or market)."""
    return f"holder/{holder}/{word(site)}/scope2-{book}/{carrier}"


def passed_on(book: str, holder: str, site: str, carrier: str) -> str:
    """Power, heat, steam or cooling that a site sold: negative, and in no published firm inventory."""
    return f"holder/{holder}/{word(site)}/passed-on-{book}/{carrier}"


def pool(book: str, network: str) -> str:
    """The network that bought energy comes from and sold energy goes to; what stays on it is shown, never plugged."""
    return f"pool/{book}/{network}"


def network(carrier: str, region: str) -> str:
    """The network of a carrier in the region whose average factor was used."""
    return f"{carrier}-{region}"


def value_chain(holder: str, site: str, category: str) -> str:
    """What others emitted for a site, by category 1 to 15 (book product)."""
    return f"holder/{holder}/{word(site)}/scope3/{category}"


def outside(source: str) -> str:
    """Suppliers that are in no book, known by the source of the factor."""
    return f"outside/{word(source)}"


SCOPES = {"scope1": "1", "scope2-location": "2", "scope2-market": "2", "scope3": "3", "captured": "captured"} | {
    f"passed-on-{book}": "passed-on" for book in ("location", "market", "product")
}
"""The scope that a cell names, by the part of a holder's account that says what it holds."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell counts: a book, the division of the site, a scope (``1``, ``2``, ``3``, ``captured``, ``passed-on``) and a category."""

    book: str
    division: str
    scope: str
    category: str


def cell_key(*, book: str, division: str, scope: str, category: str) -> str:
    """The key under which the journal keeps sums for a division: holders' legs only, by month of the entry's day."""
    return f"{book}|{division}|{scope}|{category}"


def parse_cell(key: str) -> Cell:
    """What a cell key says."""
    book, division, scope, category = key.split("|")
    return Cell(book, division, scope, category)


def is_holders(account: str) -> bool:
    """Whether a name is one that this chart gives to a holder."""
    parts = account.split("/")
    return len(parts) == 5 and parts[0] == "holder" and parts[3] in SCOPES


def cell_of(account: str, *, book: str, division: str) -> str | None:
    """The cell in which an amount on `account` counts; None for accounts that are no holder's."""
    if not account.startswith("holder/"):
        return None
    _, _, _, kind, category = account.split("/")
    return cell_key(book=book, division=division, scope=SCOPES[kind], category=category)
