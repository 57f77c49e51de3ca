"""The house keeps its shape: storeys, file sizes, names, one writer, one version, no machine path, no registry."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("carbon", "factors", "ledger", "api", "migrations")
TOP = {*PACKAGES, "tests", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "hatch_build.py"} | {
    "requirements.txt", "requirements-dev.txt", "requirements-bench.txt", "requirements-cluster.txt", ".ci", ".gitignore",
}  # fmt: skip
TEXT_ONLY = re.compile(r"\.(png|parquet|xlsx|gz|woff2?|ico|db|mo)$")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    names = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    if not names:
        pytest.skip("not a git checkout: the tree cannot be listed")
    return names


def code() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if "node_modules" not in path.parts]


def test_the_top_level_holds_only_what_the_house_plan_names() -> None:
    assert {name.split("/")[0] for name in tracked()} <= TOP


@pytest.mark.parametrize("path", code(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_and_named_for_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, "400 lines at most"
    assert not re.search(r"(^|_)(utils?|helpers?|services?|managers?|common|misc|core)$", path.stem)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno
            assert length <= 70, f"{node.name} has {length} lines, 70 at most"


@pytest.mark.parametrize("path", code(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_holds(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if tree.body:
        assert ast.get_docstring(tree), "a module opens with what it proves"


def test_nothing_is_left_to_do() -> None:
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in code()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError", line)
    ]
    assert left == []


def test_only_the_journal_writes_the_books() -> None:
    book = r"(entry|posting|balance|cell|idem|reversal|head)"
    writing = re.compile(rf"(INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|COPY)\s+{book}\b", re.IGNORECASE)
    above = [path for path in code() if path.relative_to(ROOT).parts[0] in {"carbon", "api", "factors"}]
    outside = [str(path.relative_to(ROOT)) for path in above if writing.search(path.read_text(encoding="utf-8"))]
    assert outside == []


def test_no_commit_names_a_machine_path_or_a_registry() -> None:
    # a letter in brackets, so that this line does not name them either
    bad = re.compile(r"/wor[k]/|/tmp/bas[h]_jobs|pyp[i]\.org|pythonhoste[d]\.|registry\.npmj[s]|deb\.debia[n]\.")
    texts = [name for name in tracked() if not TEXT_ONLY.search(name)]
    assert [name for name in texts if bad.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))] == []


def test_there_is_one_version() -> None:
    from importlib.metadata import version

    import carbon

    assert version("tanzhang") == carbon.__version__
