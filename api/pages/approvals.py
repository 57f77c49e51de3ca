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
from api.auth.reopening import REOPEN, ask_reopening
from api.auth.rights import GIVE, TAKE
from api.bounds import office_of
from api.doors import ASKER, DECIDER
from api.pages.shell import Asked, page, translate
from api.pages.sign_in import Form, now, onto
from api.pages.users import bound_words, office_words, said_of
from api.problems import N_, problem_of
from ledger.book import Book
from ledger.errors import PeriodMisruled

MATTER_NAMES = {
    GIVE: N_("Give the office {office} within {where} to {user}"),
    TAKE: N_("Take the office {office} within {where} from {user}"),
    REOPEN: N_("Open {month} again for {accounts}"),
}


@get("/approvals", opt=ASKER, sync_to_thread=True)
def approval_list(request: Asked, book: NamedDependency[Book], show: FromQuery[str] = "open", before: FromQuery[str] = "") -> Response[str]:
    """What was asked and concerns the office, the open first."""
    return _list(request, book, show=show if show in STATES else "open", before=before)


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
    except (AlreadyDecided, AskerGone, OwnRights, BadUser, PeriodMisruled) as error:
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
    where = bound_words(request, session)(content["holder"] or content["division"] or "platform")
    office = office_words(request)(Office(content["office"]))
    return translate(request, MATTER_NAMES[one.action], office=office, where=where, user=_name(request, session, content["user"]))


def _name(request: Asked, session: Session, user: str) -> str:
    """A person by name, to those whom a request of theirs concerns."""
    return person.called(session, request.app.state.vault, user) if user else user
