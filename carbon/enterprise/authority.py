"""The authority acts on a firm's books."""

from ledger.errors import NotAllowed
from ledger.principal import Principal, Role


def posting_for(principal: Principal, holder: str, *, action: str) -> Principal:
    """The authority as a writer of this one holder's books. Raises NotAllowed for whoever is not the authority."""
    as_authority(principal, action=action)
    return Principal(principal.actor, Role.WRITER, holders=frozenset({holder}))


def as_authority(principal: Principal, *, action: str) -> None:
    """Let the authority pass, and who holds the machine; its divisions bound what it finds. Raises NotAllowed."""
    if principal.role not in {Role.ADMIN, Role.AUTHORITY}:
        raise NotAllowed(actor=principal.actor, action=f"{action}: the authority does")
