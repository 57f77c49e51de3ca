"""How well a factor fits what it is used for, in five marks from 1 (best) to 5: evidence, place, time, technology, completeness.

The five questions and the scale are those of the pedigree matrix (Weidema and Wesnæs 1996, J. Cleaner Production 4:167; the cuts in years
are recalled, not read again); what a mark means is written here, so that anybody can work it out again. The score is their mean.
"""

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

EVIDENCE = {"definition": 1, "transcribed": 1, "corroborated": 2, "transcribed-source-inferred": 3, "unverified": 5}
PLACES = {"county": 1, "city": 2, "province": 3, "grid": 4, "country": 5, "world": 6}
YEARS = (3, 6, 10, 15)


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Five marks, 1 the best and 5 the worst."""

    evidence: int
    place: int
    time: int
    technology: int
    completeness: int

    @property
    def score(self) -> Decimal:
        """The mean of the five, to one place, half-even."""
        total = self.evidence + self.place + self.time + self.technology + self.completeness
        return (Decimal(total) / 5).quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def judge(*, evidence: str, asked: str, found: str, years: int, borrowed: bool, variant: bool, lacking: int, gases: int) -> Quality:
    """The marks of one factor in one use.

    place: one worse for each kind of place between the one asked for (`asked`) and the one found. time: 1 up to 3 years between activity
    and data, 2 up to 6, 3 up to 10, 4 up to 15. technology: 1 the activity's own factor, 2 one variant of it that was chosen, 3 that of the
    activity whose factor it shares. completeness: 1 every gas that the activity may emit, 5 none of them, between in proportion.
    """
    wider = max(0, PLACES.get(found, 6) - PLACES.get(asked, 5))
    return Quality(
        evidence=EVIDENCE[evidence],
        place=min(5, 1 + wider),
        time=1 + sum(years > cut for cut in YEARS),
        technology=3 if borrowed else 2 if variant else 1,
        completeness=1 + round(4 * lacking / gases) if gases else 1,
    )
