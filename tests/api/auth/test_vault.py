"""What is known of persons is sealed, each under a key of their own that lies outside the database; destroying it leaves nothing to open."""

import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.auth import vault as person
from api.auth.errors import UserNotFound, WrongCredentials
from api.auth.forget import forget_user
from api.auth.keyring import SEALED_BYTES, SLOT_BYTES, Keyring
from api.auth.office import Office
from api.auth.password import hashed
from api.auth.session import sign_in, signed
from api.auth.tables import PersonKeyRow, PersonRow, UserRow
from api.auth.user import add_user, bindings
from api.auth.vault import Vault, WrongVault, unseal
from carbon.identifier import BadIdentifier
from ledger.book import Book
from ledger.types import table_of
from tests.api.auth.town import PASSWORD, build, now

FIELDS = {"name": "王小明", "phone": "13800138000", "mail": "wang@example.com", "identity": "11010519491231002X"}


@pytest.fixture
def vault(book: Book) -> Vault:
    return Vault.at(book.home)


def someone(book: Book, vault: Vault, **more: str) -> str:
    with book.writing() as session:
        return add_user(session, vault, fields=FIELDS | more, now=now())


def known(book: Book, vault: Vault, user: str) -> dict[str, str]:
    with book.reading() as session:
        return person.known(session, vault, user)


def test_what_is_kept_of_a_person_is_read_again_and_changed_field_by_field(book: Book, vault: Vault) -> None:
    user = someone(book, vault)
    assert known(book, vault, user) == FIELDS
    with book.writing() as session:
        person.keep(session, vault, user, {"phone": "13900139000", "mail": ""}, today=now().date())
    assert known(book, vault, user) == {"name": FIELDS["name"], "phone": "13900139000", "identity": FIELDS["identity"]}


@pytest.mark.parametrize("wrong", ["110105194912310021", "11010519491331002X", "1101051949123100", "99010519491231002X"])
def test_an_identity_number_that_cannot_be_is_not_sealed_and_not_repeated(book: Book, vault: Vault, wrong: str) -> None:
    user = someone(book, vault)
    with pytest.raises(BadIdentifier) as refused, book.writing() as session:
        person.keep(session, vault, user, {"identity": wrong}, today=now().date())
    assert wrong not in str(refused.value)
    assert known(book, vault, user) == FIELDS


def test_the_keys_lie_beside_the_database_and_are_read_by_their_owner_alone(book: Book, vault: Vault) -> None:
    user = someone(book, vault)
    file = book.home / "secrets" / "persons.keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == SLOT_BYTES
    key = file.read_bytes()[:SEALED_BYTES]
    with book.reading() as session:
        held = [bytes(row.sealed) for row in session.execute(sa.select(table_of(PersonRow)).where(table_of(PersonRow).c.user_id == user))]
    assert all(key not in one for one in held)
    assert AESGCM(vault.unseal(key, about=user))


def test_nothing_sealed_can_be_put_elsewhere(book: Book, vault: Vault) -> None:
    one, two = someone(book, vault), someone(book, vault, name="李四")
    row, key = table_of(PersonRow), table_of(PersonKeyRow)
    with book.writing() as session:  # the one's name as the other's
        sealed = session.execute(sa.select(row.c.sealed).where(row.c.user_id == one, row.c.field == "name")).scalar_one()
        session.execute(sa.update(row).where(row.c.user_id == two, row.c.field == "name").values(sealed=sealed))
    with pytest.raises(InvalidTag):
        known(book, vault, two)
    with book.writing() as session:  # and the one's key as the other's
        slot = session.execute(sa.select(key.c.slot).where(key.c.user_id == one)).scalar_one()
        session.execute(sa.update(key).where(key.c.user_id == two).values(slot=slot))
    with pytest.raises(WrongVault, match="put back"):
        known(book, vault, two)
    with book.writing() as session:
        person.forget(session, vault, two)
    assert known(book, vault, one) == FIELDS, "who was pointed to another's key takes nothing from that other"


