"""Who acts: every public function that reads or writes the books is told."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a principal may be. A writer posts to its own books; an authority reads those of its area and rules on what is filed."""

    ADMIN = "admin"
    WRITER = "writer"
    AUTHORITY = "authority"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Principal:
    """An actor with a role and a scope.

    `actor` is what the journal records (never a personal name: an account id, or ``local-admin`` on the command line).
    `holders` and `divisions` bound what the actor sees, a division with all that ever lay in it; ``None`` is "no bound", an empty set is
    "nothing". What that means for each row is `carbon.reach`'s to say.
    """

    actor: str
    role: Role
    holders: frozenset[str] | None = None
    divisions: frozenset[str] | None = None


LOCAL_ADMIN = Principal(actor="local-admin", role=Role.ADMIN)
"""The person at the command line of the machine that holds the book."""

LOCAL_READER = Principal(actor="local-reader", role=Role.READER)
"""The person at the loopback address of the machine that holds the book."""
