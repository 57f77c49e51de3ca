"""What the database itself refuses: triggers keep rows append-only, grants keep roles apart, the wall (`ledger.wall`) keeps rows back.

`install` is the one place that knows them; every migration ends with it, and `missing` tells an honest schema from a weakened one.
A table is append-only where it says so (`info={"append_only": True}`), and its rows come with the program where it says `shipped`.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import SQLModel

from ledger import wall

OWNER, WRITER, READER = "tanzhang_owner", "tanzhang_writer", "tanzhang_reader"
REFUSAL = "append-only: correct with a reversing entry"
FUNCTION = "refuse_change"
WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
_FUNCTION_BODY = f" BEGIN RAISE EXCEPTION '% is {REFUSAL}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END "


def append_only(metadata: sa.MetaData) -> list[str]:
    """The tables whose rows may never change, by name."""
    return sorted(table.name for table in metadata.tables.values() if table.info.get("append_only"))


def install(connection: sa.Connection, metadata: sa.MetaData = SQLModel.metadata) -> None:
    """Put triggers and grants in place; safe to repeat."""
    if connection.dialect.name == "sqlite":
        for name, sql in sqlite_triggers(metadata).items():
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            connection.exec_driver_sql(sql)
        return
    body = _FUNCTION_BODY.replace("%", "%%")
    connection.exec_driver_sql(f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
    for table in append_only(metadata):
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
        )
        # also under session_replication_role = replica
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change")
    _grant(connection, metadata)
    wall.raise_walls(connection, metadata, writer=WRITER, reader=READER)


def sqlite_triggers(metadata: sa.MetaData) -> dict[str, str]:
    """The triggers by name. An INSERT OR REPLACE deletes without a delete trigger unless the connection asks for it, so inserting over a
    row that stands is refused too; the same row again is let be, which is what INSERT OR IGNORE is for. Where rows are written with their
    entry, whose number is in their key, none is added to an entry that stands, which costs less to see."""
    triggers = {}
    for name in append_only(metadata):
        refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is {REFUSAL}'); END"
        for event in ("update", "delete"):
            triggers[f"{name}_no_{event}"] = f"CREATE TRIGGER {name}_no_{event} BEFORE {event.upper()} ON {name} {refuse}"
        table = metadata.tables[name]
        entry = table.info.get("entry")
        stands = f"NEW.{entry} < (SELECT size FROM head WHERE id = 1)" if entry else " OR ".join(_stands_otherwise(table))
        triggers[f"{name}_no_replace"] = f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} WHEN {stands} {refuse}"
    return triggers


def _stands_otherwise(table: sa.Table) -> Iterator[str]:
    """For each unique key of the table: a row with the new row's key stands, with other content."""
    unique = [[*c.columns] for c in table.constraints if isinstance(c, sa.UniqueConstraint)] + [
        [*i.columns] for i in table.indexes if i.unique
    ]
    # constraints are a set: in an order of their own, or a trigger's text would differ from one process to the next
    keys = [list(table.primary_key.columns), *sorted(unique, key=lambda key: [column.name for column in key])]
    for key in keys:
        names = [column.name for column in key]
        same = " AND ".join(f'"{name}" = NEW."{name}"' for name in names)
        other = " OR ".join(f'"{column.name}" IS NOT NEW."{column.name}"' for column in table.columns if column.name not in names)
        yield f'EXISTS (SELECT 1 FROM "{table.name}" WHERE {same}{f" AND ({other})" if other else " AND 0"})'


