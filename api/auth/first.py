"""The first administrator: made once, at the machine of the book, while nobody else could make one."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from api.auth.errors import BadUser, UserNotFound
from api.auth.office import Office
from api.auth.password import Kept
from api.auth.user import add_user, bind, bindings, find_by_login, is_empty
from api.auth.vault import Vault
from ledger.principal import LOCAL_ADMIN


def first_administrator(session: Session, vault: Vault, *, login: str, password: Kept, now: datetime) -> str:
    """Open the user; its id. Of two who try at once one succeeds. Raises BadUser where the book has a user already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT size FROM head WHERE id = 1 FOR UPDATE"))
    if not is_empty(session):
        raise BadUser(field="admin", reason="the book has users: further administrators are made with tanzhang user add")
    made = add_user(session, vault, login=login, password=password, now=now)
    bind(session, made, Office.ADMINISTRATOR, by=LOCAL_ADMIN.actor, now=now)
    return made


def stands(session: Session, vault: Vault, login: str) -> bool:
    """Whether the user of that login is an administrator."""
    try:
        user = find_by_login(session, vault, login)
    except UserNotFound:
        return False
    return any(one.office is Office.ADMINISTRATOR for one in bindings(session, user))
