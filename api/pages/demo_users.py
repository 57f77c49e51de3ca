"""Whom a demo lets everybody play: one user for each office, as the sign-in page shows them."""

from typing import NamedTuple

from api.auth.example import PASSWORD, TOTP, examples
from api.pages.shell import Asked, language_of, translate
from api.pages.words import OFFICES
from carbon.holder import holders
from carbon.region.divisions import divisions
from ledger.principal import LOCAL_ADMIN


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
        names = {one.id: one.name for one in holders(session, LOCAL_ADMIN, limit=1000)}
        for user, told, held in examples(session, state.vault):
            place = divisions().ever(held.division or "")
            where = place.name(language) if place else names.get(held.holder or "", "")
            office = translate(request, OFFICES[held.office])
            shown.append(DemoUser(user, told["login"], office, where, held.duty.second_factor))
    return Demo(shown, PASSWORD, TOTP)
