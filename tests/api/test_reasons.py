"""What is refused reads Chinese on Chinese pages: each reason that the core writes has a template, and each error a sentence."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.exceptions import HTTPException

from api.auth.errors import AuthError, BadUser, UserNotFound
from api.language import catalogue
from api.pages.faults import FAULTS
from api.reasons import COUNTS, TEMPLATES, in_words, parts_of
from api.sentences import FIELDS, fault_words, sentence_of, template_of
from api.work.errors import WorkError
from carbon.enterprise.errors import (
    BadAllotment,
    BadContract,
    BadShares,
    BadUnit,
    NotVerified,
    PacketRefused,
    SerialUsed,
    StateRefused,
)
from carbon.errors import CarbonError, Fault, FaultyFile
from carbon.identifier import BadIdentifier
from factors.errors import FactorError, FactorNotFound, NotANumber, UnknownUnit
from ledger.errors import LedgerError, NotAllowed, PeriodMisruled

ROOT = Path(__file__).parent.parent.parent
SOURCES = (
    "carbon/enterprise", "carbon/holder.py", "carbon/identifier.py", "ledger/enact.py", "ledger/hold.py", "ledger/judge.py", "ledger/lot.py",
    "ledger/period.py", "api/auth", "api/outgoing.py", "api/pages",
)  # fmt: skip
"""Where errors are raised that a page may show; what else the ledger refuses comes of files and of the machine itself."""
BY_CODE = ("Fault", "Problem", "PacketFault", "EntryFault")
"""Faults of a file: a page tells them by their codes (api.pages.faults)."""
ELSEWHERE = {
    ("api/auth/strength.py", "="): "told at the machine",
    ("carbon/enterprise/efficiency/grade.py", "="): "a code, for which the page has words",
    ("carbon/enterprise/intake/certified.py", "="): "faults of a file",
    ("carbon/enterprise/intake/checks.py", "="): "faults of a file",
}
KEPT = {("filing ", " restates ", ""), ("filing ", " booked")}
"""What is kept in the book beside a closing, and told as it stands."""
REFUSING = re.compile(r"refuse|_refused|_bad|_oneself")
NAMING = {
    "BadAccreditation", "BadAllotment", "BadContract", "BadFirmFact", "BadHolder", "BadIdentifier", "BadUser", "GenerationRefused",
    "PacketRefused", "TagRefused",
}  # fmt: skip
MACHINE = {"action", "admin", "demo"}
"""Fields that are named at the machine of the book alone."""
RETURNING = {"_elsewhere", "_fault", "_lying", "_reason"}
"""Functions that give a reason back."""
ASSIGNED = ("reason", "reasons", "why")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}")


def texts(node: ast.expr) -> Iterator[tuple[str, ...]]:
    """The words of a text between what is filled in; none for what is no text."""
    match node:
        case ast.Constant(value=str(text)):
            yield (text,)
        case ast.JoinedStr(values=values):
            words = [""]
            for value in values:
                if isinstance(value, ast.Constant):
                    words[-1] += str(value.value)
                else:
                    words.append("")
            yield tuple(words)
        case ast.IfExp(body=body, orelse=orelse):
            yield from texts(body)
            yield from texts(orelse)
        case ast.BoolOp(values=values):
            for value in values:
                yield from texts(value)
        case ast.ListComp(elt=elt):
            yield from texts(elt)


def reasons(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every reason that a module gives to an error: as `reason=`, through a variable of that name, to a function that refuses, from one that
    tells, or alone."""
    place = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id in ASSIGNED for to in node.targets):
            yield from ((node.lineno, text) for text in texts(node.value) if text not in KEPT and (place, "=") not in ELSEWHERE)
        if isinstance(node, ast.FunctionDef) and node.name in RETURNING:
            back = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None]
            yield from ((node.lineno, text) for one in back for text in texts(one))
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        given_ = [key.value for key in node.keywords if key.arg == "reason"]
        if REFUSING.fullmatch(name) and node.args:
            given_.append(node.args[-1])
        if name in {"NoRule", "UserNotFound"} or ast.unparse(node.func) == "reasons.append":
            given_ += node.args
        if name in {"NotAllowed", "posting_for", "as_authority"}:
            given_ += [key.value for key in node.keywords if key.arg == "action"]
        if name not in BY_CODE and (place, name) not in ELSEWHERE:
            yield from ((node.lineno, text) for one in given_ for text in texts(one))


