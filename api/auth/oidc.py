"""Signing in through an identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636), by Authlib.

The provider is named in the settings, never by who signs in. It is asked for its addresses (Discovery 1.0), for the token and for its keys,
all at the issuer's own host (`api.outgoing`). Its ID token counts if it is signed by one of these keys with an asymmetric algorithm, and
names this issuer, this client, this sign-in's nonce and an expiry to come (Core, 3.1.3.7). State, nonce and verifier are random for each
sign-in and travel in a sealed cookie, so that an answer serves the browser that asked, once (RFC 9700, 4.7).

Who comes is found by a keyed digest of issuer and subject. Nobody becomes a user by coming: a user links the account beforehand.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import msgspec
import sqlalchemy as sa
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlmodel import Session

from api.auth.errors import BadUser, NotLinked, NotVouched
from api.auth.line import Line
from api.auth.tables import UserRow
from api.auth.vault import Vault
from api.outgoing import OutgoingFailed, Reach, call, is_loopback_name
from ledger.types import table_of

WELL_KNOWN = "/.well-known/openid-configuration"
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Asymmetric ones alone: with a symmetric one whoever knows the client's secret could vouch for anybody."""
KNOWN_S = 600.0
LEEWAY_S = 60
SUBJECT_MAX = 255  # Core, 2: a sub has at most 255 ASCII signs
LINE = Line(at_once=4, waiting=2, wait_s=5)
"""Who waits for the provider: six of a worker's forty threads at most, however long it takes to answer."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider and what this platform is to it. `private`: it lies in a private network (`api.outgoing`)."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    private: bool = False

    @property
    def host(self) -> str:
        """The host that is called, and the provider's name to a reader."""
        return httpx.URL(self.issuer).host

    @property
    def reach(self) -> Reach:
        """Only the issuer's own host."""
        return Reach(frozenset({httpx.URL(self.issuer).raw_host.decode().lower()}), private=self.private)


def provider_of(issuer: str, *, client_id: str, client_secret: str, private: bool = False) -> Provider | None:
    """The provider that the settings name, or None. One written as the loopback itself is on this machine, and so allowed."""
    if not issuer:
        return None
    return Provider(issuer, client_id, client_secret, private=private or is_loopback_name(httpx.URL(issuer).host))


