"""What codes of the books are called: accounts, books, scopes, categories. English here, other languages through the catalogue."""

from collections.abc import Callable

from api.auth.office import Action, Office
from api.problems import N_

Say = Callable[[str], str]

BOOKS = {
    "physical": N_("Direct emissions (territorial)"),
    "location": N_("Bought energy, average of the area"),
    "market": N_("Bought energy, by contract"),
    "product": N_("Value chain"),
    "removals": N_("Removed from the air"),
    "units": N_("Units"),
    "points": N_("Points"),
}
CATEGORIES = {
    "1A": N_("Fuel combustion, sector undecided"), "1A1": N_("Energy industries"), "1A2": N_("Manufacturing and construction"),
    "1A3": N_("Transport"), "1A3a": N_("Civil aviation"), "1A3b": N_("Road transport"), "1A3c": N_("Railways"), "1A3d": N_("Shipping"),
    "1A3e": N_("Other transport"), "1A4": N_("Buildings and agriculture"), "1A4a": N_("Commerce and institutions"),
    "1A4b": N_("Households"), "1A4c": N_("Agriculture, forestry, fishing"), "1A5": N_("Fuel combustion elsewhere"),
    "1B": N_("Fugitive emissions"), "1B1": N_("Fugitive emissions of coal"), "1B2": N_("Fugitive emissions of oil and gas"),
    "1C": N_("Transport and storage of CO₂"), "2A": N_("Mineral industry"), "2A1": N_("Cement"), "2A2": N_("Lime"), "2A3": N_("Glass"),
    "2A4": N_("Other uses of carbonates"), "2B": N_("Chemical industry"), "2C": N_("Metal industry"), "2D": N_("Non-energy uses of fuels"),
    "2E": N_("Electronics"), "2F": N_("Substitutes for ozone-depleting substances"), "2G": N_("Other product use"),
    "2H": N_("Other industry"), "2": N_("Industrial processes"), "3": N_("Agriculture and land"), "3A": N_("Livestock"),
    "3B": N_("Land"), "3C": N_("Cropland and biomass burning"), "4": N_("Waste"), "4A": N_("Solid waste disposal"),
    "4B": N_("Biological treatment of waste"), "4C": N_("Waste incineration"), "4D": N_("Wastewater"), "5": N_("Other"),
}  # fmt: skip
KEPT = {
    "forest": N_("Growth of forest"), "recovered": N_("Recovered"), "in-steel": N_("Kept in steel"), "in-methanol": N_("Kept in methanol"),
    "in-products": N_("Kept in products"),
}  # fmt: skip
"""What was captured or removed, by kind."""
CARRIERS = {"electricity": N_("Electricity"), "heat": N_("Heat"), "steam": N_("Steam"), "cooling": N_("Cooling")}
VALUE_CHAIN = {
    "1": N_("Purchased goods and services"), "2": N_("Capital goods"), "3": N_("Fuel- and energy-related activities"),
    "4": N_("Upstream transport"), "5": N_("Waste of operations"), "6": N_("Business travel"), "7": N_("Commuting"),
    "8": N_("Upstream leased assets"), "9": N_("Downstream transport"), "10": N_("Processing of sold products"),
    "11": N_("Use of sold products"), "12": N_("End of life of sold products"), "13": N_("Downstream leased assets"),
    "14": N_("Franchises"), "15": N_("Investments"),
}  # fmt: skip
KINDS = {
    "scope1": N_("Responsibility: scope 1"), "scope2-location": N_("Responsibility: scope 2, average of the area"),
    "scope2-market": N_("Responsibility: scope 2, by contract"), "scope3": N_("Responsibility: scope 3"), "captured": N_("Captured"),
    "removals": N_("Removed"), "passed-on-location": N_("Passed on"), "passed-on-market": N_("Passed on"),
    "passed-on-product": N_("Passed on"),
}  # fmt: skip
ROOTS = {
    "atmosphere": N_("Where it went: atmosphere"), "pool": N_("Whence: the network"), "outside": N_("Whence: suppliers outside the book"),
    "store": N_("Where it went: store"), "holder": N_("Holders"), "registry": N_("Registry of units"),
    "retired": N_("Retired for ever"),
}  # fmt: skip
STOCKS = {"units": N_("Units held"), "obligation": N_("Obligation to surrender")}
LEVELS = {"nation": N_("nation"), "province": N_("province"), "city": N_("city"), "county": N_("county")}
OFFICES = {
    Office.RESIDENT: N_("resident"),
    Office.FIRM: N_("enterprise"),
    Office.PARK: N_("park operator"),
    Office.VERIFIER: N_("verifier"),
    Office.REGULATOR: N_("regulator"),
    Office.PROVIDER: N_("data provider"),
    Office.ADMINISTRATOR: N_("administrator"),
    Office.SECURITY: N_("security officer"),
    Office.AUDITOR: N_("auditor"),
}
ACTIONS = {
    Action.READ: N_("reading"),
    "export": N_("export as a file"),
    Action.CALCULATE: N_("calculation, nothing kept"),
    Action.FILE: N_("filing data"),
    Action.VERIFY: N_("verifying"),
    Action.ACCEPT: N_("accepting reports"),
    Action.PROVIDE: N_("providing statistics"),
    Action.ADMINISTER: N_("managing users"),
    Action.SECURE: N_("managing offices"),
    Action.AUDIT: N_("reading this record"),
    Action.ROSTER: N_("seeing who may come in"),
    Action.ASK: N_("asking for a second person"),
    Action.DECIDE: N_("deciding as the second person"),
    Action.SELF: N_("one's own account"),
    "sign-in": N_("signing in"),
    "command": N_("command at the machine"),
    "expire": N_("taking out old records"),
    "lost": N_("records that could not be kept"),
    "shortened": N_("checkpoints found lost"),
}
"""What a record of access says was done (`api.audit`)."""
TIERS = {"measured": N_("measured"), "calculated": N_("calculated"), "default": N_("default"), "estimated": N_("estimated")}
ENTRY_KINDS = {"emission": N_("emission"), "reversal": N_("reversal"), "correction": N_("correction"), "removal": N_("removal")}


