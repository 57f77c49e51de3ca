"""The second wall: on PostgreSQL the database itself shows a reader no row beyond the bounds of whom the transaction reads for.

A table says in its `info["wall"]` which rows a bound by holders leaves (`holders`), which one by divisions does (`divisions`), or whose
own they are (`users`), in SQL. A transaction says for whom it reads in three settings of its own, `ALL` or the bound's words: where it
says nothing, or an empty text, which is what a setting falls back to once a transaction has set it, the reader sees nothing. The writer
sees every row: what it may write is the caller's to ask. The owner, who dumps and migrates, is not bound.

Behind the wall stand whatever names a holder (its names, sites, files, lines, drafts, and what a firm says of itself), and what is one
user's own: offices, sessions, keys, personal data, jobs, webhooks with their outbox, kept answers, records of access. Not behind it stand

- `account` and `balance`. Whose an account is stands in its name alone; a policy that reads it there made the balance of one account a
  quarter dearer for a firm (585 to 718 µs at best, 20,000 accounts), and a regulator's, which asks for sites as well, many times.
- `entry`, `posting`, and what counts by them (`hold`, `lot_place`, `reversal` …). PostgreSQL takes no COPY into a walled table; by way of a
  temporary one a batch of 20,000 entries takes 0.87 s instead of 0.48 s.
- `cell` and `cell_share`, the sums that dashboards read: they name divisions, not holders, and anybody may see those of a province.
- `approval`, which each matter shows to others (`api.auth.approval`), and what is nobody's: factors, divisions, series, the log.

All of these are shown through `carbon.reach` alone, the first wall: accounts hold random ids, no name of a person or firm.
"""

import re
from collections.abc import Iterator

import sqlalchemy as sa

from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal

HOLDERS, DIVISIONS, USER = SETTINGS = "tanzhang.holders", "tanzhang.divisions", "tanzhang.user"
HERE = frozenset({LOCAL_ADMIN.actor, LOCAL_READER.actor})
"""Who reads at the machine of the book: what is one user's own is theirs to see as well."""
ALL, NOTHING = "all", "-"
READING = "SELECT set_config('role', %s, true), set_config('transaction_read_only', 'on', true), " + ", ".join(
    f"set_config('{name}', %s, true)" for name in SETTINGS
)
"""Who reads, that nothing is written, and for whom, in one turn: each turn to the server is a tenth of a request."""

Wanted = dict[str, tuple[str, str, str, str | None, str | None]]
"""Policies of a table by name: whether they widen or narrow, the role, the command, what is seen, what may be written."""


def bounds(principal: Principal | None) -> tuple[str, str, str]:
    """The three settings: without a principal, or without a bound, everything."""
    if principal is None:
        return ALL, ALL, ALL
    mine = None if principal.actor in HERE else frozenset({principal.actor})
    return _words(principal.holders), _words(principal.divisions), _words(mine)


def _words(bound: frozenset[str] | None) -> str:
    return ALL if bound is None else " ".join(sorted(bound - {ALL, ""})) or NOTHING


def listed(column: str, setting: str) -> str:
    """SQL: the setting names the column's value. The settings are read once a statement, not once a row."""
    return f"({column} = ANY ((SELECT string_to_array(NULLIF(current_setting('{setting}', true), ''), ' '))::text[]))"


def by_holder(column: str) -> str:
    """SQL: the reader is not bounded by holders, or to the one that the column names."""
    return f"({unbound(HOLDERS)} OR {listed(column, HOLDERS)})"


def by_division(shown: str) -> str:
    """SQL: the reader is not bounded by divisions, or `shown` holds."""
    return f"({unbound(DIVISIONS)} OR {shown})"


def by_user(column: str) -> str:
    """SQL: the reader is the user whom the column names, or reads for all."""
    return f"({unbound(USER)} OR {listed(column, USER)})"


def unbound(setting: str) -> str:
    """SQL: the setting is said, and says everything."""
    return f"((SELECT current_setting('{setting}', true)) = '{ALL}')"


def walled(table: sa.Table | None) -> bool:
    """Whether rows of the table are behind the wall: PostgreSQL then takes no COPY into it from whoever is bound by it."""
    return table is not None and "wall" in table.info


def policies(table: sa.Table, *, writer: str, reader: str) -> Wanted:
    """The policies that a table has: a row is seen where the first bound that the table says leaves it, and so does each other."""
    shown: Wanted = {
        f"{table.name}_{bound}": ("RESTRICTIVE" if number else "PERMISSIVE", reader, "SELECT", sql, None)
        for number, (bound, sql) in enumerate(table.info["wall"].items())
    }
    return shown | {f"{table.name}_writer": ("PERMISSIVE", writer, "ALL", "true", "true")}


def raise_walls(connection: sa.Connection, metadata: sa.MetaData, *, writer: str, reader: str) -> None:
    """Put the policies in place; safe to repeat."""
    for table in _behind(metadata):
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY")
        for name, (kind, role, command, shown, written) in policies(table, writer=writer, reader=reader).items():
            connection.exec_driver_sql(f"DROP POLICY IF EXISTS {name} ON {table.name}")
            check = f" WITH CHECK ({written})" if written else ""
            connection.exec_driver_sql(f"CREATE POLICY {name} ON {table.name} AS {kind} FOR {command} TO {role} USING ({shown}){check}")


def breaches(connection: sa.Connection, metadata: sa.MetaData, *, writer: str, reader: str) -> Iterator[str]:
    """How the policies that stand differ from those that a table has, in words. What they say is compared without the brackets, casts and
    names that each version of PostgreSQL writes in its own way; a policy holds no "and", so brackets change nothing."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname, c.relrowsecurity, p.policyname, p.permissive, p.roles::text, p.cmd, p.qual, p.with_check FROM pg_class c "
        "LEFT JOIN pg_policies p ON p.schemaname = current_schema() AND p.tablename = c.relname "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY c.relname, p.policyname"
    )
    stand: dict[str, dict[str, tuple[str, ...]]] = {}
    on: dict[str, bool] = {}
    for table, enabled, name, kind, roles, command, shown, written in rows:
        on[table] = enabled
        if name is not None:
            stand.setdefault(table, {})[name] = (kind, roles, command, plain(shown), plain(written))
    for one in _behind(metadata):
        if one.name not in on:
            continue
        if not on[one.name]:
            yield f"row-level security of {one.name} is off"
        found = stand.pop(one.name, {})
        for name, (kind, role, command, shown, written) in policies(one, writer=writer, reader=reader).items():
            if found.pop(name, None) != (kind, f"{{{role}}}", command, plain(shown), plain(written)):
                yield f"policy {name} is missing or was changed"
        yield from (f"policy {name} on {one.name} is not ours" for name in found)
    for table, found in stand.items():
        if table in metadata.tables:
            yield from (f"policy {name} on {table} is not ours" for name in found)


def plain(sql: str | None) -> str:
    """What a policy says, without brackets, casts, aliases and names of tables before columns."""
    text = re.sub(r"::[a-z]+(\[\])?|\bAS \w+|\b\w+\.(?=[a-z_\"]+\b(?!'))|COLLATE \"C\"", "", sql or "")
    return " ".join(re.findall(r"'[^']*'|\w+|[^\s()\w]", text))


def _behind(metadata: sa.MetaData) -> list[sa.Table]:
    return [table for _, table in sorted(metadata.tables.items()) if walled(table)]
