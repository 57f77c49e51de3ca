"""What can be wrong with a number, a unit, an activity, a factor: what, where, and what to do."""

from collections.abc import Sequence


class FactorError(Exception):
    """Root of every error of this package; `code` is stable."""

    code = "factor"


class NotANumber(FactorError):
    """Text that is not a plain decimal."""

    code = "number.not-plain"

    def __init__(self, text: str) -> None:
        self.text = text[:60]
        super().__init__(
            f"{self.text!r} is not a plain number: write digits with a point, such as 1240.6; no thousands separators, "
            "exponents, full-width digits or units"
        )


class UnknownUnit(FactorError):
    """A unit that the allow-list does not hold."""

    code = "unit.unknown"

    def __init__(self, token: str, near: Sequence[str] = ()) -> None:
        self.token, self.near = token, tuple(near)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        super().__init__(f"unit {token!r} is not known{hint}. `tanzhang units list` lists them all")


class AmbiguousUnit(UnknownUnit):
    """A spelling of several units, or of none until more is said: nobody guesses."""

    code = "unit.ambiguous"

    def __init__(self, token: str, candidates: Sequence[str], why: str) -> None:
        self.token, self.near, self.candidates, self.why = token, tuple(candidates), tuple(candidates), why
        FactorError.__init__(self, f"unit {token!r} is ambiguous: {why}. Write one of {', '.join(self.candidates)}")


class UnitMismatch(FactorError):
    """Two units of different dimensions."""

    code = "unit.dimension"

    def __init__(self, *, source: str, target: str, hint: str = "") -> None:
        self.source, self.target, self.hint = source, target, hint
        super().__init__(f"{source} cannot be turned into {target}: they measure different things{hint and '. ' + hint}")


class UnknownActivity(FactorError):
    """A code or name that no activity bears."""

    code = "activity.unknown"

    def __init__(self, text: str, near: Sequence[str] = ()) -> None:
        self.text, self.near = text, tuple(near)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        super().__init__(f"activity {text!r} is not known{hint}. `tanzhang factors activities` lists them")


class AmbiguousAlias(FactorError):
    """A name that several activities bear: nobody guesses."""

    code = "activity.ambiguous"

    def __init__(self, text: str, candidates: Sequence[str]) -> None:
        self.text, self.candidates = text, tuple(candidates)
        shown = ", ".join(self.candidates[:12]) + (" …" if len(self.candidates) > 12 else "")
        super().__init__(f"{text!r} may mean {len(self.candidates)} activities: write one of {shown}")


class UnknownGwpSet(FactorError):
    """No GWP set of that name."""

    code = "gwp.unknown-set"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"GWP set {name!r} is not known: one of {', '.join(known)}")


class NoGwp(FactorError):
    """A set that does not value a gas."""

    code = "gwp.no-value"

    def __init__(self, *, gas: str, gwp_set: str) -> None:
        self.gas, self.gwp_set = gas, gwp_set
        super().__init__(f"{gwp_set} gives no value for {gas} that was read in a document: choose another set, or report the gas apart")


class PackInvalid(FactorError):
    """A factor pack with faults, all of them at once."""

    code = "pack.invalid"

    def __init__(self, pack: str, faults: Sequence[str]) -> None:
        self.pack, self.faults = pack, tuple(faults)
        super().__init__(f"pack {pack} cannot be used:\n" + "\n".join(f"  {fault}" for fault in self.faults))


class FactorNotFound(FactorError):
    """No factor answers, and why: what was looked for, what is nearest, what to do."""

    code = "factor.none"

    def __init__(self, reason: str, *, column: str = "activity", code: str = "factor.none") -> None:
        self.reason, self.column, self.code = reason, column, code
        super().__init__(reason)
