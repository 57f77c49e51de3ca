"""What the packs cover: for each its numbers, years, places and how far they were checked."""

from collections import Counter

import msgspec

from factors.faults import EVIDENCE
from factors.library import FactorLibrary


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """One pack. `rows` counts published numbers, `factors` what is assembled from them; years are those that the data describe."""

    pack: str
    title_zh: str
    title_en: str
    publisher: str
    licence: str
    attribution: str
    rank: str
    rule: str
    published: str
    factors: int
    rows: int
    regions: int
    year_from: int | None
    year_to: int | None
    evidence: dict[str, int]


def coverage(library: FactorLibrary) -> list[Coverage]:
    """Every pack of the library, in its order; `evidence` counts factors from the best to the worst."""
    found = []
    for pack in library.packs:
        said = pack.manifest
        counted = Counter(factor.evidence for factor in pack.factors)
        years = [year for factor in pack.factors for year in (factor.year_from, factor.year_to) if year]
        found.append(Coverage(
            pack=said.id, title_zh=said.title_zh, title_en=said.title_en, publisher=said.publisher, licence=said.licence,
            attribution=said.attribution, rank=said.rank, rule=said.rule, published=said.published, factors=len(pack.factors),
            rows=said.rows, regions=len({factor.region for factor in pack.factors}), year_from=min(years, default=None),
            year_to=max(years, default=None), evidence={name: counted[name] for name in EVIDENCE if counted[name]},
        ))  # fmt: skip
    return found
