"""The verifier's statement on a filing, and a firm's statement to a programme, as PDF: what was decided, by which rule, on which hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from carbon.digits import integer
from carbon.enterprise.filing.finding import Finding
from carbon.enterprise.filing.state import FilingState
from carbon.enterprise.obligation.statement import Statement
from carbon.report.document import Language, every_word, pdf
from carbon.report.inventory_pdf import Head, common, facts_of
from carbon.report.notes import Notes, tonnes


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One of the two who signed: an accredited verifier, known by the accreditation and never by a personal name."""

    body: str
    number: str
    at: str


def verification_pdf(
    state: FilingState, *, head: Head, declared_g: int, verified_g: int, signatures: Sequence[Signature], language: Language
) -> bytes:
    """The statement on what was signed. Raises NoChineseFont, ReportFailed."""
    return pdf(
        "verification",
        verification_data(state, head=head, declared_g=declared_g, verified_g=verified_g, signatures=signatures, language=language),
        made_at=head.made_at,
    )


def verification_data(
    state: FilingState, *, head: Head, declared_g: int, verified_g: int, signatures: Sequence[Signature], language: Language
) -> dict[str, Any]:
    """What the template prints. `declared_g` is the total that was submitted first, `verified_g` that of the version which was signed."""
    said, notes = every_word(language), Notes()
    signed = next((decision for decision in reversed(state.decisions) if decision.kind == "signed"), None)
    materiality = f"{state.materiality_permille / 10:g} %" if state.materiality_permille is not None else said["unsaid"]
    more = [
        (said["assurance"], said[state.assurance.value] if state.assurance else said["unsaid"]), (said["materiality"], materiality),
        (said["findings"], str(len(state.findings))),
    ]  # fmt: skip
    label = said["total_location"]
    total = {
        "label": label, "declared": tonnes(declared_g), "declared_note": notes.of(f"{label} ({said['declared']})", declared_g),
        "verified": tonnes(verified_g), "verified_note": notes.of(f"{label} ({said['verified']})", verified_g),
        "effect": _signed(verified_g - declared_g),
    }  # fmt: skip
    return {
        **common(head, state.year, language, title=f"{said['verification']} {head.firm} {state.year}"),
        "facts": [*facts_of(head, state.year, said), *more],
        "opinion": said[state.opinion.value] if state.opinion else said["unsaid"],
        "text": signed.text if signed else "",
        "totals": [total],
        "findings": [_finding(one) for one in state.findings],
        "signatures": [{"name": one.body, "accreditation": one.number, "at": one.at} for one in signatures],
        "subject": state.sha256,
        "notes": notes.texts,
    }


def _finding(one: Finding) -> dict[str, Any]:
    held = one.verified
    return {
        "id": f"F-{one.no:02d}", "text": one.text, "conservative": bool(held and held.conservative),
        "declared": tonnes(held.declared_g) if held else "", "verified": tonnes(held.verified_g) if held else "",
        "effect": _signed(held.effect_g) if held else "",
    }  # fmt: skip


def _signed(mass_g: int) -> str:
    return f"+{tonnes(mass_g)}" if mass_g > 0 else tonnes(mass_g)


def compliance_pdf(statement: Statement, *, head: Head, language: Language) -> bytes:
    """The statement to a programme. Raises NoChineseFont, ReportFailed."""
    return pdf("compliance", compliance_data(statement, head=head, language=language), made_at=head.made_at)


def compliance_data(statement: Statement, *, head: Head, language: Language) -> dict[str, Any]:
    """What the template prints."""
    said, notes = every_word(language), Notes("t")
    entries = [one.entry for one in statement.surrendered]

    def row(label: str, amount: int, *, strong: bool = False, behind: Sequence[int] = ()) -> dict[str, Any]:
        return {"label": label, "amount": f"{integer(amount)} t", "note": notes.of(label, amount, behind), "strong": strong}

    rows = [
        {
            "label": said["verified"],
            "amount": f"{tonnes(statement.verified_g)} t",
            "note": notes.of(said["verified"], statement.verified_g // 1_000_000),
            "strong": False,
        },
        row(said["obligation"], statement.obligation_t, strong=True),
        row(said["ccer_limit"], statement.offset_limit_t),
        row(said["surrendered"], statement.surrendered_t, behind=entries),
        row(said["shortfall"], statement.shortfall_t, strong=True),
        row(said["surplus"], statement.surplus_t),
    ]
    if statement.banked is not None:
        rows += [row(said["banking_limit"], statement.banked.limit_t), row(said["carried"], statement.banked.carried_t)]
    if statement.preallocation is not None:
        ahead, of = statement.preallocation, "of_zh" if language == "zh" else "of_en"
        label = f"{said['preallocation']} ({getattr(ahead, of)}) {ahead.mark}"
        rows.append({"label": label, "amount": f"{ahead.permille / 10:g} %", "note": None, "strong": False})
    head_more = [
        (said["programme"], f"{statement.programme} · {statement.sector}"), (said["deadline"], statement.deadline.isoformat()),
        (said["rule"], statement.rule),
    ]  # fmt: skip
    return {
        **common(head, statement.year, language, title=f"{said['compliance']} {head.firm} {statement.year}"),
        "facts": [*facts_of(head, statement.year, said), *head_more],
        "rows": rows,
        "holdings": [
            {"label": f"{one.unit} {one.vintage} {one.unusable}".strip(), "amount": f"{integer(one.count)} t"} for one in statement.held
        ],
        "steps": _steps(statement, said),
        "rules": [{"label": one.about, "value": one.source, "mark": one.mark} for one in statement.doubts],
        "notes": notes.texts,
    }


def _steps(statement: Statement, said: dict[str, str]) -> list[dict[str, Any]]:
    """The bridge from the inventory to the programme's figure."""
    way = statement.bridge
    if way is None:
        return []
    first = {"label": f"{said['inventory']} ({way.inventory_gwp})", "figure": tonnes(way.inventory_g), "note": None, "strong": True}
    parts = [
        {"label": said[f"part_{part.id}"], "figure": _signed(part.co2e_g), "note": None, "strong": False}
        for part in way.parts
        if part.co2e_g
    ]
    last = {"label": f"{said['verified']} ({way.programme_gwp})", "figure": tonnes(way.verified_g), "note": None, "strong": True}
    coal = {"label": "tce", "figure": tonnes(way.coal_g), "note": None, "strong": False}
    return [first, *parts, last, coal]
