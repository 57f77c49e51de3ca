"""One after the other: whoever reads what a holder or a plant has and writes what follows from it does so alone."""

import sqlalchemy as sa
from sqlmodel import Session


def take_turn(session: Session, name: str) -> None:
    """Wait until no other transaction has taken the turn of that name, and keep it to the end of this one.

    A writing transaction on SQLite is alone anyhow. Take a turn before anything is posted: the journal's own lock comes after it.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
