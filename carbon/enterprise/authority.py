"""The authority acts on a firm's books: who is bound to no holder, and is no writer of books, as `filing.party_of` has it."""

from ledger.errors import NotAllowed
from ledger.principal import Principal, Role


def posting_for(principal: Principal, holder: str, *, action: str) -> Principal:
    """The authority as a writer of this one holder's books. Raises NotAllowed for whoever is not the authority."""
    if principal.holders is not None or principal.role is Role.WRITER:
        raise NotAllowed(actor=principal.actor, action=f"{action}: the authority does")
    return Principal(principal.actor, Role.WRITER, holders=frozenset({holder}))
