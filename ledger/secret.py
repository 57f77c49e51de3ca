"""Secrets that a home keeps: each in a file of its own, made at its first use, read by its owner alone, in no database and no backup."""

import base64
import os
from collections.abc import Callable
from pathlib import Path


def kept(secrets: Path, name: str, make: Callable[[], bytes]) -> bytes:
    """The secret in ``secrets/<name>.key``, made by `make` where there is none: of two processes the first makes it, the other takes it."""
    file = secrets / f"{name}.key"
    if not file.exists():
        secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = secrets / f"{name}.{os.getpid()}.{os.urandom(4).hex()}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(base64.b64encode(make()).decode() + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return base64.b64decode(file.read_text())
