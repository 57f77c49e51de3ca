"""Verify finds what an intruder changes of claims, statements and tags, and names it; on both engines."""

from datetime import date

import pytest

from carbon.audit import verify
from carbon.enterprise.efficiency.grade import Facts
from carbon.enterprise.efficiency.pack import pack
from carbon.enterprise.efficiency.tag import give
from carbon.enterprise.obligation import claim
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import Firm
from tests.carbon.enterprise.obligation.conftest import NOW, TODAY, Owing
from tests.conftest import owner_engine

TABLES = ("generation_claim", "compliance_statement", "efficiency_tag")


@pytest.fixture
def filled(firm: Firm) -> Owing:
    """A firm with certificates, an obligation partly surrendered, and a tag."""
    owing = Owing(firm)
    owing.owes(100)
    owing.gets("CEA.2024", 60)
    owing.surrenders(allowances=60, day=date(2026, 1, 2))
    facts = Facts(holder=firm.id, industry="C3011", year=2024, energy_g=5, value_added_fen=None, coverage=None, verified=True)
    with firm.book.writing() as session:
        claim.meter(session, owing.own, holder=firm.id, plant="pv-1", month=202407, kwh=2_500, now=NOW)
        claim.certify(session, LOCAL_ADMIN, holder=firm.id, plant="pv-1", month=202407, count=2, now=NOW, day=TODAY)
        give(session, LOCAL_ADMIN, pack("four-colour/2026"), [facts], now=NOW)
    assert verify(firm.book) == []
    return owing


@pytest.mark.parametrize(
    ("sql", "law", "told"),
    [
        ("UPDATE generation_claim SET kwh = 1999 WHERE mechanism = 'generated'", "claims", "2000 kWh are claimed, 1999 were generated"),
        ("UPDATE generation_claim SET kwh = 1000 WHERE mechanism = 'GEC'", "claims", "1000 kWh are not the certificates"),
        ("UPDATE compliance_statement SET content = replace(content, '\"left_t\":40', '\"left_t\":4')", "statements", "it leaves 4 t"),
        ("UPDATE compliance_statement SET content = '{}'", "statements", "it cannot be read"),
        ("UPDATE efficiency_tag SET content = replace(content, 'grey', 'red')", "tags", "makes another of its facts"),
        ("UPDATE efficiency_tag SET year = 2023", "tags", "it is of"),
    ],
)
def test_what_an_intruder_changes_is_found_and_named(filled: Owing, sql: str, law: str, told: str) -> None:
    engine = owner_engine(filled.book)
    with engine.begin() as connection:
        for table in TABLES:
            if filled.book.dialect == "sqlite":
                names = connection.exec_driver_sql(f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'")
                for (name,) in names.all():
                    connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            else:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.exec_driver_sql(sql)
    engine.dispose()
    found = [one for one in verify(filled.book) if one.law != "schema"]
    assert [one.law for one in found] == [law]
    assert told in found[0].reason