def modules() -> list[Path]:
    found = [
        path for source in SOURCES for path in sorted((ROOT / source).rglob("*.py") if not source.endswith(".py") else [ROOT / source])
    ]
    return [path for path in found if any(reasons(path))]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_reason_of_the_core_has_a_template(path: Path) -> None:
    known = {parts_of(template)[0] for template in TEMPLATES}
    told = [(line, text) for line, text in reasons(path) if "".join(text).strip()]
    assert [f"{path}:{line}: {'{}'.join(text)}" for line, text in told if text not in known] == []


def test_templates_are_told_once_and_in_chinese() -> None:
    say = catalogue("zh").gettext
    assert len(set(TEMPLATES)) == len(TEMPLATES)
    assert [template for template in TEMPLATES if not CHINESE.search(say(template))] == []
    assert [template for template in TEMPLATES if set(parts_of(say(template))[1]) != set(parts_of(template)[1])] == []


@given(st.sampled_from(TEMPLATES), st.data())
def test_a_filled_reason_comes_back_filled_in_chinese(template: str, data: st.DataObject) -> None:
    names = parts_of(template)[1]
    text = st.text(st.sampled_from("甲乙QXZ0189_-"), min_size=1, max_size=12)
    whole = st.integers(0, 10**15).map(lambda one: f"{one:,}")
    fields = {name: data.draw(whole if name in COUNTS else text, label=name) for name in names}
    wanted = catalogue("zh").gettext(template).format(**fields)
    assert in_words(template.format(**fields), "zh") == wanted
    assert in_words(template.format(**fields), "en") == template.format(**fields)


