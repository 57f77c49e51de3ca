"""One press of a button in a demo: sign in as the user of an office."""

from typing import Any

from litestar import post
from litestar.di import NamedDependency
from litestar.response import Response

from api.auth.errors import UserNotFound
from api.auth.example import play
from api.auth.office import Action
from api.doors import PUBLIC
from api.pages.shell import Asked
from api.pages.sign_in import Form, now, welcome
from ledger.book import Book


@post("/sign-in/demo", opt=PUBLIC, sync_to_thread=True, status_code=303)
def demo_sign_in(request: Asked, data: Form, book: NamedDependency[Book]) -> Response[Any]:
    """Open a session as an example user of a demo; elsewhere there is no such user."""
    user = data.get("user", "")
    if not request.app.state.demo:
        raise UserNotFound(f"user {user}")
    with book.writing() as session:
        token, held = play(session, user, now=now())
    reads = held is not None and Action.READ in held.duty.actions
    return welcome(request, book, token, data.get("next", "") if reads else "")
