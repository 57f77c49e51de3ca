"""Alembic's entry: runs the revisions on the connection that `migrations.upgrade` hands over, then puts the guards in place."""

from alembic import context
from sqlmodel import SQLModel

import ledger.tables  # noqa: F401
from ledger import guard

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
    guard.install(connection, SQLModel.metadata)
