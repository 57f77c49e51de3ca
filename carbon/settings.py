"""Settings: what the command line says, else the environment (`TANZHANG_…`), else `tanzhang.toml` in the home, else the default."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carbon.errors import BadSetting

HOME = Path(".tanzhang")
FILE = "tanzhang.toml"
LANGUAGES = ("zh", "en")
LOG_LEVELS = ("debug", "info", "warning", "error")
DEMO = "demo"
ENVIRONMENTS = ("production", DEMO)
DEFAULTS = {
    "timezone": "Asia/Shanghai",
    "language": "zh",
    "port": "8000",
    "database_url": "",
    "owner_url": "",
    "public_url": "",
    "trusted_proxies": "",
    "log_level": "info",
    "access_days": "1096",
    "rate_signed": "3000",
    "rate_anonymous": "600",
    "webhook_hosts": "",
    "environment": "",
    "oidc_issuer": "",
    "oidc_client_id": "",
    "oidc_client_secret": "",
    "oidc_private": "",
}
ACCESS_DAYS_MIN = 180
"""Records of access are kept half a year at least (Cybersecurity Law, article 21 (3): six months)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the book is, and how days, words and ports are chosen. `owner_url` is for migrations on PostgreSQL; else `database_url`.

    `public_url` is the https address under which others reach the pages, empty where only this machine does; `trusted_proxies` are the
    addresses and networks of those who pass requests on and may say for whom; `log_level` is from where on the server tells;
    `access_days` are the days for which records of access stand in the database; `environment` is ``production`` or ``demo``, empty where
    nothing was said; `rate_signed` and `rate_anonymous` are calls a minute of a user and of an address (0: no limit); `webhook_hosts` are
    the hosts that webhooks may call.

    `oidc_issuer` is the identity provider through which users may sign in, with the id and secret that it gave this platform;
    `oidc_private` says that it lies in a private network.
    """

    home: Path
    database_url: str
    owner_url: str
    timezone: ZoneInfo
    language: str
    port: int
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    log_level: str = "info"
    access_days: int = 1096
    rate_signed: int = 3000
    rate_anonymous: int = 600
    webhook_hosts: tuple[str, ...] = ()
    environment: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_private: bool = False

    @property
    def is_demo(self) -> bool:
        """Whether this is a demo book, whose users anybody may play. Where nothing is said it is not."""
        return self.environment == DEMO


def read_settings(*, environment: Mapping[str, str], flags: Mapping[str, str | None]) -> Settings:
    """The settings in force, or BadSetting, which names the place that is wrong.

    `flags` are what the command line gave (`home`, `database_url`, `timezone`, `language`, `port`; None is not given), `environment` the
    variables of the process: an argument, so that nothing else reads them.
    """
    home = Path(flags.get("home") or environment.get("TANZHANG_HOME") or HOME)
    file = home / FILE
    said = _read_file(file)
    chosen: dict[str, tuple[str, str]] = {}
    for name, default in DEFAULTS.items():
        flag, variable = flags.get(name), f"TANZHANG_{name.upper()}"
        if flag:
            chosen[name] = flag, f"--{name.removesuffix('_url').replace('_', '-')}"
        elif environment.get(variable):
            chosen[name] = environment[variable], variable
        else:
            chosen[name] = said.get(name, default), str(file) if name in said else "default"
    database = chosen["database_url"][0] or f"sqlite:///{(home / 'book.db').absolute()}"
    return Settings(
        home=home,
        database_url=database,
        owner_url=chosen["owner_url"][0] or database,
        timezone=_timezone(*chosen["timezone"]),
        language=_language(*chosen["language"]),
        oidc_issuer=_issuer(*chosen["oidc_issuer"], complete=bool(chosen["oidc_client_id"][0] and chosen["oidc_client_secret"][0])),
        oidc_client_id=chosen["oidc_client_id"][0],
        oidc_client_secret=chosen["oidc_client_secret"][0],
        oidc_private=_yes(*chosen["oidc_private"]),
        port=_port(*chosen["port"]),
        public_url=_public_url(*chosen["public_url"]),
        trusted_proxies=_addresses(*chosen["trusted_proxies"]),
        log_level=_log_level(*chosen["log_level"]),
        environment=_environment(*chosen["environment"]),
        access_days=_access_days(*chosen["access_days"]),
        rate_signed=_rate("rate_signed", *chosen["rate_signed"]),
        rate_anonymous=_rate("rate_anonymous", *chosen["rate_anonymous"]),
        webhook_hosts=_hosts(*chosen["webhook_hosts"]),
    )


def keep_settings(settings: Settings) -> bool:
    """Write the settings that a book must not change by accident into `home/tanzhang.toml`, if it has none; whether it was written.

    The zone decides which day a moment belongs to, so it stands from the first entry on. Addresses of databases may hold passwords and are
    left to the environment.
    """
    file = settings.home / FILE
    if file.exists():
        return False
    text = f'# Settings of this book. TANZHANG_* in the environment and flags go before them.\ntimezone = "{settings.timezone.key}"\n'
    file.write_text(text + f'language = "{settings.language}"\n', encoding="utf-8")
    return True


def mark_demo(settings: Settings) -> None:
    """Say in the home's file that this is a demo book, where nothing is said of it yet. Raises BadSetting where it is production's."""
    file = settings.home / FILE
    if settings.environment:
        if not settings.is_demo:
            reason = f"this home is not a demo's: give the demo one of its own, such as --home {settings.home}-demo"
            raise BadSetting(name="environment", where=str(file), value=settings.environment, reason=reason)
        return
    with file.open("a", encoding="utf-8") as out:
        out.write(f'environment = "{DEMO}"\n')


def _read_file(file: Path) -> dict[str, str]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(name=FILE, where=str(file), value="", reason=f"the file cannot be read: {error}") from error
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(name=FILE, where=str(file), value="", reason=f"this is no TOML: {error}") from error
    for name, value in said.items():
        if name not in DEFAULTS or not isinstance(value, str | int) or isinstance(value, bool):
            raise BadSetting(name=name, where=str(file), value=str(value), reason=f"known are {', '.join(DEFAULTS)}, each a text or number")
    return {name: str(value) for name, value in said.items()}


def _timezone(text: str, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSetting(name="timezone", where=where, value=text, reason="a name of the IANA database such as Asia/Shanghai") from error


def _language(text: str, where: str) -> str:
    if text not in LANGUAGES:
        raise BadSetting(name="language", where=where, value=text, reason=f"one of {', '.join(LANGUAGES)}")
    return text


def _port(text: str, where: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise BadSetting(name="port", where=where, value=text, reason="a number from 1 to 65535")
    return int(text)


def _public_url(text: str, where: str) -> str:
    """The address without a stroke at its end. Other than https would send sessions where anybody on the way reads them."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" and bool(parts.hostname) and parts.path in {"", "/"} and (parts.port or 443) > 0
        bare = not (parts.query or parts.fragment or parts.username)
    except ValueError:
        good = bare = False
    if not (good and bare):
        raise BadSetting(
            name="public_url", where=where, value=text, reason="an https address without a path, such as https://carbon.example.org"
        )
    return f"https://{parts.netloc.lower()}"


