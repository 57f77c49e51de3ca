"""A filing under verification: what was declared, what is found, said and settled, and who signs, accepts and books."""

from collections.abc import Callable
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from api.auth.approval import may_decide
from api.auth.errors import BadUser
from api.auth.gate import who_is
from api.auth.office import Action
from api.auth.signing import ask_signature, asked_for
from api.bounds import office_of
from api.doors import AUTHORITY, FILER, READER, VERIFIER
from api.pages import filing_view as view
from api.pages.filing import number, stepped
from api.pages.filings import EXAMPLE
from api.pages.shell import Asked, page, translate
from api.pages.sign_in import Form
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.work.desk import Desk, desk_of
from carbon.enterprise.filing.filing import history
from carbon.enterprise.filing.finding import Weight
from carbon.enterprise.filing.said import Assurance, Opinion
from carbon.enterprise.filing.state import State
from carbon.holder import find_holder
from ledger.book import Book
from ledger.principal import Principal

WEIGHTS = {
    Weight.MAJOR: ("bad", N_("major")), Weight.MINOR: ("warn", N_("minor")), Weight.OBSERVATION: ("none", N_("observation")),
}  # fmt: skip
ASSURANCES = {Assurance.REASONABLE: N_("reasonable assurance"), Assurance.LIMITED: N_("limited assurance")}
OPINIONS = {
    Opinion.UNQUALIFIED: N_("unqualified"), Opinion.QUALIFIED: N_("qualified"), Opinion.ADVERSE: N_("adverse"),
    Opinion.DISCLAIMED: N_("no opinion is given"),
}  # fmt: skip
BACK = "/verification"


