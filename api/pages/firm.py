"""A firm's profile: what it is, what it said of itself and when, its contracts of energy, and the forms to say more."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from api.doors import FILER, READER
from api.export import table_response
from api.pages.firm_form import contract_typed, day_typed, fact_typed
from api.pages.firm_frame import firm_frame
from api.pages.inventory_tables import Table
from api.pages.shell import Asked, page
from api.pages.sign_in import Form, onto
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.work.desk import desk_of
from carbon.enterprise.errors import BadContract, BadFirmFact
from carbon.enterprise.firm import check_industry, facts_on, say, versions
from carbon.enterprise.market import add_contract, contracts
from carbon.enterprise.shares import shares
from carbon.holder import find_holder, holder_names, sites
from carbon.scope import CARRIERS
from ledger.book import Book
from ledger.principal import Principal

KIND_NAMES = {
    "boundary": N_("Boundary"), "base-year": N_("Base year"), "exclusion": N_("Left out"), "control-plan": N_("Data quality control plan"),
    "economy": N_("Economy"),
}  # fmt: skip
APPROACHES = {"operational": N_("operational control"), "financial": N_("financial control"), "equity": N_("equity share")}
TRIGGERS = {"structure": N_("structure"), "method": N_("method"), "error": N_("error")}
BOUGHT = {"direct-line": N_("direct line"), "contract": N_("contract"), "certificate": N_("certificates")}
WHOLE = 1_000_000


@get("/holders/{holder_id:str}/profile", opt=READER, sync_to_thread=True)
def firm_page(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[str]:
    """What a firm is and says of itself."""
    return _page(request, book, principal, holder_id)


@post("/holders/{holder_id:str}/profile/facts", opt=FILER, sync_to_thread=True, status_code=303)
def fact_say(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Say a new version of a fact."""
    try:
        fact, since = fact_typed(data), day_typed(data, "valid_from")
        with book.writing() as session:
            now = desk_of(request, book, principal).now
            say(session, principal, holder=holder_id, fact=fact, valid_from=since, reason=data.get("reason", ""), now=now)
    except BadFirmFact as error:
        return _page(request, book, principal, holder_id, said=said_of(request, error), typed=data, status=problem_of(error).status)
    return onto(request, f"/holders/{holder_id}/profile", N_("Said. What was said before stays in the history."))


@post("/holders/{holder_id:str}/profile/contracts", opt=FILER, sync_to_thread=True, status_code=303)
def contract_add(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Add a contract of energy."""
    try:
        instrument, since, until = contract_typed(data), day_typed(data, "valid_from"), day_typed(data, "valid_until")
        with book.writing() as session:
            now = desk_of(request, book, principal).now
            add_contract(session, principal, holder=holder_id, instrument=instrument, valid_from=since, valid_until=until, now=now)
    except (BadContract, BadFirmFact) as error:
        typed = data | {"form": "contract"}
        return _page(request, book, principal, holder_id, said=said_of(request, error), typed=typed, status=problem_of(error).status)
    return onto(request, f"/holders/{holder_id}/profile", N_("The contract is kept."))


def _page(
    request: Asked, book: Book, principal: Principal, holder_id: str, *, said: str = "", typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:  # fmt: skip
    day = desk_of(request, book, principal).today
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "profile")
        every = versions(session, principal, holder_id)
        held = facts_on(every, day)
        return page(
            request, "firm.html", **frame, status=status, held=held, day=day,
            history=sorted(every, key=lambda one: one.said_at, reverse=True),
            overdue=held.control_plan.overdue(day) if held.control_plan else (), sites=sites(session, principal, holder=holder_id),
            shares=shares(session, principal, holders=[holder_id]).to_dicts(),
            names=holder_names(session, principal),
            contracts=contracts(session, principal, holder=holder_id), kinds=KIND_NAMES, approaches=APPROACHES, triggers=TRIGGERS,
            bought=BOUGHT, carriers=sorted(set(CARRIERS.values())), said=said, typed=typed or {},
            section=_section(frame["holder"].industry),
        )  # fmt: skip


def _section(industry: str | None) -> str:
    """The letter of the section of GB/T 4754 in which an industry lies; empty where there is none."""
    try:
        return check_industry(industry) if industry else ""
    except BadFirmFact:
        return ""


@get("/holders/{holder_id:str}/profile/{file:str}", opt=READER, sync_to_thread=True)
def firm_file(
    request: Asked, holder_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """A table of the profile as CSV, XLSX or JSON: history, instruments, parameters, exclusions, economy, contracts, shares."""
    name = file.rpartition(".")[0]
    with book.reading(principal) as session:
        find_holder(session, principal, holder_id)
        head, rows = firm_table(session, principal, holder_id, name, desk_of(request, book, principal))
    return table_response(file, stem=f"{holder_id}-{name}", head=head, rows=rows)


def firm_table(session: Session, principal: Principal, holder_id: str, name: str, desk: Any) -> Table:
    """A table of the profile by its name. Raises NotFoundException."""
    every = versions(session, principal, holder_id)
    held = facts_on(every, desk.today)
    plan = held.control_plan
    if name == "history":
        head = ["kind", "subject", "version", "valid_from", "reason", "actor", "said_at", "fact"]
        return head, [
            [one.kind, one.subject, one.version, one.valid_from.isoformat(), one.reason, one.actor, one.said_at.isoformat(),
             msgspec.json.encode(one.fact).decode()] for one in every
        ]  # fmt: skip
    if name == "instruments":
        rows: list[list[object]] = [
            [one.id, one.measures, one.accuracy, one.calibration_due.isoformat(), "overdue" if one.calibration_due < desk.today else ""]
            for one in (plan.instruments if plan else ())
        ]
        return ["id", "measures", "accuracy", "calibration_due", "state"], rows
    if name == "parameters":
        rows = [[one.name, one.method, one.frequency, one.instrument, one.fallback] for one in (plan.parameters if plan else ())]
        return ["name", "method", "frequency", "instrument", "fallback"], rows
    if name == "exclusions":
        rows = [[one.source, one.scope, one.category, one.notation, one.share_permille, one.reason] for one in held.exclusions]
        return ["source", "scope", "category", "notation", "share_permille", "reason"], rows
    if name == "economy":
        made = [(one, " · ".join(f"{it.product} {it.quantity} {it.unit}" for it in one.output)) for one in held.economy]
        head = ["year", "value_added_fen", "output", "energy_tce", "energy_kind"]
        return head, [[one.year, one.value_added_fen, output, one.energy_tce, one.energy_kind.value] for one, output in made]
    if name == "contracts":
        head = ["id", "kind", "carrier", "amount", "unit", "site", "factor", "counterparty", "certificates", "valid_from", "valid_until"]
        return head, [
            [one.id, it.kind.value, it.carrier, it.amount, it.unit, it.site, it.factor, it.counterparty, " ".join(it.certificates),
             one.valid_from.isoformat(), one.valid_until.isoformat()]
            for one in contracts(session, principal, holder=holder_id) for it in [one.instrument]
        ]  # fmt: skip
    if name == "shares":
        frame = shares(session, principal, holders=[holder_id])
        return frame.columns, [[str(cell) if not isinstance(cell, int) else cell for cell in row] for row in frame.iter_rows()]
    raise NotFoundException(detail="history, instruments, parameters, exclusions, economy, contracts or shares")
