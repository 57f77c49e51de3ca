"""The closure of the divisions' tree as a table: which codes a bound by a division holds, without a list of them in each query.

The rows come with the program. A migration fills them, nobody else may write them, and `verify` compares them with the tree.
"""

import sqlalchemy as sa
from sqlmodel import Session

from carbon.region.divisions import DivisionTree, divisions
from carbon.region.tables import DivisionBelowRow
from ledger.retrace import Violation
from ledger.types import table_of

TOGETHER = 2_000


def pairs(tree: DivisionTree) -> list[tuple[str, str]]:
    """Each code with itself and with all that ever lay in it, in order. Codes abroad are not in the tree: each holds itself alone."""
    return sorted((code, below) for code in tree.codes() for below in tree.below(code))


def fill(connection: sa.Connection, tree: DivisionTree) -> None:
    """Write the closure into its empty table, as the owner does."""
    rows = [{"ancestor": ancestor, "division": division} for ancestor, division in pairs(tree)]
    for at in range(0, len(rows), TOGETHER):
        connection.execute(sa.insert(table_of(DivisionBelowRow)), rows[at : at + TOGETHER])


def reach_holds(session: Session) -> list[Violation]:
    """A law: `site_reach` says where sites ever lay, as `site_division` does."""
    wanted = "SELECT d.site_id, d.division, s.holder_id FROM site_division d JOIN site s ON s.id = d.site_id"
    told = "SELECT site_id, division, holder_id FROM site_reach"
    for first, second, reason in (
        (wanted, told, "is missing from site_reach"),
        (told, wanted, "stands in site_reach, but it never lay there"),
    ):
        row = session.execute(sa.text(f"{first} EXCEPT {second} ORDER BY 1, 2 LIMIT 1")).first()
        if row is not None:
            return [Violation("divisions", f"site {row[0]} in {row[1]}", reason)]
    return []


def closure_holds(session: Session) -> list[Violation]:
    """A law: the table says what the tree says. The first pair that is missing or too many is named."""
    row = table_of(DivisionBelowRow).c
    stand = {(ancestor, division) for ancestor, division in session.execute(sa.select(row.ancestor, row.division))}
    wanted = set(pairs(divisions()))
    missing, alien = sorted(wanted - stand), sorted(stand - wanted)
    found = [Violation("divisions", f"{a} over {b}", "it is missing from the closure of divisions") for a, b in missing[:1]]
    return found + [Violation("divisions", f"{a} over {b}", "the tree of divisions knows no such thing") for a, b in alien[:1]]
