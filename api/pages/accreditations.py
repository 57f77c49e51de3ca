"""Who may verify: the accreditations that were granted, and the authority's forms to grant one and to withdraw it."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from api.auth.errors import UserNotFound
from api.auth.office import Action, Office
from api.auth.tables import BindingRow
from api.auth.user import find_user
from api.doors import AUTHORITY, READER
from api.export import table_response
from api.pages.filing_view import may, namer
from api.pages.shell import Asked, page
from api.pages.sign_in import Form, onto
from api.pages.typed import Typed
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.work.desk import desk_of
from carbon import reach
from carbon.enterprise.errors import BadAccreditation
from carbon.enterprise.filing.verifier import Accreditation, accreditations, grant
from ledger.book import Book
from ledger.errors import NotAllowed
from ledger.principal import Principal
from ledger.types import table_of

HEAD = ["verifier", "number", "body", "industries", "valid_from", "valid_until", "state", "given_by", "given_at"]
STATES = {
    "valid": ("good", N_("valid")), "to-come": ("none", N_("not yet begun")), "over": ("bad", N_("over")),
    "withdrawn": ("bad", N_("withdrawn")), "replaced": ("none", N_("replaced")),
}  # fmt: skip
REFUSED = {
    "number": N_("This number is another verifier's, or says something from that day already."),
    "industries": N_("These are no beginnings of GB/T 4754 codes such as C30 or D44."),
}  # fmt: skip
"""What is said beside a field where the books refuse it."""
NUMBER_MAX, BODY_MAX = 100, 200


@get("/accreditations", opt=READER, sync_to_thread=True)
def accreditation_list(request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal]) -> Response[str]:
    """Every accreditation, those that hold first."""
    return _page(request, book, principal)


@get("/accreditations/{file:str}", opt=READER, sync_to_thread=True)
def accreditation_file(
    request: Asked, file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """Every accreditation as CSV, XLSX or JSON."""
    today = desk_of(request, book, principal).today
    with book.reading() as session:
        told = with_states(accreditations(session), today)
    rows: list[list[object]] = [
        [one.actor, one.number, one.body, " ".join(one.industries), one.valid_from.isoformat(), one.valid_until.isoformat(), state,
         one.given_by, one.given_at.isoformat()]
        for one, state in told
    ]  # fmt: skip
    return table_response(file, stem="accreditations", head=HEAD, rows=rows)


@post("/accreditations", opt=AUTHORITY, sync_to_thread=True, status_code=303)
def accreditation_grant(
    request: Asked, data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Accredit a verifier."""
    typed = Typed(request, data)
    said = _said(typed, book)
    if typed.wrong:
        return _page(request, book, principal, typed=typed, status=422)
    return _given(request, book, principal, typed, said, N_("Accredited. It counts from its first day on."))


