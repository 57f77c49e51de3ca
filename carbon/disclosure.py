"""The one disclosure policy: figures of many firms together are told only of groups of ten or more that do not overlap. Pure.

A mean of an industry and that of the industry above it would part to give the few firms between them; so each firm stands in one group
alone: its industry where that has enough firms, else what is left of the industry above. Whoever is in no group is told of nowhere.
"""

from collections.abc import Mapping

import msgspec

MEMBERS_MIN = 10
"""The fewest members of a group of which sums and means are told."""
DIGITS = (4, 3, 2)
"""The levels of GB/T 4754: class, group, division."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Members of the industry `code` but those of the industries `without`, which are groups of their own."""

    code: str
    without: tuple[str, ...]
    members: tuple[str, ...]


def groups(industries: Mapping[str, str | None]) -> dict[str, Group]:
    """The group of each member that is in one, by the members' GB/T 4754 codes (C3011 or 3011); no two groups share a member."""
    left = {member: code.lstrip("ABCDEFGHIJKLMNOPQRST") for member, code in industries.items() if code}
    found: dict[str, Group] = {}
    for digits in DIGITS:
        alike: dict[str, list[str]] = {}
        for member, code in left.items():
            if len(code) >= digits:
                alike.setdefault(code[:digits], []).append(member)
        for code, members in alike.items():
            if len(members) >= MEMBERS_MIN:
                without = sorted({one.code for one in found.values() if one.code.startswith(code)})
                group = Group(code=code, without=tuple(without), members=tuple(sorted(members)))
                found |= dict.fromkeys(members, group)
        left = {member: code for member, code in left.items() if member not in found}
    return found
