"""What the database itself refuses: triggers that keep rows append-only, and grants that keep roles apart.

`install` is the one place that knows them; every migration ends with it, and `missing` tells an honest schema from a weakened one.
A table is append-only where it says so (`info={"append_only": True}`).
"""

import sqlalchemy as sa
from sqlmodel import SQLModel

WRITER, READER = "tanzhang_writer", "tanzhang_reader"
REFUSAL = "append-only: correct with a reversing entry"


def append_only(metadata: sa.MetaData) -> list[str]:
    """The tables whose rows may never change, by name."""
    return sorted(table.name for table in metadata.tables.values() if table.info.get("append_only"))


def install(connection: sa.Connection, metadata: sa.MetaData = SQLModel.metadata) -> None:
    """Put triggers and grants in place; safe to repeat."""
    if connection.dialect.name == "sqlite":
        for table in append_only(metadata):
            for event in ("update", "delete"):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{event} BEFORE {event.upper()} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is {REFUSAL}'); END"
                )
        return
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '%% is {REFUSAL}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in append_only(metadata):
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    _grant(connection, metadata)


def _grant(connection: sa.Connection, metadata: sa.MetaData) -> None:
    roles = {row[0] for row in connection.exec_driver_sql("SELECT rolname FROM pg_roles")}
    if not {WRITER, READER} <= roles:
        return
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {READER}, {WRITER}")
    for table in sorted(metadata.tables):
        change = "" if metadata.tables[table].info.get("append_only") else ", UPDATE"
        connection.exec_driver_sql(f"REVOKE ALL ON {table} FROM {WRITER}, {READER}")
        connection.exec_driver_sql(f"GRANT SELECT, INSERT{change} ON {table} TO {WRITER}")
        connection.exec_driver_sql(f"GRANT SELECT ON {table} TO {READER}")
        if metadata.tables[table].info.get("deletable"):
            connection.exec_driver_sql(f"GRANT DELETE ON {table} TO {WRITER}")


def missing(connection: sa.Connection, metadata: sa.MetaData = SQLModel.metadata) -> list[str]:
    """What of tables, columns and triggers is not as `install` and the models left it, in words."""
    faults: list[str] = []
    inspector = sa.inspect(connection)
    stand = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in stand:
            faults.append(f"table {table.name} is missing")
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        faults += [f"column {table.name}.{column.name} is missing" for column in table.columns if column.name not in columns]
    if connection.dialect.name == "sqlite":
        found = dict(tuple(row) for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        for table_name in append_only(metadata):
            for event in ("update", "delete"):
                sql = found.get(f"{table_name}_no_{event}", "")
                if f"BEFORE {event.upper()} ON {table_name} BEGIN SELECT RAISE(ABORT" not in sql:
                    faults.append(f"trigger {table_name}_no_{event} is missing or was changed")
        return faults
    rows = connection.exec_driver_sql(
        "SELECT t.tgname, t.tgenabled, p.proname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
    )
    good = {row[0] for row in rows if row[1] in {"O", "A"} and row[2] == "refuse_change" and "RAISE EXCEPTION" in row[3]}
    wanted = [f"{table}_no_change" for table in append_only(metadata)]
    return faults + [f"trigger {name} is missing, disabled or was changed" for name in wanted if name not in good]