@post("/accreditations/withdrawals", opt=AUTHORITY, sync_to_thread=True, status_code=303)
def accreditation_withdraw(
    request: Asked, data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Withdraw an accreditation from a day on: the same number again, which ends before it begins."""
    typed = Typed(request, data)
    number, day = typed.text("withdrawn"), typed.day("from")
    with book.reading() as session:
        stand = [one for one in accreditations(session) if one.number == number]  # which is one verifier's
    if not stand:
        typed.refuse("withdrawn", N_("There is no such accreditation."))
    if typed.wrong:
        return _page(request, book, principal, typed=typed, status=422)
    said = {"actor": stand[-1].actor, "number": number, "body": stand[-1].body, "industries": stand[-1].industries, "valid_from": day}
    return _given(request, book, principal, typed, said | {"valid_until": day - timedelta(days=1)}, N_("Withdrawn from that day on."))


def with_states(granted: Sequence[Accreditation], today: date) -> list[tuple[Accreditation, str]]:
    """Each with how it stands today: of one number its latest that has begun counts, and one that ends before it begins withdraws it."""
    latest: dict[tuple[str, str], Accreditation] = {}
    for one in sorted(granted, key=lambda one: one.valid_from):
        if one.valid_from <= today:
            latest[one.actor, one.number] = one
    order = list(STATES)
    told = [(one, _state(one, latest.get((one.actor, one.number)), today)) for one in granted]
    return sorted(told, key=lambda pair: (order.index(pair[1]), pair[0].actor, pair[0].number, pair[0].valid_from))


def _state(one: Accreditation, counts: Accreditation | None, today: date) -> str:
    if one.valid_from > today:
        return "to-come"
    if counts is not one:
        return "replaced"
    return "withdrawn" if one.valid_until < one.valid_from else "over" if one.valid_until < today else "valid"


def _withdrawable(told: Sequence[tuple[Accreditation, str]], name: Callable[[str], str]) -> list[tuple[str, str]]:
    """The numbers that hold or will hold, each with whose it is."""
    return list({one.number: f"{one.number} · {name(one.actor)}" for one, state in told if state in {"valid", "to-come"}}.items())


def verifiers(session: Session, principal: Principal) -> list[str]:
    """The users who hold the office of a verifier of a firm that the principal may see."""
    held = table_of(BindingRow).c
    query = sa.select(held.user_id).distinct().where(held.office == Office.VERIFIER.value, held.ended_at.is_(None)).order_by(held.user_id)
    return list(session.execute(reach.scoped(query, principal, holder=held.holder_id)).scalars())


def _said(typed: Typed, book: Book) -> dict[str, Any]:
    """What the form says, for `grant`."""
    said: dict[str, Any] = {
        "actor": typed.text("actor", needed=True), "number": typed.text("number", needed=True, longest=NUMBER_MAX),
        "body": typed.text("body", needed=True, longest=BODY_MAX),
        "industries": tuple(typed.text("industries").replace(",", " ").replace("，", " ").split()),
        "valid_from": typed.day("valid_from"), "valid_until": typed.day("valid_until"),
    }  # fmt: skip
    if said["valid_until"] < said["valid_from"]:
        typed.refuse("valid_until", N_("The last day lies before the first."))
    if said["actor"]:
        try:
            with book.reading() as session:
                find_user(session, said["actor"])
        except UserNotFound:
            typed.refuse("actor", N_("No user has this number."))
    return said


def _given(
    request: Asked, book: Book, principal: Principal, typed: Typed, said: dict[str, Any], message: str
) -> Response[Any]:  # fmt: skip
    try:
        with book.writing() as session:
            grant(session, principal, now=desk_of(request, book, principal).now, **said)
    except BadAccreditation as error:
        if error.field in REFUSED:
            typed.refuse("from" if "from" in typed.fields else error.field, REFUSED[error.field])
        return _page(request, book, principal, typed=typed, error=error, status=problem_of(error).status)
    except NotAllowed as error:
        typed.refuse("actor", N_("Nobody accredits themselves."))
        return _page(request, book, principal, typed=typed, error=error, status=problem_of(error).status)
    return onto(request, "/accreditations", message)


def _page(
    request: Asked, book: Book, principal: Principal, *, typed: Typed | None = None, error: Exception | None = None, status: int = 200
) -> Response[str]:  # fmt: skip
    today, grants = desk_of(request, book, principal).today, may(request, Action.ACCEPT)
    with book.reading() as session:
        told, known = with_states(accreditations(session), today), verifiers(session, principal) if grants else []
        name = namer(request, session)
        return page(
            request, "accreditations.html", session=session, here="filings", status=status, told=told, states=STATES, today=today,
            grants=grants, withdrawable=_withdrawable(told, name) if grants else [], verifiers=known,
            names={one: name(one) for one in {*known, *(it.actor for it, _ in told)}} if grants else {},
            typed=dict(typed.fields) if typed else {"valid_from": today.isoformat()}, wrong=typed.wrong if typed else {},
            said=said_of(request, error) if error and not (typed and typed.wrong) else "",
        )  # fmt: skip