def _addresses(text: str, where: str) -> tuple[str, ...]:
    named = tuple(part.strip() for part in text.split(",") if part.strip())
    for one in named:
        try:
            ip_network(one)
        except ValueError as error:
            reason = "addresses or networks parted by commas, such as 10.0.0.7, 10.1.0.0/16"
            raise BadSetting(name="trusted_proxies", where=where, value=text, reason=reason) from error
    return named


def _access_days(text: str, where: str) -> int:
    if not text.isdecimal() or not ACCESS_DAYS_MIN <= int(text) <= 36525:
        raise BadSetting(name="access_days", where=where, value=text, reason=f"a number of days, {ACCESS_DAYS_MIN} at least")
    return int(text)


def _rate(name: str, text: str, where: str) -> int:
    """Calls a minute; 0 is without limit."""
    if not text.isascii() or not text.isdecimal() or int(text) > 10**7:
        raise BadSetting(name=name, where=where, value=text, reason="calls a minute, 0 for no limit")
    return int(text)


def _hosts(text: str, where: str) -> tuple[str, ...]:
    """Names of hosts, in lower case."""
    named = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", one) for one in named):
        reason = "names of hosts parted by commas, such as hooks.example.org, erp.example.com"
        raise BadSetting(name="webhook_hosts", where=where, value=text, reason=reason)
    return named


def _log_level(text: str, where: str) -> str:
    if text not in LOG_LEVELS:
        raise BadSetting(name="log_level", where=where, value=text, reason=f"one of {', '.join(LOG_LEVELS)}")
    return text


def _environment(text: str, where: str) -> str:
    if text and text not in ENVIRONMENTS:
        raise BadSetting(name="environment", where=where, value=text, reason=f"one of {', '.join(ENVIRONMENTS)}")
    return text


def _issuer(text: str, where: str, *, complete: bool) -> str:
    """The issuer to the letter, as its tokens name it: an https address, or one of this machine itself."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        near = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
        good = bool(parts.hostname) and (parts.scheme == "https" or near) and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        good = False
    if not good:
        raise BadSetting(name="oidc_issuer", where=where, value=text, reason="an https address, such as https://login.example.org")
    if not complete:
        raise BadSetting(name="oidc_issuer", where=where, value=text, reason="oidc_client_id and oidc_client_secret go with it")
    return text


def _yes(text: str, where: str) -> bool:
    if text not in {"", "yes", "no"}:
        raise BadSetting(name="oidc_private", where=where, value=text, reason="yes or no")
    return text == "yes"