def test_a_forgotten_person_cannot_be_opened_with_the_vaults_key(book: Book, vault: Vault) -> None:
    user, other = someone(book, vault), someone(book, vault)
    row = table_of(PersonRow).c
    with book.reading() as session:
        kept = session.execute(sa.select(row.field, row.sealed).where(row.user_id == user)).all()
        slot = session.execute(sa.select(table_of(PersonKeyRow).c.slot).where(table_of(PersonKeyRow).c.user_id == user)).scalar_one()
    with book.writing() as session:
        person.forget(session, vault, user)
    assert known(book, vault, user) == {}
    assert known(book, vault, other) == FIELDS
    data = (book.home / "secrets" / "persons.keys").read_bytes()
    assert not any(data[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES])
    left = [data[at : at + SEALED_BYTES] for at in range(0, len(data), SLOT_BYTES)]
    for field, sealed in kept:
        for key in left:
            for about in (user, other):
                with pytest.raises(InvalidTag):
                    unseal(AESGCM(vault.unseal(key, about=about)), bytes(sealed), about=f"{user}/{field}")


def forget_and_fail(book: Book, vault: Vault, user: str) -> None:
    with book.writing() as session:
        forget_user(session, vault, user, by="test", now=now())
        _ = 1 / 0


def test_forgetting_holds_though_the_transaction_is_rolled_back_and_is_done_again_without_harm(book: Book, vault: Vault) -> None:
    user = someone(book, vault)
    with pytest.raises(ZeroDivisionError):
        forget_and_fail(book, vault, user)
    with pytest.raises(WrongVault):
        known(book, vault, user)
    for _ in range(2):
        with book.writing() as session:
            forget_user(session, vault, user, by="test", now=now())
    assert known(book, vault, user) == {}


def test_a_forgotten_user_has_no_way_in_and_stays_a_random_id(book: Book) -> None:
    town = build(book)
    regulator = town.person(Office.REGULATOR, enrolled=True)
    kept = sign_in(book, town.vault, login=regulator.login, given=PASSWORD, now=now())
    with book.writing() as session:
        forget_user(session, town.vault, regulator.id, by="test", now=now())
    with pytest.raises(WrongCredentials):
        sign_in(book, town.vault, login=regulator.login, given=PASSWORD, now=now())
    with book.reading() as session:
        with pytest.raises(Exception, match="sign in first"):
            signed(session, kept, now=now())
        assert bindings(session, regulator.id) == []
        row = session.execute(sa.select(table_of(UserRow)).where(table_of(UserRow).c.id == regulator.id)).mappings().one()
    assert [row[name] for name in ("login", "subject", "password", "totp")] == [None] * 4
    assert row["disabled_at"] is not None
    town.person(Office.FIRM)
    with book.writing() as session:  # the login is free again
        assert add_user(session, town.vault, login=regulator.login, password=hashed(PASSWORD), now=now()) != regulator.id


def test_who_is_not_there_cannot_be_forgotten(book: Book, vault: Vault) -> None:
    with pytest.raises(UserNotFound), book.writing() as session:
        forget_user(session, vault, "u0000000000", by="test", now=now())


def test_many_keys_put_at_once_have_slots_of_their_own_and_a_torn_one_is_skipped(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "secrets" / "persons.keys")
    slots: list[int] = []

    def work(letter: int) -> None:
        slots.extend(ring.put(bytes([letter]) * SEALED_BYTES) for _ in range(20))

    threads = [threading.Thread(target=work, args=(letter,)) for letter in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slots) == list(range(100))
    with ring.file.open("ab") as file:
        file.write(b"torn")
    assert ring.get(100) is None
    assert ring.put(b"x" * SEALED_BYTES) == 101
    assert ring.get(101) == b"x" * SEALED_BYTES
    ring.destroy(101)
    ring.destroy(5000)
    assert ring.get(101) is None
    assert ring.put(b"y" * SEALED_BYTES) == 102, "a slot is used once"