def _grant(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """The reader reads; the writer also adds, and changes what is not append-only; neither deletes but where a table allows it."""
    connection.exec_driver_sql("GRANT SELECT ON alembic_version TO PUBLIC")
    for name, table in sorted(metadata.tables.items()):
        connection.exec_driver_sql(f"REVOKE ALL ON {name} FROM PUBLIC, {WRITER}, {READER}")
        rights = [right for right in ("SELECT", *WRITES) if right not in _refused(table)]
        connection.exec_driver_sql(f"GRANT {', '.join(rights)} ON {name} TO {WRITER}")
        connection.exec_driver_sql(f"GRANT SELECT ON {name} TO {READER}")


def _refused(table: sa.Table) -> list[str]:
    """What the writer may not do to a table."""
    if table.info.get("shipped"):
        return list(WRITES)
    refused = {"TRUNCATE"} | ({"UPDATE"} if table.info.get("append_only") else set())
    return [right for right in WRITES if right in refused or (right == "DELETE" and not table.info.get("deletable"))]


def missing(connection: sa.Connection, metadata: sa.MetaData = SQLModel.metadata) -> list[str]:
    """How tables, columns, keys, triggers and rights differ from what the models and `install` say, in words; read from the catalogue."""
    inspector = sa.inspect(connection)
    stand = set(inspector.get_table_names())
    faults: list[str] = []
    for table in metadata.sorted_tables:
        if table.name not in stand:
            faults.append(f"table {table.name} is missing")
        else:
            faults += _table_faults(inspector, table, connection.dialect)
    check = _sqlite_faults if connection.dialect.name == "sqlite" else _postgresql_faults
    return faults + check(connection, metadata)


def _table_faults(inspector: sa.Inspector, table: sa.Table, dialect: sa.Dialect) -> Iterator[str]:
    columns = {column["name"]: column for column in inspector.get_columns(table.name)}
    for column in table.columns:
        stands = columns.pop(column.name, None)
        if stands is None:
            yield f"column {table.name}.{column.name} is missing"
            continue
        kind, wanted = (sa_type.compile(dialect).split(" COLLATE")[0] for sa_type in (stands["type"], column.type))
        if kind != wanted:
            yield f"column {table.name}.{column.name} is {kind}, not {wanted}"
        if bool(stands["nullable"]) != bool(column.nullable):
            yield f"column {table.name}.{column.name} may {'' if stands['nullable'] else 'not '}be empty"
    yield from (f"column {table.name}.{name} is not ours" for name in columns)
    key = inspector.get_pk_constraint(table.name)["constrained_columns"]
    if key != [column.name for column in table.primary_key.columns]:
        yield f"the key of {table.name} is {', '.join(key)}"
    unique = {tuple(row["column_names"]) for row in inspector.get_unique_constraints(table.name)}
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint) and tuple(column.name for column in constraint.columns) not in unique:
            yield f"{table.name} is no longer unique by {', '.join(column.name for column in constraint.columns)}"
    indexes = {row["name"] for row in inspector.get_indexes(table.name)}
    yield from (f"index {index.name} is missing" for index in table.indexes if index.name not in indexes)


def _sqlite_faults(connection: sa.Connection, metadata: sa.MetaData) -> list[str]:
    rows = connection.exec_driver_sql("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    found = {name: (table, sql) for name, table, sql in rows}
    wanted = sqlite_triggers(metadata)
    faults = [f"trigger {name} is missing or was changed" for name, sql in wanted.items() if found.get(name, ("", ""))[1] != sql]
    return faults + [f"trigger {name} is not ours" for name, (table, _) in found.items() if table in metadata.tables and name not in wanted]


def _postgresql_faults(connection: sa.Connection, metadata: sa.MetaData) -> list[str]:
    rows = connection.exec_driver_sql(
        "SELECT t.tgname, c.relname, t.tgenabled, t.tgtype, p.proname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
    )
    found = {(table, name): tuple(rest) for name, table, *rest in rows}
    before_update_delete_truncate = 2 | 8 | 16 | 32  # bits of pg_trigger.tgtype
    good = ("A", before_update_delete_truncate, FUNCTION, _FUNCTION_BODY)
    wanted = {(table, f"{table}_no_change") for table in append_only(metadata)}
    faults = [f"trigger {name} is missing, disabled or was changed" for table, name in sorted(wanted) if found.get((table, name)) != good]
    faults += [f"trigger {name} is not ours" for table, name in sorted(found.keys() - wanted) if table in metadata.tables]
    for name, table in sorted(metadata.tables.items()):
        for role, rights in ((WRITER, _refused(table)), (READER, WRITES)):
            if connection.exec_driver_sql("SELECT has_table_privilege(%s, %s, %s)", (role, name, ", ".join(rights))).scalar_one():
                faults.append(f"{role} may do more to {name} than it should ({', '.join(rights)})")
    return faults + list(wall.breaches(connection, metadata, writer=WRITER, reader=READER))