@get("/filings/{filing:str}/verification", opt=READER, sync_to_thread=True)
def verification_page(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[str]:  # fmt: skip
    """What is found, and how far it is."""
    return shown(request, book, principal, filing)


def shown(request: Asked, book: Book, principal: Principal, filing: str, *, error: Exception | None = None) -> Response[str]:
    """The page; `error` is what was refused."""
    found, say = desk_of(request, book, principal).read(filing), lambda text: translate(request, text) if text else ""
    stand, who = found.stand, who_is(request)
    with book.reading(principal) as session:
        holder, name = find_holder(session, principal, found.holder), view.namer(request, session)
        asked = asked_for(session, found.id, found.tag)
        return page(
            request, "verification.html", session=session, here="filings", status=problem_of(error).status if error else 200,
            example=translate(request, EXAMPLE) if holder.example else "", said=said_of(request, error) if error else "", filing=found,
            stand=stand, holder=holder, say=say, name=name,
            names=translate(request, N_(", ")).join(map(name, stand.verifiers)), sums=view.sums(stand),
            steps=view.verifying_steps(stand, say, name),
            light=view.STATES[found.state], weights=WEIGHTS, assurances=ASSURANCES, opinions=OPINIONS, asked=asked, day=view.day,
            decides=bool(asked and who and who.binding and may_decide(who.binding, asked)), tonnes=view.TONNES.text,
            verifies=view.may(request, Action.VERIFY), files=view.may(request, Action.FILE), accepts=view.may(request, Action.ACCEPT),
            is_open=stand.state is State.VERIFYING, touched=len({one.line for one in stand.findings if one.line}),
            events=history(session, principal, found.id), parties=view.PARTIES, kinds=view.KINDS, Kind=view.Kind,
        )  # fmt: skip


def _step(path: str, door: dict[str, Any]) -> Callable[[Callable[..., Any]], Any]:
    return post(f"/filings/{{filing:str}}{path}", opt=door, sync_to_thread=True, status_code=303)


def _go(
    request: Asked, book: Book, principal: Principal, filing: str, act: Callable[[Desk], object], message: str
) -> Response[Any]:  # fmt: skip
    return stepped(request, book, principal, filing, act, message, back=BACK, again=shown)


@_step("/take-up", VERIFIER)
def verification_begin(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Begin to verify."""
    assurance = Assurance(data["assurance"]) if data.get("assurance") in set(Assurance) else Assurance.REASONABLE
    permille = number(data.get("permille", "")) or 0
    act = lambda desk: desk.take_up(filing, assurance=assurance, materiality_permille=permille, if_match=data.get("tag", ""))  # noqa: E731
    return _go(request, book, principal, filing, act, N_("Verification has begun."))


@_step("/findings", VERIFIER)
def finding_add(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Hold something against it."""
    weight = Weight(data["weight"]) if data.get("weight") in set(Weight) else Weight.MINOR
    said: dict[str, Any] = {name: data.get(name, "").strip() for name in ("text", "field", "value")}
    act = lambda desk: desk.find(  # noqa: E731
        filing, weight=weight, line=number(data.get("line", "")), conservative="conservative" in data, if_match=data.get("tag", ""), **said
    )
    return _go(request, book, principal, filing, act, N_("The finding stands; the firm answers it."))


def _word(request: Asked, book: Book, principal: Principal, filing: str, no: int, data: dict[str, str]) -> Response[Any]:
    documents = tuple(one for one in data.get("documents", "").replace(",", " ").split())
    act = lambda desk: desk.reply(  # noqa: E731
        filing, finding=no, text=data.get("text", ""), documents=documents, if_match=data.get("tag", "")
    )
    return _go(request, book, principal, filing, act, N_("Said."))


@_step("/findings/{no:int}/reply", FILER)
def finding_reply(
    request: Asked, filing: FromPath[str], no: FromPath[int], data: Form, book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Response[Any]:  # fmt: skip
    """The firm's word on a finding."""
    return _word(request, book, principal, filing, no, data)


@_step("/findings/{no:int}/word", VERIFIER)
def finding_word(
    request: Asked, filing: FromPath[str], no: FromPath[int], data: Form, book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Response[Any]:  # fmt: skip
    """The verifier's word on a finding."""
    return _word(request, book, principal, filing, no, data)


@_step("/findings/{no:int}/close", VERIFIER)
def finding_close(
    request: Asked, filing: FromPath[str], no: FromPath[int], data: Form, book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Response[Any]:  # fmt: skip
    """Settle a finding."""
    said = {name: data.get(name, "").strip() for name in ("text", "value")}
    act = lambda desk: desk.close(filing, finding=no, if_match=data.get("tag", ""), **said)  # noqa: E731
    return _go(request, book, principal, filing, act, N_("Closed."))


@_step("/sign", VERIFIER)
def verification_sign(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Sign as the first of two."""

    def act(desk: Desk) -> None:
        if data.get("opinion") not in set(Opinion):
            raise BadUser(field="opinion", reason=f"one of {', '.join(Opinion)}")
        opinion, tag = Opinion(data["opinion"]), data.get("tag", "")
        with desk.book.writing() as session:
            ask_signature(
                session,
                office_of(request),
                filing,
                opinion=opinion,
                text=data.get("text", ""),
                if_match=tag,
                now=desk.now,
                today=desk.today,
            )

    return _go(request, book, principal, filing, act, N_("Signed by you. A second verifier decides."))


@_step("/send-back", VERIFIER)
def verification_send_back(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """The verifier gives it back."""
    act = lambda desk: desk.reject(filing, reason=data.get("reason", ""), if_match=data.get("tag", ""))  # noqa: E731
    return _go(request, book, principal, filing, act, N_("Given back to the firm."))


@_step("/reject", AUTHORITY)
def authority_reject(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """The authority gives it back."""
    act = lambda desk: desk.reject(filing, reason=data.get("reason", ""), if_match=data.get("tag", ""))  # noqa: E731
    return _go(request, book, principal, filing, act, N_("Given back to the firm."))


@_step("/accept", AUTHORITY)
def authority_accept(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """The authority takes it."""
    act = lambda desk: desk.accept(filing, if_match=data.get("tag", ""))  # noqa: E731
    return _go(request, book, principal, filing, act, N_("Accepted. It can be booked now."))


@_step("/book", AUTHORITY)
def authority_book(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Book it."""
    return _go(request, book, principal, filing, lambda desk: desk.record(filing), N_("Booked. The year is closed for this firm."))
