"""A notice after an action: it travels in a short signed cookie through one redirect, is shown once, and is gone.

The cookie names a message of the catalogue and what fills it, so that the page tells it in its own language; nobody but this server can
have written it (HMAC-SHA256 under the vault's key). It lives for a minute, and for one user.
"""

import base64
import hmac
from typing import Any, NamedTuple

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from api.auth.gate import who_is
from api.language import Language, catalogue

COOKIE = "tanzhang_notice"
LIFE_S = 60
KINDS = ("good", "warn", "bad")
MAC_BYTES = 16
Asked = Request[Any, Any, Any]


class Notice(NamedTuple):
    """What is told: its kind (good, warn, bad) and its sentence."""

    kind: str
    text: str


def notice(request: Asked, message: str, *, kind: str = "good", user: str | None = None, **fields: str | int) -> Cookie:
    """The cookie that tells `message` (marked with N_) on the next page. `user`: whom it is for, where that is not who asks now."""
    if kind not in KINDS:
        raise ValueError(f"a notice is {', '.join(KINDS)}, not {kind}")
    who = who_is(request)
    told = msgspec.json.encode([user if user is not None else (who.user if who else ""), kind, message, fields])
    value = base64.urlsafe_b64encode(_mac(request, told) + told).decode().rstrip("=")
    return _cookie(request, value, LIFE_S)


def told(request: Asked, language: Language) -> Notice | None:
    """The notice that the browser brings, in the language of the page; None where there is none, or it is not ours or not this user's."""
    value = request.cookies.get(COOKIE, "")
    try:
        raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        user, kind, message, fields = msgspec.json.decode(raw[MAC_BYTES:], type=tuple[str, str, str, dict[str, str | int]])
    except (ValueError, msgspec.DecodeError):
        return None
    who = who_is(request)
    if not hmac.compare_digest(raw[:MAC_BYTES], _mac(request, raw[MAC_BYTES:])) or user != (who.user if who else ""):
        return None
    return Notice(kind, catalogue(language).gettext(message).format(**fields))


def taken(request: Asked) -> list[Cookie]:
    """What takes the notice away once a page has shown it."""
    return [_cookie(request, "", 0)] if COOKIE in request.cookies else []


def _cookie(request: Asked, value: str, life_s: int) -> Cookie:
    secure = bool(request.app.state.secure)
    return Cookie(key=COOKIE, value=value, path="/", max_age=life_s, httponly=True, secure=secure, samesite="lax")


def _mac(request: Asked, content: bytes) -> bytes:
    """Over base 16, since the vault's digest holds spellings alike that mean the same."""
    digest: bytes = request.app.state.vault.digest("notice", content.hex())
    return digest[:MAC_BYTES]
