"""The vault: what is known of persons, sealed under a key of each person's own, and digests by which they are found.

AES-256-GCM (NIST SP 800-38D) seals a field under the person's key, which is itself sealed under the vault's key; the user's id and the
field's name are authenticated with it, so that nothing sealed can be put elsewhere. The vault's key lies in ``home/secrets/vault.key``,
the persons' keys in ``persons.keys`` beside it (`api.auth.keyring`), in no database and no backup. Deleting a person destroys the person's
key: what the database and any copy of it still hold can never be read, by whoever has the vault's key neither.

A login is found by HMAC-SHA256 under a key derived from the vault's (HKDF, RFC 5869): without it nobody can try all phone numbers.
"""

import hmac
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlmodel import Session

from api.auth.errors import AuthError
from api.auth.keyring import FILE, Keyring
from api.auth.tables import PersonKeyRow, PersonRow
from carbon.identifier import check_identity_number
from carbon.region.divisions import divisions
from ledger.secret import kept
from ledger.types import table_of

KEY_BYTES, NONCE_BYTES = 32, 12


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """The vault's keys: one seals, one makes digests; and the persons' own."""

    sealing: AESGCM
    digesting: bytes
    persons: Keyring

    @classmethod
    def at(cls, home: Path) -> "Vault":
        """The vault of a home, whose key is made at its first use."""
        root = kept(home / "secrets", "vault", lambda: os.urandom(KEY_BYTES))
        seal, digest = (HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(root) for info in (b"tanzhang seal", b"tanzhang digest"))
        return cls(AESGCM(seal), digest, Keyring(home / "secrets" / FILE))

    def digest(self, kind: str, text: str) -> bytes:
        """What stands for a login (`kind` login) or an identity provider's subject: the same for spellings that mean the same."""
        plain = unicodedata.normalize("NFKC", text).strip().casefold()
        return hmac.digest(self.digesting, f"{kind}\0{plain}".encode(), "sha256")

    def seal(self, data: bytes, *, about: str) -> bytes:
        """`data` sealed for the place that `about` names."""
        return seal(self.sealing, data, about=about)

    def unseal(self, sealed: bytes, *, about: str) -> bytes:
        """What was sealed for that place; InvalidTag where it was not."""
        return unseal(self.sealing, sealed, about=about)


def seal(key: AESGCM, data: bytes, *, about: str) -> bytes:
    """A fresh nonce, then the ciphertext with its tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + key.encrypt(nonce, data, about.encode())


def unseal(key: AESGCM, sealed: bytes, *, about: str) -> bytes:
    """The data; InvalidTag where key, place or bytes are others."""
    return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())


def keep(session: Session, vault: Vault, user_id: str, fields: Mapping[str, str], *, today: date) -> None:
    """Keep what is known of a person, over what was kept before in the same fields. Raises BadIdentifier for an identity number (field
    `identity`) that cannot be one: once it is sealed, nobody looks at it to find that out."""
    if fields.get("identity"):
        check_identity_number(fields["identity"], tree=divisions(), today=today)
    key = _key(session, vault, user_id)
    if key is None:
        fresh = os.urandom(KEY_BYTES)
        slot = vault.persons.put(vault.seal(fresh, about=user_id))
        session.execute(sa.insert(table_of(PersonKeyRow)).values(user_id=user_id, slot=slot))
        key = AESGCM(fresh)
    row = table_of(PersonRow)
    session.execute(sa.delete(row).where(row.c.user_id == user_id, row.c.field.in_(sorted(fields))))
    sealed = [
        {"user_id": user_id, "field": name, "sealed": seal(key, value.encode(), about=f"{user_id}/{name}")}
        for name, value in fields.items()
        if value
    ]
    if sealed:
        session.execute(sa.insert(row), sealed)


def known(session: Session, vault: Vault, user_id: str) -> dict[str, str]:
    """What is known of a person, by field; empty once forgotten."""
    key = _key(session, vault, user_id)
    if key is None:
        return {}
    row = table_of(PersonRow).c
    found = session.execute(sa.select(row.field, row.sealed).where(row.user_id == user_id))
    return {name: unseal(key, bytes(sealed), about=f"{user_id}/{name}").decode() for name, sealed in found}


def called(session: Session, vault: Vault, user_id: str) -> str:
    """What a person is called: by name, else by login, else by id."""
    told = known(session, vault, user_id)
    return told.get("name") or told.get("login") or user_id


def forget(session: Session, vault: Vault, user_id: str) -> None:
    """Destroy the person's key, at once and whatever becomes of the session, and delete what it sealed. There is no way back."""
    row = table_of(PersonKeyRow).c
    slot = session.execute(sa.select(row.slot).where(row.user_id == user_id)).scalar_one_or_none()
    if slot is not None and _opened(vault, user_id, slot) is not None:  # a row that was put elsewhere destroys nobody else's
        vault.persons.destroy(slot)
    for table in (table_of(PersonRow), table_of(PersonKeyRow)):
        session.execute(sa.delete(table).where(table.c.user_id == user_id))


def _key(session: Session, vault: Vault, user_id: str) -> AESGCM | None:
    row = table_of(PersonKeyRow).c
    slot = session.execute(sa.select(row.slot).where(row.user_id == user_id)).scalar_one_or_none()
    if slot is None:
        return None
    key = _opened(vault, user_id, slot)
    if key is None:
        raise WrongVault(user_id)
    return key


def _opened(vault: Vault, user_id: str, slot: int) -> AESGCM | None:
    """The person's key out of its slot; None where it is not there, or not this person's."""
    sealed = vault.persons.get(slot)
    try:
        return None if sealed is None else AESGCM(vault.unseal(sealed, about=user_id))
    except InvalidTag:
        return None


class WrongVault(AuthError):
    """The keys in the home are not those that sealed what is kept of this person, or the person's was destroyed."""

    code = "auth.vault"

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        super().__init__(f"the keys in secrets/ do not open what is kept of {user_id}: put back the home's own, or forget the user")