def category(code: str, say: Say, *, book: str = "physical") -> str:
    """A category in words: an IPCC source, a carrier, or one of the fifteen of the value chain; the code itself where none is known."""
    names = VALUE_CHAIN if book == "product" else CATEGORIES | CARRIERS | KEPT
    for length in range(len(code), 0, -1):
        if code[:length] in names:
            return say(names[code[:length]])
    return code


def account(name: str, say: Say, place: Callable[[str], str]) -> str:
    """An account in words; `place` names a division."""
    root, *rest = name.split("/")
    if root == "holder" and len(rest) == 4:
        kind, code = rest[2], rest[3]
        book = "product" if kind in {"scope3", "passed-on-product"} else "physical"
        return " · ".join((say(KINDS.get(kind, kind)), category(code, say, book=book)))
    if root == "holder" and len(rest) in {2, 3} and rest[1] in STOCKS:
        return " · ".join((say(STOCKS[rest[1]]), *rest[2:]))
    if root == "atmosphere" and len(rest) == 2:
        return " · ".join((say(ROOTS[root]), place(rest[0])))
    if root == "pool" and len(rest) == 2:
        carrier, _, region = rest[1].partition("-")
        return " · ".join((say(ROOTS[root]), category(carrier, say), place(region)))
    return " · ".join((say(ROOTS.get(root, root)), *rest[-1:]))


NOTES = {
    "year-after-last": N_("the latest year before the activity"),
    "period-split-by-days": N_("the period is split by days between two years"),
    "chosen": N_("chosen in the file"),
    "unverified": N_("never read in a document"),
    "CH4 and N2O depend on the sector: give category 1A1, 1A2, 1A4a, 1A4b or 1A4c": N_(
        "CH₄ and N₂O depend on the sector: give category 1A1, 1A2, 1A4a, 1A4b or 1A4c"
    ),
    "CH4 and N2O: several tables fit, by engine or product": N_("CH₄ and N₂O: several tables fit, by engine or product"),
    "CH4 and N2O: no row": N_("CH₄ and N₂O: no table has a value"),
    "CH4 and N2O: the rows were never read in a document": N_("CH₄ and N₂O: the values were never read in a document"),
}
"""What the factor library notes at a step, in words."""


def note(text: str, say: Callable[[str], str]) -> str:
    """The note of a step in the reader's language; several codes in one note are told one after the other."""
    if text in NOTES:
        return say(NOTES[text])
    return say(N_(", ")).join(say(NOTES[code]) if code in NOTES else code for code in text.split()) if text else ""
