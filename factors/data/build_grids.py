"""Packs of national grids: OWID/Ember by way of codecarbon (life cycle, CO2e), and Chile's own."""

from factors.data.build_words import country_zh
from factors.data.facts import Row, write_pack

EMBER = "Our World in Data and Ember, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), as shipped in codecarbon 3.3.2 (MIT)."
CITED = "none stated; official figures of the Ministry of the Environment of Chile, cited"


def shape(fact: Row, row: Row) -> Row:
    """Ids by country, or by country and year."""
    if fact["id"].startswith("intl.grid.owid."):
        return row | {"id": row["region"], "name_zh": f"外购电力（网电）·{country_zh(row['region'])}（全生命周期）"}
    if fact["id"].startswith("intl.grid.chile_sen."):
        return row | {"id": f"CL.{row['year_from']}", "name_zh": "外购电力（网电）·智利国家电力系统（SEN）", "licence": CITED}
    return row


def write(made: dict[str, list[Row]]) -> None:
    """codecarbon states no day for OWID's data: published is left empty. Chile raised 2021–2023 in 2026, and these are the raised figures."""
    title = ("各国电网（OWID/Ember，全生命周期）", "National grids (OWID/Ember, life cycle)")
    write_pack(
        "owid-grid", "2023", made["owid-grid/2023"], title=title, publisher="Our World in Data, Ember", licence="CC BY 4.0",
        rank="secondary", attribution=EMBER,
    )  # fmt: skip
    title = ("智利电网因子（HuellaChile 2025 第 2 版）", "Grid factors of Chile (HuellaChile base 2025 v2)")
    write_pack("cl-grid", "2025", made["cl-grid/2025"], title=title, publisher="MMA Chile", licence=CITED, published="2026")
