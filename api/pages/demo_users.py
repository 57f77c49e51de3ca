"""Whom a demo lets everybody play: one user for each office, as the sign-in page shows them."""

from typing import NamedTuple

from api.auth.example import PASSWORD, TOTP, examples
from api.pages.menu import bound
from api.pages.shell import Asked, language_of, translate
from api.pages.words import OFFICES


class DemoUser(NamedTuple):
    """A user to play: its id, its login, its office and the bound of that in the reader's language, and whether a code is asked."""

    id: str
    login: str
    office: str
    where: str
    code: bool


class Demo(NamedTuple):
    """The users, and what they all sign in with."""

    users: list[DemoUser]
    password: str
    totp: str


def demo_of(request: Asked) -> Demo | None:
    """The users of a demo; None where this is none."""
    state = request.app.state
    if not state.demo:
        return None
    language, shown = language_of(request), []
    with state.book.reading() as session:
        for user, told, held in examples(session, state.vault):
            where, _ = bound(state.book, session, language, held)
            office = translate(request, OFFICES[held.office])
            shown.append(DemoUser(user, told["login"], office, where, held.duty.second_factor))
    return Demo(shown, PASSWORD, TOTP)
