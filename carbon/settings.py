"""Settings: what the command line says, else the environment (`TANZHANG_…`), else `tanzhang.toml` in the home, else the default."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carbon.errors import BadSetting

HOME = Path(".tanzhang")
FILE = "tanzhang.toml"
LANGUAGES = ("zh", "en")
DEFAULTS = {"timezone": "Asia/Shanghai", "language": "zh", "port": "8000", "database_url": "", "owner_url": ""}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the book is, and how days, words and ports are chosen. `owner_url` is for migrations on PostgreSQL; else `database_url`."""

    home: Path
    database_url: str
    owner_url: str
    timezone: ZoneInfo
    language: str
    port: int


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
        port=_port(*chosen["port"]),
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
