"""The token endpoint (RFC 6749, 4.4): a machine's key for a token of a quarter of an hour. Its errors are those of RFC 6749, 5.2."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import RawBody
from litestar.response import Response

from api.auth.access import LIFE, grant
from api.auth.errors import WrongCredentials
from api.doors import PUBLIC
from ledger.book import Book

FORM = "application/x-www-form-urlencoded"
BODY_MAX = 4096
FIELDS_MAX = 20
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An access token (RFC 6749, 5.1); `expires_in` is in seconds."""

    access_token: Annotated[str, msgspec.Meta(examples=["tzt_pX3…"])]
    token_type: Annotated[str, msgspec.Meta(examples=["Bearer"])]
    expires_in: Annotated[int, msgspec.Meta(examples=[900])]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no token (RFC 6749, 5.2)."""

    error: Annotated[str, msgspec.Meta(examples=["invalid_client"])]
    error_description: Annotated[str, msgspec.Meta(examples=["key or secret is wrong, expired or revoked"])]


class Refused(Exception):
    """A request for a token that is answered with an error of RFC 6749, 5.2."""

    def __init__(self, error: str, said: str) -> None:
        self.error, self.said = error, said
        super().__init__(said)


@post(
    "/token", opt=PUBLIC, sync_to_thread=True, status_code=200, tags=["service"],
    responses={
        400: ResponseSpec(Refusal, description="The request is wrong (RFC 6749, 5.2)"),
        401: ResponseSpec(Refusal, description="Key or secret is wrong, expired or revoked"),
    },
)  # fmt: skip
def token(request: Request[Any, Any, Any], body: RawBody, book: NamedDependency[Book]) -> Response[Token | Refusal]:
    """Give a machine a token: a form with grant_type=client_credentials, its key's id and secret as client_id and client_secret (or by
    HTTP Basic). The secret is what follows the id in the key, or the whole key."""
    try:
        client_id, secret = asked(request.headers.get("content-type", ""), request.headers.get("authorization"), body)
        with book.writing() as session:
            text = grant(session, client_id=client_id, client_secret=secret, now=datetime.now(UTC))
    except WrongCredentials:
        return _refusal("invalid_client", "key or secret is wrong, expired or revoked")
    except Refused as error:
        return _refusal(error.error, error.said)
    return Response(Token(access_token=text, token_type="Bearer", expires_in=int(LIFE.total_seconds())), headers=NO_STORE)  # noqa: S106


def asked(content_type: str, authorization: str | None, body: bytes) -> tuple[str, str]:
    """The client's id and secret. Raises Refused."""
    if content_type.partition(";")[0].strip().lower() != FORM or len(body) > BODY_MAX:
        raise Refused("invalid_request", f"send a short form as {FORM}")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise Refused("invalid_request", "this is no form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Refused("invalid_request", "a parameter is given more than once")
    if "grant_type" not in form:
        raise Refused("invalid_request", "grant_type is missing: send client_credentials")
    if form["grant_type"] != "client_credentials":
        raise Refused("unsupported_grant_type", "send client_credentials")
    if form.get("scope"):
        raise Refused("invalid_scope", "there are no scopes: a key may do what its office may")
    if authorization is not None and "client_secret" in form:
        raise Refused("invalid_request", "say who you are in one way, not in two (RFC 6749, 2.3)")
    return _basic(authorization) if authorization is not None else (form.get("client_id", ""), form.get("client_secret", ""))


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret of HTTP Basic, each encoded as in a form (RFC 6749, 2.3.1)."""
    kind, _, rest = authorization.partition(" ")
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise WrongCredentials from error
    client_id, colon, secret = text.partition(":")
    if kind.lower() != "basic" or not colon:
        raise WrongCredentials
    return unquote_plus(client_id), unquote_plus(secret)


def _refusal(error: str, said: str) -> Response[Token | Refusal]:
    wrong_client = error == "invalid_client"
    headers = NO_STORE | ({"WWW-Authenticate": 'Basic realm="tanzhang", charset="UTF-8"'} if wrong_client else {})
    return Response(Refusal(error=error, error_description=said), status_code=401 if wrong_client else 400, headers=headers)
