"""Accounting guides as data: a guide has sources, a source has items, an item is a formula for one row of a filing.

A source of a guide is a sum of rows; each row is a quantity times what the item's formula gives per unit of it, with the item's sign: a
carbon balance has rows in (+1) and rows out (−1). What is a plain fuel or bought energy stays an ordinary line of activity data: its source
names the activities and what may be measured, and has no items. No original text of a guide could be opened for this project: every
source says by which copies its formula is known (`evidence`) and how far that can be trusted (`mark`).
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from factors.activities import by_id
from factors.errors import FactorError, NotANumber
from factors.faults import GAS
from factors.formula import NAME, FormulaInvalid, read_formula
from factors.gwp import gwp_sets
from factors.units import find_unit, number

Mark = Literal["A", "A2", "B", "D"]
"""A: read in an official copy or in two independent ones. A2: read in one transcription. B: from memory. D: derived by this project."""
MASSES = ("t", "kg", "g", "mg")
SHARED = "shared"
"""The file of what many guides have alike; it is no guide itself."""


class GuideInvalid(FactorError):
    """Data of a guide that do not hold together, all faults at once."""

    code = "guide.invalid"

    def __init__(self, guide: str, faults: list[str]) -> None:
        self.guide, self.faults = guide, tuple(faults)
        super().__init__(f"the guide {guide} cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults))


class GuideNotFound(FactorError):
    """No guide, or no item of one, bears that name."""

    code = "guide.none"

    def __init__(self, name: str) -> None:
        self.name = name[:80]
        super().__init__(f"no guide and no item of a guide is called {self.name!r}: `tanzhang guides list` lists them")


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number that a formula takes beside the quantity. `low` and `high` bound it in its unit; without a `default` it must be measured.

    `mark` and `source` are those of the default, `fact` its id in the project's fact sheets where it has one.
    """

    name: str
    name_zh: str
    name_en: str
    unit: str = "1"
    low: str = "0"
    high: str = "1"
    default: str | None = None
    mark: Mark | None = None
    source: str = ""
    fact: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of row: per one `unit` of the quantity, `formulas` give a mass of each gas in the unit `gives`.

    `id` is ``guide.source.item``. `sign` −1 takes the mass from the scope; `captured` then says what it was kept in, where it was kept.
    Defaults are of one parameter set (`set`) and are never mixed with another's. `category` is the IPCC 2006 source category, assigned by
    this project; unset where the activity or the holder's industry decides.
    """

    id: str
    name_zh: str
    name_en: str
    activity: str
    unit: str
    formulas: dict[str, str]
    gives: str = "t"
    sign: Literal[1, -1] = 1
    captured: str | None = None
    category: str | None = None
    set: str = ""
    variables: tuple[Variable, ...] = ()
    mark: Mark
    evidence: str
    copies: int
    cited: str
    edition: str
    note: str = ""

    @property
    def guide(self) -> str:
        return self.id.partition(".")[0]

    @property
    def gases(self) -> tuple[str, ...]:
        return tuple(self.formulas)

    def variable(self, name: str) -> Variable | None:
        """The variable of that name."""
        return next((one for one in self.variables if one.name == name), None)


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source of a guide in one edition. `row` is its row of the reference sheet, `formula` what the copies print for all of it.

    `activities`, and all whose code begins with one of `families`, are filed as ordinary lines; `measured` names what must be measured,
    `allowed` what may be a default, `defaults` the numbers. `total` is an expression over sums where the source is a sum of others.
    """

    id: str
    row: str
    edition: str
    name_zh: str
    name_en: str
    kind: str
    scope: str
    gases: tuple[str, ...]
    formula: str
    symbols: str = ""
    measured: str = ""
    allowed: str = ""
    defaults: str = ""
    activities: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    total: str = ""
    ets: str = ""
    mark: Mark
    evidence: str
    copies: int
    cited: str
    note: str = ""
    items: tuple[Item, ...] = ()


class Guide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guide of one industry: the documents behind it, each with how far it is known, and its sources."""

    id: str
    name_zh: str
    name_en: str
    ndrc: str = ""
    gbt: str = ""
    mee: str = ""
    sources: tuple[Source, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for source in self.sources for item in source.items)

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.ndrc, self.gbt, self.mee)))

    @property
    def summary(self) -> "GuideSummary":
        return GuideSummary(
            id=self.id, name_zh=self.name_zh, name_en=self.name_en, documents=self.documents, sources=len(self.sources),
            items=len(self.items),
        )  # fmt: skip


class GuideSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A guide and how much it holds: sources in all editions, and items that a line may name as its `formula`."""

    id: str
    name_zh: str
    name_en: str
    documents: tuple[str, ...]
    sources: int
    items: int


