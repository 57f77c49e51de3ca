"""What is typed into the forms of a firm's profile, as facts and contracts: a line each for what is many, its parts apart by semicolons."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from carbon.enterprise.errors import BadContract, BadFirmFact
from carbon.enterprise.firm import (
    TRIGGERS,
    BaseYear,
    Boundary,
    ControlPlan,
    Economy,
    Exclusion,
    Fact,
    Instrument,
    Output,
    PlanParameter,
)
from carbon.enterprise.market import Instrument as EnergyInstrument
from carbon.enterprise.market import Kind
from factors.energy import KINDS
from factors.energy import Kind as Coal
from factors.errors import NotANumber
from factors.units import number

FEN = 100


def fact_typed(data: Mapping[str, str]) -> Fact:
    """The fact that a form says. Raises BadFirmFact, which names the field."""
    kind = data.get("kind", "")
    if kind == "boundary":
        start = _whole(data, "start_month") if data.get("start_month", "").strip() else 1
        return Boundary(approach=data.get("approach", ""), start_month=start, note=_text(data, "note"))
    if kind == "base-year":
        triggers = tuple(one for one in TRIGGERS if data.get(f"trigger-{one}"))
        return BaseYear(
            year=_whole(data, "year"), threshold_permille=_permille(data, "threshold"), triggers=triggers, note=_text(data, "note")
        )
    if kind == "exclusion":
        share = _permille(data, "share") if data.get("share", "").strip() else None
        until = day_typed(data, "until") if data.get("until", "").strip() else None
        return Exclusion(
            source=_text(data, "source"), scope=data.get("scope", ""), category=_text(data, "category"), reason=_text(data, "why"),
            share_permille=share, notation=data.get("notation", "NE"), until=until,
        )  # fmt: skip
    if kind == "control-plan":
        return ControlPlan(
            parameters=tuple(_parameter(line) for line in _lines(data, "parameters")),
            instruments=tuple(_instrument(line) for line in _lines(data, "instruments")),
            laboratory=_text(data, "laboratory"), responsible=_text(data, "responsible"),
        )  # fmt: skip
    if kind == "economy":
        return Economy(
            year=_whole(data, "year"), value_added_fen=_fen(data), output=tuple(_output(one) for one in _lines(data, "output")),
            energy_tce=_text(data, "energy_tce"), energy_kind=_coal(data),
        )  # fmt: skip
    raise BadFirmFact(field="kind", value=kind, reason="boundary, base-year, exclusion, control-plan or economy")


def contract_typed(data: Mapping[str, str]) -> EnergyInstrument:
    """The contract of energy that a form says. Raises BadContract."""
    if data.get("kind") not in set(Kind):
        raise BadContract(field="kind", value=data.get("kind", ""), reason=f"one of {', '.join(Kind)}")
    return EnergyInstrument(
        kind=Kind(data["kind"]), carrier=_text(data, "carrier"), amount=_text(data, "amount"), unit=_text(data, "unit"),
        site=_text(data, "site"), factor=_text(data, "factor"), counterparty=_text(data, "counterparty"),
        certificates=tuple(data.get("certificates", "").split()), note=_text(data, "note"),
    )  # fmt: skip


def day_typed(data: Mapping[str, str], field: str) -> date:
    """A day as a form gives it. Raises BadFirmFact."""
    try:
        return date.fromisoformat(data.get(field, "").strip())
    except ValueError as error:
        raise BadFirmFact(field=field, value=data.get(field, ""), reason="a day is written 2025-01-31") from error


def _text(data: Mapping[str, str], field: str) -> str:
    return data.get(field, "").strip()


def _lines(data: Mapping[str, str], field: str) -> list[list[str]]:
    """The parts of each line that is not blank; a Chinese semicolon parts them too."""
    lines = [line for line in data.get(field, "").splitlines() if line.strip()]
    return [[part.strip() for part in line.replace("；", ";").split(";")] for line in lines]


def _parts(line: list[str], field: str, least: int, most: int) -> list[str]:
    if not least <= len(line) <= most:
        raise BadFirmFact(field=field, value="; ".join(line), reason=f"a line has {least} to {most} parts with semicolons between")
    return [*line, *[""] * (most - len(line))]


def _parameter(line: list[str]) -> PlanParameter:
    name, method, fallback, frequency, instrument = _parts(line, "parameters", 3, 5)
    return PlanParameter(name=name, method=method, fallback=fallback, frequency=frequency, instrument=instrument)


def _instrument(line: list[str]) -> Instrument:
    code, measures, accuracy, due = _parts(line, "instruments", 4, 4)
    return Instrument(id=code, measures=measures, accuracy=accuracy, calibration_due=day_typed({"instruments": due}, "instruments"))


def _output(line: list[str]) -> Output:
    product, quantity, unit = _parts(line, "output", 3, 3)
    return Output(product=product, quantity=quantity, unit=unit)


def _number(data: Mapping[str, str], field: str) -> Fraction:
    try:
        return Fraction(number(_text(data, field)))
    except NotANumber as error:
        raise BadFirmFact(field=field, value=_text(data, field), reason=str(error)) from error


def _whole(data: Mapping[str, str], field: str) -> int:
    value = _number(data, field)
    if value.denominator != 1:
        raise BadFirmFact(field=field, value=_text(data, field), reason="a whole number")
    return int(value)


def _permille(data: Mapping[str, str], field: str) -> int:
    """Thousandths of what is typed in percent."""
    value = _number(data, field) * 10
    if value.denominator != 1:
        raise BadFirmFact(field=field, value=_text(data, field), reason="percent with one decimal at most")
    return int(value)


def _coal(data: Mapping[str, str]) -> Coal:
    """How the firm counted the standard coal of its energy."""
    kind = KINDS.get(data.get("energy_kind", "") or Coal.CALORIFIC.value)
    if kind is None:
        raise BadFirmFact(field="energy_kind", value=data.get("energy_kind", ""), reason=f"one of {', '.join(Coal)}")
    return kind


def _fen(data: Mapping[str, str]) -> int:
    """Fen of what is typed in yuan."""
    value = _number(data, "value_added") * FEN
    if value.denominator != 1:
        raise BadFirmFact(field="value_added", value=_text(data, "value_added"), reason="yuan with two decimals at most")
    return int(value)
