"""In which office somebody acts: what is written for later is written for that office, and read by nobody else."""

from typing import Any

from litestar import Request

from api.auth.errors import Forbidden
from api.auth.gate import who_is
from api.auth.user import Binding


def office_of(request: Request[Any, Any, Any]) -> Binding:
    """The office of who is signed in. Raises SignInNeeded, SecondFactorNeeded, Forbidden for the person at this machine."""
    who = who_is(request)
    if who is None or who.local is not None or who.binding is None:
        raise Forbidden(office="nobody in an office", action="self")
    who.principal()
    return who.binding
