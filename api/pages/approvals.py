"""Four eyes: what was asked, who may decide on it, and the form to decide."""

from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from sqlmodel import Session

from api.auth import vault as person
from api.auth.approval import MATTERS, PAGE, STATES, Approval, Decision, approvals, decide, find_approval, may_decide
from api.auth.errors import AlreadyDecided, AskerGone, BadUser, OwnRights, UserNotFound
from api.auth.office import Office
from api.auth.releasing import RELEASE, FaultyPack
from api.auth.reopening import REOPEN, ask_reopening
from api.auth.rights import GIVE, TAKE
from api.auth.signing import SIGN
from api.bounds import office_of
from api.doors import ASKER, DECIDER
from api.export import table_response
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import Form, now, onto
from api.pages.users import bound_words, office_words, said_of
from api.pages.verification import OPINIONS
from api.problems import N_, problem_of
from carbon.enterprise.errors import FilingChanged, NotAccredited, PreparerVerifies, StateRefused
from carbon.enterprise.filing.said import Opinion
from ledger.book import Book
from ledger.errors import PeriodMisruled

HEAD = [
    "request", "action", "asked", "reason", "asked_by", "asked_by_name", "asked_at", "decision", "decided_by", "decided_by_name",
    "decided_at",
]  # fmt: skip
WHOLE = 100_000
UNSIGNED = (FilingChanged, StateRefused, NotAccredited, PreparerVerifies)
"""Why a second verifier cannot sign."""
MATTER_NAMES = {
    GIVE: N_("Give the office {office} within {where} to {user}"),
    TAKE: N_("Take the office {office} within {where} from {user}"),
    REOPEN: N_("Open {month} again for {accounts}"),
    RELEASE: N_("Release the factor pack {pack}: {title}"),
    SIGN: N_("Sign the verification of {firm} {year}: {opinion}"),
}


@get("/approvals", opt=ASKER, sync_to_thread=True)
def approval_list(request: Asked, book: NamedDependency[Book], show: FromQuery[str] = "open", before: FromQuery[str] = "") -> Response[str]:
    """What was asked and concerns the office, the open first."""
    return _list(request, book, show=show if show in STATES else "open", before=before)


@get("/approvals/list/{file:str}", opt=ASKER, sync_to_thread=True)
def approval_list_file(
    request: Asked, file: FromPath[str], book: NamedDependency[Book], show: FromQuery[str] = "open"
) -> Response[bytes]:  # fmt: skip
    """What the list shows, all pages of it, as CSV or JSON."""
    who, state = office_of(request), STATES.get(show, STATES["open"])
    with book.reading() as session:
        rows = [_row(request, session, one) for one in approvals(session, who, is_open=state, limit=WHOLE)]
    return table_response(file, stem="approvals", head=HEAD, rows=rows)


@get("/approvals/{number:str}/{file:str}", opt=ASKER, sync_to_thread=True)
def approval_file(request: Asked, number: FromPath[str], file: FromPath[str], book: NamedDependency[Book]) -> Response[bytes]:
    """One request as CSV or JSON."""
    with book.reading() as session:
        row = _row(request, session, find_approval(session, office_of(request), number))
    return table_response(file, stem=f"approval-{number}", head=HEAD, rows=[row])


def _row(request: Asked, session: Session, one: Approval) -> list[object]:
    """A request as it is exported."""
    decided = [one.decision, one.decided_by, _name(request, session, one.decided_by or ""), one.decided_at and one.decided_at.isoformat()]
    asked = [one.asked_by, _name(request, session, one.asked_by), one.asked_at.isoformat()]
    return [one.id, one.action, told(request, session, one), one.content.get("reason"), *asked, *decided]


