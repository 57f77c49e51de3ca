"""The form in which the authority states a firm's obligation of a year: what is chosen from, what was typed, and what the books refuse."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from api.language import Language
from api.pages.filing_view import STATES
from api.pages.shell import Asked, language_of, translate
from api.pages.typed import Typed
from api.problems import N_
from api.resources.compliance import Obligation
from carbon.enterprise.errors import BadAllotment, NoRule, NotVerified
from carbon.enterprise.filing.filing import filings
from carbon.enterprise.obligation.allocation import GRAMS, MASS_MAX, Unit
from carbon.enterprise.obligation.declare import VERIFIED
from carbon.enterprise.obligation.declare import statements as kept_statements
from carbon.enterprise.obligation.rules import Rule, programmes
from carbon.enterprise.obligation.rules import programme as programme_of
from carbon.enterprise.obligation.rules import rules as rules_of
from ledger.principal import Principal

DECIMALS = {"power": "0", "heat": "0", "heat_ratio": "0", "load": "", "load_correction": "1", "output": "", "balance": ""}
"""The numbers of a unit that an allowance is made of, with what an empty field stands for."""
COOLING = {"water": N_("water cooled"), "air": N_("air cooled")}
SOURCE_MAX, NAME_MAX = 300, 60
UNIT_FIELDS = frozenset({*DECIMALS, "name", "stated_t", "benchmark", "cooling"})
"""The fields of a unit that the books may refuse."""


def obligation_typed(typed: Typed) -> Obligation:
    """The obligation that the form states; what is wrong with it is in `typed.wrong`."""
    scale = 1 if typed.text("mass") == "g" else GRAMS
    for field in ("sector", "filing"):
        if not typed.text(field):
            typed.refuse(field, N_("Choose one of the list."))
    verified = typed.whole("verified", scale=scale, most=MASS_MAX)
    rows = [no for no in range(typed.rows("rows", least=1)) if any(typed.text(name) for name in row_fields(typed.fields, no))]
    units = [_unit(typed, no, scale=scale, alone=len(rows) == 1) for no in rows]
    if not units:
        typed.refuse("unit-0-name", N_("Name the unit or line that it is made of."))
    if not typed.wrong and sum(one.verified_g for one in units) != verified:
        total = sum(one.verified_g for one in units)
        typed.refuse(
            "verified", N_("The units add up to {total} g, and {verified} g are verified."), total=f"{total:,}", verified=f"{verified:,}"
        )
    return Obligation(sector=typed.text("sector"), filing=typed.text("filing"), verified_g=verified, units=units)


def row_fields(fields: Mapping[str, str], no: int) -> list[str]:
    """The names of a unit's fields that say something; what a list chooses by itself says nothing."""
    stem = f"unit-{no}-"
    return [name for name in fields if name.startswith(stem) and name != f"{stem}cooling"]


def blame(typed: Typed, error: BadAllotment | NoRule | NotVerified) -> None:
    """Say beside its field what the books refused; what is of no field is said above."""
    if isinstance(error, NoRule):
        typed.refuse("sector", N_("There is no rule of this sector and year."))
    elif isinstance(error, NotVerified):
        typed.refuse("filing", N_("This filing is not verified, is of another year or of none of the calendar, or was restated."))
    else:
        named = [no for no in range(typed.rows("rows", least=1)) if typed.text(f"unit-{no}-name") == error.unit]
        if named and error.field in UNIT_FIELDS:
            typed.refused_by_books(f"unit-{named[-1]}-{error.field}", error.reason)


