"""The bundled front end: which hashed file stands for which name."""

import json
from functools import cache
from pathlib import Path

DIST = Path(__file__).parent / "static" / "dist"
MISSING = "the front end was not bundled: run `make install` (or `pip install .`), which does it with Python alone"


class BundleMissing(RuntimeError):
    """The bundle is not in its place."""

    def __init__(self) -> None:
        super().__init__(MISSING)


@cache
def manifest() -> dict[str, str]:
    """Hashed file names by plain name; BundleMissing where nothing was bundled."""
    try:
        return dict(json.loads((DIST / "manifest.json").read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise BundleMissing from error


def asset(name: str) -> str:
    """The address of a bundled file; it never changes its content, so it may be cached for ever."""
    return f"/static/{manifest()[name]}"