@post("/approvals/reopenings", opt=ASKER, sync_to_thread=True, status_code=303)
def reopening_ask(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Ask that a closed month be opened again."""
    try:
        with book.writing() as session:
            number = ask_reopening(
                session, office_of(request), data.get("month", ""), scope=data.get("scope", "").strip(), reason=data.get("reason", ""),
                now=now(),
            )  # fmt: skip
    except (BadUser, PeriodMisruled, UserNotFound) as error:
        return _list(request, book, said=said_of(request, error), typed=data, status=problem_of(error).status)
    return onto(request, f"/approvals/{number}", N_("Asked. A second person decides."))


@get("/approvals/{number:str}", opt=ASKER, sync_to_thread=True)
def approval_page(request: Asked, number: FromPath[str], book: NamedDependency[Book]) -> Response[str]:
    """One request, and the form to decide for who may."""
    return _page(request, book, number)


@post("/approvals/{number:str}/decision", opt=DECIDER, sync_to_thread=True, status_code=303)
def approval_decide(request: Asked, number: FromPath[str], data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Grant or refuse, once; what is granted is carried out in the same transaction."""
    today = now().astimezone(request.app.state.timezone).date()
    try:
        if data.get("decision") not in set(Decision):
            raise BadUser(field="decision", reason=f"one of {', '.join(Decision)}")
        with book.writing() as session:
            done = decide(session, office_of(request), number, Decision(data["decision"]), now=now(), today=today)
    except (AlreadyDecided, AskerGone, OwnRights, BadUser, PeriodMisruled, FaultyPack, *UNSIGNED) as error:
        return _page(request, book, number, said=said_of(request, error), status=problem_of(error).status)
    granted = done.decision == Decision.GRANTED
    return onto(request, f"/approvals/{number}", N_("Granted, and carried out.") if granted else N_("Refused. Nothing was changed."))


def _list(
    request: Asked, book: Book, *, show: str = "open", before: str = "", said: str = "", typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:  # fmt: skip
    who = office_of(request)
    with book.reading() as session:
        found = approvals(session, who, before=before, is_open=STATES[show], limit=PAGE + 1)
        shown = [(one, told(request, session, one), _name(request, session, one.asked_by)) for one in found[:PAGE]]
        return page(
            request, "approvals.html", session=session, here="approvals", status=status, shown=shown, show=show, states=list(STATES),
            before=before, more=found[PAGE - 1].id if len(found) > PAGE else None, said=said, typed=typed or {},
            may_ask=who.office in MATTERS[REOPEN].asked_by, own_scope=f"holder/{who.holder}/" if who.holder else "",
        )  # fmt: skip


def _page(request: Asked, book: Book, number: str, *, said: str = "", status: int = 200) -> Response[str]:
    who = office_of(request)
    with book.reading() as session:
        one = find_approval(session, who, number)
        deciders = [office_words(request)(office) for office in sorted(MATTERS[one.action].decided_by)]
        return page(
            request, "approval.html", session=session, here="approvals", status=status, one=one, told=told(request, session, one),
            asker=_name(request, session, one.asked_by), decider=_name(request, session, one.decided_by or ""), deciders=deciders,
            may_decide=may_decide(who, one), own=who.user in {one.asked_by, one.subject}, said=said,
        )  # fmt: skip


def told(request: Asked, session: Session, one: Approval) -> str:
    """What was asked, in a sentence."""
    content = one.content
    if one.action == REOPEN:
        month = f"{content['period'] // 100}-{content['period'] % 100:02d}"
        return translate(request, MATTER_NAMES[REOPEN], month=month, accounts=content["scope"] or translate(request, N_("all accounts")))
    if one.action == RELEASE:
        return translate(request, MATTER_NAMES[RELEASE], pack=content["pack"], title=content[f"title_{language_of(request)}"])
    if one.action == SIGN:
        firm, opinion = bound_words(request, session)(content["holder"]), translate(request, OPINIONS[Opinion(content["opinion"])])
        return translate(request, MATTER_NAMES[SIGN], firm=firm, year=content["year"], opinion=opinion)
    where = bound_words(request, session)(content["holder"] or content["division"] or "platform")
    office = office_words(request)(Office(content["office"]))
    return translate(request, MATTER_NAMES[one.action], office=office, where=where, user=_name(request, session, content["user"]))


def _name(request: Asked, session: Session, user: str) -> str:
    """A person by name, to those whom a request of theirs concerns."""
    return person.called(session, request.app.state.vault, user) if user else user
