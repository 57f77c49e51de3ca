"""Finding by name: holders, lines of activity data by the number of their document, accounts; never more than the principal may see."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from carbon.holder import Holder, holders, scoped
from carbon.reach import seen_accounts, seen_lines
from carbon.tables import ActivityLineRow, AliasRow, ImportRow
from ledger.principal import Principal
from ledger.tables import AccountRow
from ledger.types import table_of


class Booked(NamedTuple):
    """An entry that a document led to: its number, the document's, the activity, and the file."""

    entry_id: int
    reference: str
    activity: str
    file: str


def _holds(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Whether the column holds the text as it stands, whatever the case of Latin letters; `%` and `_` mean themselves."""
    return sa.func.lower(column).contains(text.lower(), autoescape=True)


def holders_named(session: Session, principal: Principal, text: str, *, limit: int) -> list[Holder]:
    """Holders whose name holds the text, or whose id or credit code it is."""
    alias = table_of(AliasRow).c
    named = sa.and_(alias.kind == "name", _holds(alias.value, text))
    coded = sa.and_(alias.kind == "credit-code", alias.value == text)
    query = sa.select(alias.holder_id).distinct().where(sa.or_(named, coded, alias.holder_id == text))
    query = scoped(query, principal, holder=alias.holder_id).order_by(alias.holder_id).limit(limit)
    found = session.execute(query).scalars()
    return [holder for one in found for holder in holders(session, principal, only=one)]


def entries_of_document(session: Session, principal: Principal, text: str, *, limit: int) -> list[Booked]:
    """Entries whose line names a document that holds the text."""
    line, file = table_of(ActivityLineRow).c, table_of(ImportRow).c
    query = (
        sa.select(line.entry_id, line.reference, line.activity, file.name)
        .join_from(table_of(ActivityLineRow), table_of(ImportRow), file.id == line.import_id)
        .where(line.entry_id.is_not(None), _holds(line.reference, text))
        .order_by(line.entry_id)
        .limit(limit)
    )
    return [Booked(*row) for row in session.execute(seen_lines(query, principal))]


def accounts_named(session: Session, principal: Principal, text: str, *, limit: int) -> list[tuple[str, str]]:
    """Accounts whose name holds the text, with their book, by name."""
    account, seen = table_of(AccountRow).c, seen_accounts(principal)
    query = sa.select(account.name, account.book).distinct().where(_holds(account.name, text)).order_by(account.name).limit(limit)
    if seen is not None:
        query = query.where(account.id.in_(seen))
    return [(name, book) for name, book in session.execute(query)]
