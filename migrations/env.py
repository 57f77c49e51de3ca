"""Alembic's entry: runs the revisions on the connection that `migrations.upgrade` hands over, then puts the guards in place."""

from alembic import context
from sqlmodel import SQLModel

from ledger import guard
from migrations import models

models()
connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
    if context.get_context().get_current_revision() == context.script.get_current_head():  # guards are those of this version's tables
        guard.install(connection, SQLModel.metadata)