@cache
def guides() -> Mapping[str, Guide]:
    """Every guide shipped, by its id; GuideInvalid where one does not hold together."""
    folder = files("factors").joinpath("data", "guides")
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    texts = {entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8") for entry in found}
    shared = tomllib.loads(texts.pop(SHARED))
    return {name: read_guide(name, texts[name], shared) for name in sorted(texts)}


@cache
def items() -> Mapping[str, Item]:
    """Every item of every guide, by its id."""
    return {item.id: item for guide in guides().values() for item in guide.items}


@cache
def named_variables() -> frozenset[str]:
    """Every name that a variable of an item has."""
    return frozenset(variable.name for item in items().values() for variable in item.variables)


def find_guide(name: str) -> Guide:
    """The guide of that id; GuideNotFound otherwise."""
    if name not in guides():
        raise GuideNotFound(name)
    return guides()[name]


def read_guide(name: str, text: str, shared: Mapping[str, Any]) -> Guide:
    """The guide that the TOML text is; `use` in a source or item takes what is alike from `shared`. GuideInvalid with all its faults."""
    raw = tomllib.loads(text)
    documents = "；".join(filter(None, (raw.get(key, "") for key in ("ndrc", "gbt", "mee"))))
    try:
        sources = [_source(name, source, shared, documents) for source in raw.pop("source")]
        guide = msgspec.convert({**raw, "id": name, "sources": sources}, Guide)
    except (msgspec.ValidationError, KeyError) as error:
        raise GuideInvalid(name, [str(error)]) from error
    faults = guide_faults(guide)
    if faults:
        raise GuideInvalid(name, faults)
    return guide


def _source(guide: str, raw: dict[str, Any], shared: Mapping[str, Any], documents: str) -> dict[str, Any]:
    told = {**shared["source"].get(raw.pop("use", ""), {}), **raw}
    told.setdefault("cited", documents)
    inner = told.pop("item", [])
    found: list[dict[str, Any]] = []
    for item in inner:
        whole = {**shared["item"].get(item.get("use", ""), {}), **item}
        whole.pop("use", None)
        found += _kinds(f"{guide}.{told['id']}", whole, told)
    return {**told, "items": found}


def _kinds(prefix: str, raw: dict[str, Any], source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items that one table is: one, or one for each of its kinds, which differ in a few defaults, a gas or an activity."""
    told = {key: source[key] for key in ("mark", "evidence", "copies", "cited", "edition")} | raw
    kinds, variables = told.pop("kind", None), told.pop("variable", [])
    if kinds is None:
        return [{**told, "id": f"{prefix}.{told['id']}", "variables": [_variable(one, told) for one in variables]}]
    made = []
    for kind in kinds:
        own = dict(kind)
        values, facts, gas = own.pop("values", {}), own.pop("facts", {}), own.pop("gas", None)
        one = {**told, **own, "id": f"{prefix}.{'.'.join(filter(None, (told.get('id'), kind['id'])))}"}
        if gas is not None:
            (text,) = told["formulas"].values()
            one["formulas"] = {gas: text}
        one["variables"] = [_variable({**each, **_default(each["name"], values, facts)}, one) for each in variables]
        made.append(one)
    return made


def _default(name: str, values: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    found = {"default": values[name]} if name in values else {}
    return found | ({"fact": facts[name]} if name in facts else {})


def _variable(raw: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """A variable; a default is known as well as its item and by the same copies, unless it says otherwise."""
    told = dict(raw)
    if "default" in told:
        told.setdefault("mark", item["mark"])
        told.setdefault("source", item["evidence"])
    return told


def guide_faults(guide: Guide) -> list[str]:
    """What does not hold together in a guide, each fault with its item."""
    found = []
    for source in guide.sources:
        found += [f"{source.id}: the activity {code} is not known" for code in source.activities if code not in by_id()]
        if not source.id.isidentifier():
            found.append(f"{source.id}: a source is called by letters, digits and _")
    ids = [item.id for item in guide.items] + [source.id for source in guide.sources]
    found += [f"{one}: there twice" for one in sorted({one for one in ids if ids.count(one) > 1})]
    for item in guide.items:
        found += [f"{item.id}: {fault}" for fault in item_faults(item)]
    return found


def item_faults(item: Item) -> list[str]:
    """What does not hold together in one item."""
    found = []
    if item.activity not in by_id():
        found.append(f"the activity {item.activity} is not known")
    if item.gives not in MASSES:
        found.append(f"it gives {item.gives}, which is none of {', '.join(MASSES)}")
    priced = {gas for prices in gwp_sets().values() for gas in prices.values}
    found += [f"{gas} is no gas" for gas in item.gases if not GAS.fullmatch(gas) and gas not in priced]
    try:
        if find_unit(item.unit).token != item.unit:
            found.append(f"the unit {item.unit} is called {find_unit(item.unit).token} here")
    except FactorError as error:
        found.append(str(error))
    used: set[str] = set()
    for text in item.formulas.values():
        try:
            used |= set(read_formula(text).names)
        except FormulaInvalid as error:
            found.append(str(error))
    names = {variable.name for variable in item.variables}
    found += [f"{name} stands in a formula and is no variable" for name in sorted(used - names)]
    found += [f"{name} is a variable and stands in no formula" for name in sorted(names - used)]
    if len(names) < len(item.variables):
        found.append("a variable is there twice")
    return found + [f"{variable.name}: {fault}" for variable in item.variables for fault in _variable_faults(variable)]


def _variable_faults(variable: Variable) -> list[str]:
    if not NAME.fullmatch(variable.name):
        return ["a variable is called by letters, digits and _"]
    try:
        low, high = number(variable.low), number(variable.high)
        value = number(variable.default) if variable.default is not None else low
    except NotANumber as error:
        return [str(error)]
    if not low <= value <= high:
        return [f"{value} does not lie between {low} and {high}"]
    if variable.default is not None and (variable.mark is None or not variable.source):
        return ["its default has no mark or no source"]
    return []
