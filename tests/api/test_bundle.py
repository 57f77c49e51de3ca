"""The bundle is that of the sources, carries its licences, and nothing of it leads elsewhere."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from api.bundle import DIST, manifest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bundle_is_current_and_any_change_of_the_sources_shows(hook: ModuleType, tmp_path: Path) -> None:
    assert hook.is_current(ROOT), "run `make install`: the front end changed since it was bundled"
    (tmp_path / "package.json").write_text("{}")
    before = hook.digest(tmp_path)
    (tmp_path / "a.css").write_text("x")
    assert hook.digest(tmp_path) != before


def test_the_lock_names_no_download_address() -> None:
    lock = json.loads((ROOT / "api/pages/frontend/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_files_are_named_by_their_content_and_licences_lie_beside_them() -> None:
    for name in ("app.js", "docs.js", "style.css", "dark.css", "docs-style.css", "icon.svg"):
        assert re.fullmatch(r"[\w-]+-[A-Z0-9]{8}\.\w+", manifest()[name])
        assert (DIST / manifest()[name]).is_file()
    licences = {path.name.split("-")[0] for path in (DIST / "licenses").iterdir()}
    assert licences >= {"echarts", "zrender", "htmx.org", "swagger", "tslib"}


def test_styles_and_scripts_of_the_pages_load_nothing_from_elsewhere() -> None:
    for name in ("style.css", "dark.css", "docs-style.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", (DIST / manifest()[name]).read_text(encoding="utf-8"))
