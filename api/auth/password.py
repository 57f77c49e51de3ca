"""Passwords: Argon2id by the OWASP parameters (19 MiB, two passes, one lane), a few at a time so that a crowd at the door cannot starve
who is inside.

OWASP Password Storage Cheat Sheet: m=19456 KiB, t=2, p=1. Length by NIST SP 800-63B, 5.1.1.2: at least 8 signs (here 12), and no rules
of composition.
"""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from api.auth.errors import BadUser

LENGTH_MIN, BYTES_MAX = 12, 1024
AT_ONCE = 2
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_TURNS = threading.BoundedSemaphore(AT_ONCE)
_NOBODYS = _HASHER.hash("nobody has this password")


def hashed(password: str) -> str:
    """What is kept of a password. Raises BadUser where it is too short, too long, or the same sign over and over."""
    if len(password) < LENGTH_MIN or len(password.encode()) > BYTES_MAX:
        raise BadUser(field="password", reason=f"at least {LENGTH_MIN} signs, at most {BYTES_MAX} bytes: a sentence is good")
    if len(set(password)) < 4:
        raise BadUser(field="password", reason="too simple: it consists of three signs or fewer")
    with _TURNS:
        return _HASHER.hash(password)


def holds(kept: str | None, password: str) -> bool:
    """Whether the password is the one that was kept. It takes as long where there is none."""
    with _TURNS:
        try:
            return _HASHER.verify(kept or _NOBODYS, password[:BYTES_MAX]) and kept is not None
        except (VerifyMismatchError, InvalidHashError):
            return False
