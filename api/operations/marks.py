"""When something was last done to the book of a home: a file for each kind of deed, beside the book and in no database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Deed = Literal["verified", "backed-up"]


def mark(home: Path, deed: Deed, *, now: datetime) -> None:
    """Note that it was done now. Where the home cannot be written, it stays unnoted: the deed itself is what counts."""
    file = _file(home, deed)
    try:
        file.parent.mkdir(exist_ok=True, mode=0o700)
        file.write_text(now.astimezone(UTC).isoformat() + "\n", encoding="utf-8")
    except OSError:
        return


def marked(home: Path, deed: Deed) -> datetime | None:
    """When it was last done; None where nobody noted it."""
    try:
        return datetime.fromisoformat(_file(home, deed).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None


def _file(home: Path, deed: Deed) -> Path:
    return home / "marks" / deed
