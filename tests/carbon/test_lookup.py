"""What is found by name is the principal's own to see, on each engine; signs of LIKE mean themselves."""

from carbon.holder import add_holder
from carbon.lookup import accounts_named, entries_of_document, holders_named
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from tests.carbon.conftest import HEAD, NOW, Firm

LINE = "electricity.grid,100,kWh,2023-07,s01,meter 1,Bill_07"


def bounded(firm: Firm) -> Principal:
    return Principal("u1", Role.READER, holders=frozenset({firm.id}))


def test_a_holder_is_found_by_a_part_of_its_name_and_by_its_id(firm: Firm) -> None:
    with firm.book.writing() as session:
        other = add_holder(session, LOCAL_ADMIN, name="Other 建材 100%", now=NOW).id
    with firm.book.reading() as session:
        assert {one.id for one in holders_named(session, LOCAL_READER, "建材", limit=9)} == {firm.id, other}
        assert [one.id for one in holders_named(session, LOCAL_READER, "OTHER", limit=9)] == [other], "whatever the case"
        assert [one.id for one in holders_named(session, LOCAL_READER, other, limit=9)] == [other]
        assert [one.id for one in holders_named(session, LOCAL_READER, "%", limit=9)] == [other], "a per cent sign is one"
        assert holders_named(session, LOCAL_READER, "_", limit=9) == []
        assert len(holders_named(session, LOCAL_READER, "建材", limit=1)) == 1
        assert [one.id for one in holders_named(session, bounded(firm), "建材", limit=9)] == [firm.id]
        assert holders_named(session, bounded(firm), other, limit=9) == []


def test_an_entry_is_found_by_its_document_and_only_by_who_may_see_it(firm: Firm) -> None:
    firm.file(LINE, head=f"{HEAD},reference")
    stranger = Principal("u2", Role.READER, holders=frozenset({"hxxxxxxxxx"}))
    with firm.book.reading() as session:
        (found,) = entries_of_document(session, bounded(firm), "bill_0", limit=9)
        assert (found.entry_id, found.reference, found.activity, found.file) == (0, "Bill_07", "electricity.grid", "lines.csv")
        assert entries_of_document(session, stranger, "bill_0", limit=9) == []
        assert entries_of_document(session, LOCAL_READER, "bill%", limit=9) == []


def test_an_account_is_found_by_a_part_of_its_name_within_reach(firm: Firm) -> None:
    firm.file(LINE, head=f"{HEAD},reference")
    with firm.book.reading() as session:
        everyone = [name for name, _ in accounts_named(session, LOCAL_READER, "electricity", limit=9)]
        own = [name for name, _ in accounts_named(session, bounded(firm), "electricity", limit=9)]
    assert own == [f"holder/{firm.id}/s01/scope2-location/electricity"]
    assert set(own) < set(everyone)
