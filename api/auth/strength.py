"""What a production book refuses to stand on: passwords that everybody tries first, and secrets that come with some manual.

NIST SP 800-63B, 5.1.1.2: a password is compared with those that are commonly used, expected, or known to be compromised.
"""

import stat
import unicodedata
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa

from api.auth.errors import BadUser
from carbon.errors import BadSetting

COMMON = {
    "password", "passwort", "passw0rd", "admin", "administrator", "root", "user", "login", "welcome", "letmein", "changeme",
    "change-me", "secret", "default", "qwerty", "qwertyuiop", "asdfghjkl", "zxcvbnm", "iloveyou", "monkey", "dragon", "master",
    "superuser", "sunshine", "princess", "football", "abc123", "woaini", "woaini1314", "5201314", "admin123", "password123",
    "p@ssw0rd", "p@ssword", "administrator123", "demo", "test", "guest", "tanzhang", "carbon", "postgres", "postgresql", "mysql",
    "oracle", "1q2w3e4r", "1qaz2wsx", "q1w2e3r4", "123456", "1234567", "12345678", "123456789", "1234567890", "0123456789",
    "9876543210", "987654321", "112233", "123123", "147258369", "11111111", "88888888",
}  # fmt: skip
DEMO = "demo-is-for-everybody"
"""The password of every user of a demo."""
DATABASE_DEFAULTS = frozenset(
    {"postgres", "postgresql", "password", "admin", "root", "secret", "changeme", "change-me", "tanzhang", "demo", "example"}
)


def check_strength(password: str, *, login: str) -> None:
    """Refuse a password that somebody would guess. Raises BadUser."""
    plain = _plain(password)
    core = plain.strip("0123456789!@#$%^&*()-_=+.,?~ ")
    name = _plain(login).partition("@")[0]
    if plain == DEMO:
        raise BadUser(field="password", reason="this is the demo's, which everybody knows")
    if (
        plain in COMMON
        or core in COMMON
        or any(plain == word * (len(plain) // len(word)) for word in COMMON if len(plain) % len(word) == 0)
    ):
        raise BadUser(field="password", reason="it is one of those that are tried first: take a sentence that nobody has written")
    if len(name) >= 3 and name in plain and len(plain.replace(name, "")) < 8:
        raise BadUser(field="password", reason="it is the login with a little around it")
    if _is_run(plain):
        raise BadUser(field="password", reason="it is a run of neighbouring signs")


def check_database(name: str, url: str) -> None:
    """Refuse a database's password that comes with a manual. The password itself is not told. Raises BadSetting."""
    parts = sa.make_url(url)
    password = str(parts.password or "")
    if password and (password.casefold() in DATABASE_DEFAULTS or password == parts.username):
        reason = "its password is a default that everybody tries: change it (ALTER ROLE … PASSWORD …), or say TANZHANG_ENVIRONMENT=demo"
        raise BadSetting(name=name, where=parts.render_as_string(hide_password=True), value="***", reason=reason)


def check_secrets(home: Path) -> None:
    """Refuse keys that others on this machine may read. Raises BadSetting."""
    for place in loose(home):
        reason = f"others on this machine may read it: chmod {'700' if place.is_dir() else '600'} {place}"
        raise BadSetting(name="secrets", where=str(place), value=f"{stat.S_IMODE(place.stat().st_mode):o}", reason=reason)


def loose(home: Path) -> list[Path]:
    """The keys of a home, and their folder, that others on this machine may read."""
    folder = home / "secrets"
    kept = [folder, *sorted(folder.glob("*"))] if folder.is_dir() else []
    return [place for place in kept if place.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _is_run(text: str) -> bool:
    """Whether each sign is the neighbour of the one before, as in abcdefghijkl."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1}) or steps <= {1, -9} or steps <= {-1, 9}
