"""CH4 and N2O of combustion: IPCC 2006 gives them by sector, so the sector has to be known, and nobody guesses it.

Stationary fuels: vol. 2, ch. 2, Tables 2.2 (energy industries, 1A1), 2.3 (manufacturing and construction, 1A2), 2.4 (commercial, 1A4a) and
2.5 (residential, agriculture, 1A4b–c); mobile: ch. 3, where a fuel has one row for all vehicles.
"""

from factors.activities import Activity
from factors.factor import EmissionFactor, Parameter

SECTORAL = "ipcc2006_sector"
"""The set of the CH4 and N2O tables by sector: companions of a fuel's CO2, never a factor of their own."""

# 1A4 without a letter is commercial or residential: their tables differ, so it decides nothing
SECTORS = (
    ("1A1", "energy_industries"),
    ("1A2", "manufacturing"),
    ("1A4a", "commercial"),
    ("1A4b", "residential_agri"),
    ("1A4c", "residential_agri"),
)


def sector_of(category: str | None) -> str | None:
    """The sector of the IPCC tables that a source category belongs to, or None where it does not decide."""
    return next((sector for prefix, sector in SECTORS if category and category.startswith(prefix)), None)


def supplements(
    hung: list[EmissionFactor], activity: Activity, category: str | None, *, allow_unverified: bool
) -> tuple[tuple[Parameter, ...], tuple[str, ...]]:
    """The CH4 and N2O factors that go with a fuel's CO2, and notes on why there are none."""
    rows = [factor for factor in hung if factor.set_id == SECTORAL]
    if not rows or not activity.id.startswith("combustion."):
        return (), ()
    mobile = activity.id.startswith("combustion.mobile.")
    sector = sector_of(category)
    if not mobile and sector is None:
        return (), ("CH4 and N2O depend on the sector: give category 1A1, 1A2, 1A4a, 1A4b or 1A4c",)
    variant = "" if mobile else f"sector={sector}"
    fitting = [factor for factor in rows if factor.variant == variant]
    good = [factor for factor in fitting if allow_unverified or factor.evidence != "unverified"]
    gases = [gas for factor in good for gas in factor.gases]
    if not good or len(gases) != len(set(gases)):
        several = "several tables fit, by engine or product" if fitting or mobile else "no row"
        return (), (f"CH4 and N2O: {several if not fitting or good else 'the rows were never read in a document'}",)
    return tuple(parameter for factor in good for parameter in factor.parameters), ()