class Flow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign-in under way: what the answer must fit, the page that was wanted, and the user who links, if any."""

    state: str
    nonce: str
    verifier: str
    wanted: str = ""
    link: str = ""
    began: int


FLOW_S = 600


def begin(provider: Provider, *, back: str, now: datetime, wanted: str = "", link: str = "") -> tuple[str, Flow]:
    """The address at which the provider asks its user, and what must be kept until the answer. Raises OutgoingFailed, Crowded."""
    with LINE.place(), LINE.turn():
        known = metadata(provider)
    flow = Flow(
        state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48), wanted=wanted, link=link,
        began=int(now.timestamp()),
    )  # fmt: skip
    address = prepare_grant_uri(
        known["authorization_endpoint"], provider.client_id, "code", redirect_uri=back, scope="openid", state=flow.state, nonce=flow.nonce,
        code_challenge=create_s256_code_challenge(flow.verifier), code_challenge_method="S256",
    )  # fmt: skip
    return str(address), flow


def finish(provider: Provider, flow: Flow, given: Mapping[str, str], *, back: str, now: datetime) -> str:
    """The subject that the provider vouches for. Raises NotVouched, OutgoingFailed, Crowded."""
    if not secrets.compare_digest(given.get("state", "").encode(), flow.state.encode()):
        raise NotVouched("state")
    if not flow.began <= now.timestamp() <= flow.began + FLOW_S:
        raise NotVouched("too late")
    if given.get("iss", provider.issuer) != provider.issuer:  # RFC 9207: the answer of another provider
        raise NotVouched("iss")
    if "error" in given or not given.get("code"):
        raise NotVouched("it was declined")
    with LINE.place(), LINE.turn():
        known = metadata(provider)
        token = _exchange(provider, known, code=given["code"], verifier=flow.verifier, back=back)
        keys = _json(provider, known["jwks_uri"])
    return _subject(provider, token, keys, nonce=flow.nonce, now=now)


_KNOWN: dict[Provider, tuple[float, dict[str, Any]]] = {}
_KNOWN_LOCK = threading.Lock()


def metadata(provider: Provider) -> dict[str, Any]:
    """What the provider says of itself, kept for ten minutes by each worker. Raises OutgoingFailed."""
    with _KNOWN_LOCK:
        at, known = _KNOWN.get(provider, (0.0, {}))
    if known and at + KNOWN_S > time.monotonic():
        return known
    found = _json(provider, provider.issuer.rstrip("/") + WELL_KNOWN)
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != provider.issuer or not all(isinstance(found.get(name), str) for name in wanted):
        raise OutgoingFailed(url=provider.host, reason="what it says of itself is not this issuer's (Discovery 1.0, 4.3)")
    for name in wanted:
        provider.reach.checked(httpx.URL(found[name]))
    with _KNOWN_LOCK:
        _KNOWN[provider] = (time.monotonic(), found)
    return found


def _exchange(provider: Provider, known: Mapping[str, Any], *, code: str, verifier: str, back: str) -> dict[str, Any]:
    """The answer of the token endpoint for a code."""
    body = prepare_token_request("authorization_code", redirect_uri=back, code=code, code_verifier=verifier)
    ways = known.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    way = "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    auth = ClientAuth(provider.client_id, provider.client_secret, way)
    address, headers, body = auth.prepare("POST", known["token_endpoint"], headers, body)
    answer = call(provider.reach, "POST", address, headers=headers, content=body.encode())
    if answer.status_code != 200:
        raise NotVouched("the code was refused")
    return _object(provider, answer)


def _json(provider: Provider, address: str) -> dict[str, Any]:
    answer = call(provider.reach, "GET", address, headers={"Accept": "application/json"})
    if answer.status_code != 200:
        raise OutgoingFailed(url=provider.host, reason=f"it answered {answer.status_code}")
    return _object(provider, answer)


def _object(provider: Provider, answer: httpx.Response) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OutgoingFailed(url=provider.host, reason="its answer is no JSON object") from error


def _subject(provider: Provider, token: Mapping[str, Any], keys: Mapping[str, Any], *, nonce: str, now: datetime) -> str:
    """The subject of an ID token that holds."""
    try:
        signed = jwt.decode(str(token.get("id_token", "")), KeySet.import_key_set(dict(keys)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        claims = CodeIDToken(
            signed.claims, signed.header,
            options={"iss": {"essential": True, "value": provider.issuer}, "aud": {"essential": True, "value": provider.client_id}},
            params={"nonce": nonce, "client_id": provider.client_id, "access_token": token.get("access_token")},
        )  # fmt: skip
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotVouched(f"ID token: {type(error).__name__}") from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_MAX:
        raise NotVouched("sub")
    return subject


def digest(vault: Vault, provider: Provider, subject: str) -> bytes:
    """By what a user is found. A subject is case-sensitive (Core, 2), so it is hashed first: the vault's digest is not."""
    return vault.digest("subject", hashlib.sha256(f"{provider.issuer}|{subject}".encode()).hexdigest())


def user_of(session: Session, vault: Vault, provider: Provider, subject: str) -> str:
    """The user who has linked this account. Raises NotLinked, also where the user was disabled."""
    row = table_of(UserRow).c
    query = sa.select(row.id).where(row.subject == digest(vault, provider, subject), row.disabled_at.is_(None))
    found: str | None = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotLinked
    return found


def link(session: Session, vault: Vault, provider: Provider, user_id: str, subject: str) -> None:
    """Let a user sign in by this account from now on. Raises BadUser where another has it."""
    row, key = table_of(UserRow), digest(vault, provider, subject)
    other = session.execute(sa.select(row.c.id).where(row.c.subject == key, row.c.id != user_id)).first()
    if other is not None:
        raise BadUser(field="account", reason="another user here has linked it")
    session.execute(sa.update(row).where(row.c.id == user_id).values(subject=key))


def unlink(session: Session, user_id: str) -> None:
    """Take the link away. Raises BadUser where no password would be left to sign in with."""
    row = table_of(UserRow)
    done = session.execute(sa.update(row).where(row.c.id == user_id, row.c.password.is_not(None)).values(subject=None))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise BadUser(field="account", reason="you have no password: without this account you could not sign in")


def is_linked(session: Session, user_id: str) -> bool:
    """Whether a user has linked an account."""
    row = table_of(UserRow).c
    return session.execute(sa.select(row.subject).where(row.id == user_id)).scalar_one_or_none() is not None
