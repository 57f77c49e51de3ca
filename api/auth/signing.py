"""The verifier's conclusion is signed by two: one verifier asks with opinion and text, another decides, and the filing is verified.

What they sign is the filing as it was when the first of them asked, by its tag: where anything happened to it since, the second cannot
grant, refuses, and it is asked anew. Neither is a preparer of it, and both are accredited on the day (`carbon.enterprise.filing`).
"""

from datetime import date, datetime

from sqlmodel import Session

from api.auth.approval import Approval, Content, Matter, Second, about, ask, register
from api.auth.errors import BadUser
from api.auth.office import Office
from api.auth.user import Binding
from api.work.outbox import publish
from carbon.enterprise.errors import FilingChanged, PreparerVerifies, StateRefused
from carbon.enterprise.filing.filing import filing
from carbon.enterprise.filing.said import Kind, Opinion
from carbon.enterprise.filing.state import State
from carbon.enterprise.filing.verification import sign
from carbon.enterprise.filing.verifier import check_accredited
from carbon.errors import HolderNotFound
from carbon.holder import find_holder

SIGN = "sign-filing"
TEXT_MAX = 2_000


def ask_signature(
    session: Session, who: Binding, id: str, *, opinion: Opinion, text: str, if_match: str, now: datetime, today: date,  # noqa: A002
) -> str:  # fmt: skip
    """Sign as the first; the number of the request that a second verifier decides on.

    Raises FilingNotFound, FilingChanged, StateRefused where it is not verified now, findings are open or somebody signed it so already,
    PreparerVerifies, NotAccredited, BadUser.
    """
    if len(text) > TEXT_MAX:
        raise BadUser(field="text", reason=f"at most {TEXT_MAX} signs")
    principal = who.principal()
    found = filing(session, principal, id)
    if found.tag != if_match:
        raise FilingChanged(id)
    if found.state is not State.VERIFYING or found.stand.open_findings:
        open_ = ", ".join(f"F-{one.no:02d}" for one in found.stand.open_findings)
        raise StateRefused(
            kind=Kind.SIGNED, state=found.state, reason=f"findings are open: {open_}" if open_ else "it is not being verified"
        )
    if opinion is Opinion.UNQUALIFIED and found.stand.is_material:
        reason = (
            f"{found.stand.misstatement_g} g are still off, {found.stand.threshold_g} g are material: the opinion cannot be unqualified"
        )
        raise StateRefused(kind=Kind.SIGNED, state=found.state, reason=reason)
    if who.user in found.stand.preparers:
        raise PreparerVerifies(actor=who.user, kind=Kind.SIGNED)
    check_accredited(session, who.user, industry=find_holder(session, principal, found.holder).industry, day=today)
    if asked_for(session, id, found.tag) is not None:
        raise StateRefused(kind=Kind.SIGNED, state=found.state, reason="one verifier signed it already: another decides on that request")
    content = {
        "filing": id, "holder": found.holder, "year": found.year, "tag": found.tag, "version": found.version, "sha256": found.stand.sha256,
        "opinion": opinion.value, "text": text.strip(),
    }  # fmt: skip
    return ask(session, who, SIGN, subject=id, content=content, now=now)


def asked_for(session: Session, id: str, tag: str) -> Approval | None:  # noqa: A002
    """The open request to sign the filing as it stands."""
    asked = (one for one in about(session, id) if one.action == SIGN and one.decided_at is None)
    return next((one for one in asked if one.content["tag"] == tag), None)


def _concerns(session: Session, who: Binding, content: Content) -> bool:
    """Whoever the firm's books are open to."""
    try:
        find_holder(session, who.principal(), content["holder"])
    except HolderNotFound:
        return False
    return True


def _sign(session: Session, asked: Approval, asker: Binding, second: Second) -> None:
    """Both have signed. Raises FilingChanged, StateRefused, PreparerVerifies, NotAccredited."""
    content = asked.content
    made = sign(
        session, asker.principal(), content["filing"], opinion=Opinion(content["opinion"]), second=second.binding.user,
        if_match=content["tag"], now=second.now, today=second.today, text=content["text"],
    )  # fmt: skip
    told = {"filing": made.id, "year": made.year, "state": made.state.value}
    publish(session, "filing.signed", told, holder=made.holder, now=second.now)


register(
    Matter(
        SIGN, asked_by=frozenset({Office.VERIFIER}), decided_by=frozenset({Office.VERIFIER}), concerns=_concerns, carry_out=_sign,
    )
)  # fmt: skip
