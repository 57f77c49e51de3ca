"""From a firm's inventory to the figure of a programme, part by part, and to the standard coal behind it. Pure.

Each stage is one sum of masses, valued exactly and rounded once; a part is the difference of two stages, so the parts add up to the gram.
Stages: the inventory (scope 1 and scope 2 by location), without purchased power and heat where the programme does not count them, within
its boundary, of its gases, at its GWP, with its factors, and as the verifier found it.
"""

from collections.abc import Collection
from fractions import Fraction

import msgspec
import polars as pl

from carbon.enterprise.inventory.energy import FAMILIES, energy_rows
from carbon.enterprise.inventory.sections import is_priced, value_of
from carbon.enterprise.obligation.rules import Rule
from factors.gwp import GwpSet, gwp_set, half_even

PARTS = ("purchased", "boundary", "gases", "gwp", "factor", "verification")
"""What parts an inventory from a programme's figure, in the order in which it is taken away or added."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of the way: g CO2e added (below zero: taken away), and g of standard coal where energy goes with it."""

    id: str
    co2e_g: int
    coal_g: int = 0


class Bridge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`inventory_g` plus the parts is `verified_g`, in g CO2e; `inventory_coal_g` plus theirs is `coal_g`, in g of standard coal.

    `energy_g` and `other_g` part what was calculated for the programme into what comes with energy and what does not (process). Standard
    coal is calorific (当量值); `untold` are activities of energy for which no coefficient is held. `unpriced` are gases without a GWP.
    """

    inventory_gwp: str
    inventory_g: int
    parts: tuple[Part, ...]
    programme_gwp: str
    verified_g: int
    inventory_coal_g: int
    coal_g: int
    energy_g: int
    other_g: int
    untold: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()


def bridge(
    lines: pl.DataFrame, *, rule: Rule, year: int, prices: GwpSet, verified_g: int, own: pl.DataFrame | None = None,
    sites: Collection[str] | None = None,
) -> Bridge:  # fmt: skip
    """The bridge from the inventory of `lines` (LINES of `carbon.enterprise.inventory.lines`) in `prices` to the verified figure.

    `sites` are those within the programme's boundary (None: all); `own` are LINES of the same activity with the programme's own factors,
    where it has its own (None: those of the inventory).
    """
    theirs, gases = gwp_set(rule.boundary.gwp), pl.col("gas").is_in(list(rule.boundary.gases))
    scopes = ["1", "2", "passed-on"] if rule.purchased else ["1"]
    kept, inside = pl.col("scope").is_in(scopes), _inside(rule, sites)
    counted = lines.filter(_counts())
    of_gases = counted.filter(kept & inside & gases)
    made = of_gases if own is None else own.filter(_counts() & kept & inside & gases)
    at = [
        _value(counted, prices), _value(counted.filter(kept), prices), _value(counted.filter(kept & inside), prices),
        _value(of_gases, prices), _value(of_gases, theirs), _value(made, theirs), verified_g,
    ]  # fmt: skip
    used = lines.filter(_counts() | _sold())
    coal = [_coal(used, year), _coal(used.filter(kept), year), _coal(used.filter(kept & inside), year)]
    burnt = {"purchased": coal[1] - coal[0], "boundary": coal[2] - coal[1]}
    energy = _value(made.filter(pl.any_horizontal(pl.col("activity").str.starts_with(f"{one}.") for one in FAMILIES)), theirs)
    untold = {row.carrier for row in energy_rows(used, year=year)[0] if not row.tce}
    return Bridge(
        inventory_gwp=prices.name, inventory_g=at[0], programme_gwp=theirs.name, verified_g=verified_g,
        parts=tuple(
            Part(id=name, co2e_g=after - before, coal_g=burnt.get(name, 0))
            for name, before, after in zip(PARTS, at, at[1:], strict=False)
        ),
        inventory_coal_g=coal[0], coal_g=coal[2], energy_g=energy, other_g=at[5] - energy,
        untold=tuple(sorted(untold)), unpriced=tuple(sorted(_unpriced(counted, prices) | _unpriced(made, theirs))),
    )  # fmt: skip


def _counts() -> pl.Expr:
    """Scope 1 and scope 2 by location: what an inventory's total by location adds up."""
    book, scope = pl.col("book"), pl.col("scope")
    return ((book == "physical") & (scope == "1")) | ((book == "location") & (scope == "2"))


def _sold() -> pl.Expr:
    """Energy that was sold: in the balance of energy, never taken from an inventory's total."""
    return (pl.col("book") == "location") & (pl.col("scope") == "passed-on")


def _inside(rule: Rule, sites: Collection[str] | None) -> pl.Expr:
    """Of scope 1 the categories of the rule, of scope 2 all that is still there; at the sites that belong to it."""
    of_rule = pl.any_horizontal(pl.col("category").str.starts_with(one) for one in rule.boundary.categories)
    here = pl.lit(value=True) if sites is None else pl.col("site").is_in(sorted(sites))
    return ((pl.col("scope") != "1") | of_rule) & here


def _value(frame: pl.DataFrame, prices: GwpSet) -> int:
    """The value in g CO2e of what has one, rounded once, as an inventory's totals are."""
    masses = frame.group_by("gas").agg(pl.col("amount").cast(pl.Int128).sum()).iter_rows()
    return half_even(value_of({gas: int(amount) for gas, amount in masses}, prices))


def _unpriced(frame: pl.DataFrame, prices: GwpSet) -> set[str]:
    """Gases that have no value in the set, or were published only as CO2e of another."""
    return {gas for gas in frame["gas"].unique() if not is_priced(gas, prices)}


def _coal(frame: pl.DataFrame, year: int) -> int:
    """Grams of standard coal of the energy of lines."""
    return half_even(Fraction(energy_rows(frame, year=year)[1]) * 1_000_000)