def form_context(
    request: Asked, session: Session, principal: Principal, holder: str, *, typed: Typed | None, programme: str, year: int | None
) -> dict[str, Any]:  # fmt: skip
    """What the form chooses from and shows: what was typed, or the statement of a year that is stated anew."""
    language = language_of(request)
    every = [one for name in programmes() for one in rules_of(name)]
    benchmarks = {one.kind: f"{one.kind} {_name(one, language)}" for it in every for one in it.benchmark}
    found = [one for one in filings(session, principal, holder=holder, limit=10_000) if one.state.value in VERIFIED]
    wrong = typed.wrong if typed and not asks_more(typed) else {}
    fields = _fields(typed) if typed else _stated(session, principal, holder, programme, year)
    return {
        "programmes": [(one, _name(programme_of(one), language)) for one in programmes()],
        "sectors": _sectors(every, language), "benchmarks": list(benchmarks.items()),
        "cooling": [(one, translate(request, text)) for one, text in COOLING.items()],
        "verified": [(one.id, f"{one.year} · {translate(request, STATES[one.state][1])} · {one.id}") for one in found],
        "typed": fields, "said": [_said(fields, wrong, no) for no in range(int(fields["rows"]))],
        "wrong": wrong,
        "opened": typed is not None or bool(programme or year),
    }  # fmt: skip


def asks_more(typed: Typed) -> bool:
    """Whether the form asks for another row and for nothing else."""
    return "more" in typed.fields


def _unit(typed: Typed, no: int, *, scale: int, alone: bool) -> Unit:
    stem = f"unit-{no}-"
    mass = "verified" if alone and not typed.text(f"{stem}verified") else f"{stem}verified"
    numbers = {name: typed.decimal(stem + name, empty=empty) for name, empty in DECIMALS.items()}
    stated = typed.whole(f"{stem}stated_t", most=MASS_MAX // GRAMS) if typed.text(f"{stem}stated_t") else None
    return Unit(
        name=typed.text(f"{stem}name", needed=True, longest=NAME_MAX), verified_g=typed.whole(mass, scale=scale, most=MASS_MAX),
        benchmark=typed.text(f"{stem}benchmark") or None, cooling=typed.text(f"{stem}cooling") or "water", stated_t=stated,
        balance_source=typed.text(f"{stem}balance_source", longest=SOURCE_MAX), load=numbers["load"] or None,
        output=numbers["output"] or None, balance=numbers["balance"] or None,
        **{name: numbers[name] for name in ("power", "heat", "heat_ratio", "load_correction")},
    )  # fmt: skip


def _said(fields: Mapping[str, str], wrong: Mapping[str, str], no: int) -> list[str]:
    """Which fields of a unit say something or are wrong, without the name of the unit's row: what holds them is open."""
    named = [*(name for name in row_fields(fields, no) if fields[name].strip()), *row_fields(wrong, no)]
    return [name.removeprefix(f"unit-{no}-") for name in named]


def _fields(typed: Typed) -> dict[str, str]:
    return dict(typed.fields) | {"rows": str(typed.rows("rows", least=1) + int(asks_more(typed)))}


def _stated(session: Session, principal: Principal, holder: str, programme: str, year: int | None) -> dict[str, str]:
    """The form for a year of a programme, with what its last statement said."""
    fields = {"programme": programme or programmes()[0], "year": str(year or ""), "mass": "t", "rows": "1"}
    kept = kept_statements(session, principal, holder=holder, programme_id=programme, year=year) if programme and year else []
    if kept:
        last = kept[-1].statement
        fields |= {"sector": last.sector, "filing": last.filing, "verified": str(last.verified_g), "mass": "g"}
        fields |= {f"unit-{no}-name": one.unit for no, one in enumerate(last.allotments)} | {"rows": str(max(1, len(last.allotments)))}
    return fields


def _sectors(every: Sequence[Rule], language: Language) -> list[tuple[str, str]]:
    """Each sector with the years for which there is a rule."""
    found: dict[str, list[Rule]] = {}
    for one in every:
        found.setdefault(one.sector, []).append(one)
    return [
        (sector, f"{_name(of[0], language)} {min(one.from_year for one in of)}\u2013{max(one.to_year for one in of)}")
        for sector, of in found.items()
    ]


def _name(one: Any, language: Language) -> str:
    return str(one.name_zh if language == "zh" else one.name_en)