def test_the_faults_of_a_file_have_words() -> None:
    found = set()
    for path in sorted(path for path in (ROOT / "carbon").rglob("*.py") if "region" not in path.parts):  # its files are read at the machine
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Fault", "refused", "_problem", "sieve.tell", "sieve.require"}:
                given_ = [key.value for key in node.keywords if key.arg == "code"] + node.args
                found |= {one.value for one in given_ if isinstance(one, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z-]+", str(one.value))}
    assert len(found) > 30
    assert found - set(FAULTS) == set()


CODES = ("carbon.errors", "carbon.enterprise.errors", "ledger.errors", "factors.errors", "api.auth.errors", "api.work.errors")
ROOTS = (CarbonError, LedgerError, FactorError, AuthError, WorkError)
KINDS_OF = [
    kind for module in CODES for kind in vars(importlib.import_module(module)).values()
    if isinstance(kind, type) and issubclass(kind, ROOTS) and kind.__module__ == module and kind not in ROOTS
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS_OF, ids=lambda kind: kind.__name__)
def test_each_error_has_a_sentence_that_it_can_fill(kind: type[Exception]) -> None:
    template = template_of(kind.__new__(kind))
    if issubclass(kind, FactorNotFound):
        return
    tree = ast.parse(Path(str(importlib.import_module(kind.__module__).__file__)).read_text())
    made = next(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    own = {node.attr for node in ast.walk(made) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"}
    own |= {"count"} if "faults" in own else set()
    own |= {"what"} if "field" in own else set()
    assert template
    assert set(parts_of(template)[1]) <= own


SAID = [
    (BadAllotment(unit="U1", field="heat_ratio", reason=str(NotANumber("七"))), "“U1”供热比：“七”不是普通数字"),
    (BadAllotment(unit="U1", field="cooling", reason="one of water, air"), "“U1”冷却方式：须为以下之一：水冷、空冷。"),
    (
        BadContract(field="certificates", value="A1:5", reason="it was used already, in the filing of 2024: name another one"),
        "绿证“A1:5”：该证书已被使用（用于 2024 年填报），请填写另一张。",
    ),
    (BadShares(holder="h1", day="2025-01-01", reason="all shares together are 1,200,000 millionths"), "持股合计为百万分之 1,200,000"),
    (StateRefused(kind="saved", state="booked", reason="this happens while it is draft or rejected"), "只有在草稿、已退回状态下才能进行"),
    (SerialUsed(unit="GEC", series="P-202401", first=3, last=9, reason="it was never issued"), "GEC P-202401 3–9：该编号从未签发。"),
    (
        BadUnit(unit="CEA.2019", reason="vintage 2019 may not be surrendered for this year: not carried over"),
        "2019 年度的单位不能用于本年度清缴：未结转",
    ),
    (NotVerified(filing="f1", reason="is draft"), "填报 f1 处于草稿状态。"),
    (PacketRefused(month=202401, field="month", reason="it is not over"), "2024-01 存证，月份：该期间尚未结束。"),
    (
        BadUser(field="role", reason="the user is auditor: nobody is two of administrator, auditor, security"),
        "系统管理员、审计员、安全管理员不得由一人兼任",
    ),
    (UserNotFound("user u1"), "这里没有用户 u1。"),
    (NotAllowed(actor="u1", action="accredit verifiers: the authority does"), "您无权办理：授予核查员资质，应由主管部门办理。"),
    (PeriodMisruled(period=202401, reason="it is open already"), "2024-01：该月并未结账。"),
    (
        BadIdentifier(field="credit code", reason="18 signs of GB 32100, the last of which checks the others: is one wrong?"),
        "是否有一位写错？",
    ),
    (UnknownUnit("kWw", ["kWh"]), "没有单位 kWw。相近的有：kWh。"),
    (UnknownUnit("kWw"), "没有单位 kWw。相近的有：—。"),
    (FactorNotFound("no factor of that name", code="factor.none"), "没有"),
    (FaultyFile([Fault(file="a.csv", code="row.fields", reason="x"), Fault(file="a.csv", code="row.fields", reason="y")]), "共 2 处错误"),
    (HTTPException(status_code=400, detail="Validation failed for POST /"), "请返回检查所填内容。"),
    (HTTPException(status_code=400, detail="day 'yesterday' is no day: write it as 2023-07-01"), "日期“yesterday”不成立：写作 2023-07-01"),
    (HTTPException(status_code=405, detail="Method Not Allowed"), "请重新打开页面后继续。"),
    (ZeroDivisionError(), "错误已写入"),
]


@pytest.mark.parametrize(("error", "told"), SAID, ids=lambda one: type(one).__name__)
def test_a_refusal_reads_chinese(error: Exception, told: str) -> None:
    said = sentence_of(error, "zh")
    assert told in said
    assert not ENGLISH.search(said)
    assert not said.endswith(("？。", "。。"))
    assert not CHINESE.search(sentence_of(error, "en").replace("七", ""))


def test_a_fault_reads_chinese() -> None:
    assert fault_words({"row": 3, "code": "day.unknown", "reason": "no day"}, "zh")["reason"].startswith("没有日期")
    assert fault_words({"question": "k1"}, "zh") == {"question": "k1", "reason": "k1"}
    assert fault_words({"row": 3, "code": "day.unknown", "reason": "no day"}, "en")["reason"] == "no day"


def test_fields_that_errors_name_are_called_in_chinese() -> None:
    named = set()
    for path in [*sorted((ROOT / "carbon").rglob("*.py")), *sorted((ROOT / "api").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in NAMING:
                named |= {str(key.value.value) for key in node.keywords if key.arg == "field" and isinstance(key.value, ast.Constant)}
    assert len(named) > 40
    assert named - set(FIELDS) == MACHINE
