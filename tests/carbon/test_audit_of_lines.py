"""What the ledger cannot see, `carbon.audit` does: a cell that its lines do not add up to, a line beside another's entry."""

import pytest
import sqlalchemy as sa

from carbon.audit import verify
from tests.carbon.conftest import Firm
from tests.conftest import owner_engine

POWER = "electricity.grid,100,kWh,2023-07,s01,meter 1"


def attack(firm: Firm, sql: str) -> None:
    with owner_engine(firm.book).begin() as connection:
        if firm.book.dialect == "sqlite":
            for (name,) in connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            for table in ("activity_line", "import_file", "resolution", "account"):
                connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(sa.text(sql))


@pytest.mark.parametrize(
    ("sql", "law"),
    [
        ("UPDATE cell SET amount = amount + 1", "cells"),
        ("UPDATE activity_line SET division = '330106'", "cells"),
        ("UPDATE activity_line SET entry_id = 77", "lines"),
        ("UPDATE activity_line SET \"end\" = '2023-06-30'", "lines"),
        ("DELETE FROM cell", "cells"),
        ("UPDATE activity_line SET quantity = '101'", "lines"),
        ("UPDATE activity_line SET unit = 'MWh'", "lines"),
        ("UPDATE activity_line SET reference = 'another bill'", "lines"),
        ("UPDATE activity_line SET source = 'another meter'", "lines"),
        ("UPDATE activity_line SET start = '2023-06-01'", "lines"),
        ("UPDATE activity_line SET tier = 'measured'", "lines"),
        ("UPDATE activity_line SET details = '[]'", "lines"),
        ("UPDATE import_file SET name = 'another.csv'", "lines"),
        ("UPDATE activity_line SET activity = 'electricity.green'", "lines"),
        ("UPDATE resolution SET content = REPLACE(content, '0.4974', '0.4975')", "resolutions"),
        ("UPDATE account SET name = 'holder/x' WHERE name LIKE 'holder/%'", "cells"),
    ],
)
def test_a_change_behind_the_books_back_is_found(firm: Firm, sql: str, law: str) -> None:
    firm.file(POWER)
    assert verify(firm.book) == []
    attack(firm, sql)
    assert law in {violation.law for violation in verify(firm.book)}
