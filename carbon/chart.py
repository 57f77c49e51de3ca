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


def removals(holder: str, site: str, kind: str) -> str:
    """What a site took from the air and keeps, such as a forest's growth (book physical): it reduces no scope."""
    return f"holder/{holder}/{word(site)}/removals/{kind}"


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


RESERVED = frozenset({"units", "obligation"})
"""What no site is called, so that no site's accounts are taken for its holder's units and obligations."""


def units(holder: str) -> str:
    """Allowances, credits and certificates that a holder has (book units: lots, whole units, a stock)."""
    return f"holder/{holder}/units"


def obligation(holder: str, year: int) -> str:
    """What a holder has to surrender for a year, in tonnes; the programme is the commodity's. A credit, which surrendering takes away."""
    return f"holder/{holder}/obligation/{year}"


def obligations(programme: str, year: int) -> str:
    """The programme's side of all obligations of a year: what is still to be surrendered."""
    return f"registry/{programme}/obligations/{year}"


def issued(mechanism: str) -> str:
    """Where units come from: all that a registry ever issued of a mechanism (``CEA``, ``CCER``, ``GEC``)."""
    return f"registry/{word(mechanism)}/issued"


def surrendered(programme: str, year: int, holder: str) -> str:
    """Where units lie for ever that a holder surrendered for a year."""
    return f"retired/{programme}/{year}/{holder}"


def retired(mechanism: str, purpose: str) -> str:
    """Where units lie for ever that were cancelled, claimed or have expired."""
    return f"retired/{word(mechanism)}/{word(purpose)}"


SCOPES = {"scope1": "1", "scope2-location": "2", "scope2-market": "2", "scope3": "3", "captured": "captured", "removals": "removals"} | {
    f"passed-on-{book}": "passed-on" for book in ("location", "market", "product")
}
"""The scope that a cell names, by the part of a holder's account that says what it holds."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell counts: a book, the division of the site, a scope (``1``, ``2``, ``3``, ``captured``, ``removals``, ``passed-on``) and a
    category. Removals are a book of their own here, so that no sum of what was emitted nets them."""

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


@dataclass(frozen=True, slots=True)
class Seller:
    """Another holder of the book that sold what a line buys: its site, and the division in which that lay on the line's last day."""

    holder: str
    site: str
    division: str

    @classmethod
    def parse(cls, text: str) -> "Seller":
        """The seller that a line names (``h…/s01/330522``)."""
        return cls(*text.split("/"))

    def text(self) -> str:
        """As a line keeps it."""
        return f"{self.holder}/{word(self.site)}/{self.division}"


def counted_in(account: str, book: str) -> str:
    """The book under which an account's amounts are summed: its own, but for removals, which stand apart."""
    return "removals" if account.split("/")[3:4] == ["removals"] else book


def cell_of(account: str, *, book: str, division: str, seller: Seller | None = None) -> str | None:
    """The cell in which an amount on `account` counts; None for accounts of no holder. A seller's own counts where its site lies."""
    if not account.startswith("holder/"):
        return None
    _, holder, _, kind, category = account.split("/")
    book = counted_in(account, book)
    there = seller.division if seller is not None and holder == seller.holder else division
    return cell_key(book=book, division=there, scope=SCOPES[kind], category=category)
