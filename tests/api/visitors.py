"""Whoever may come to a door: every office on this side and on the other, the divisions above, beside and below, and nobody."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from api.auth.gate import COOKIE, FORM_HEADER
from api.auth.office import DUTIES, Action, Bound, Office
from api.auth.session import Signed, open_session
from api.auth.user import Binding, add_user, bind, disable
from carbon.region.divisions import divisions
from tests.world import OTHER_COUNTY, OWN_CITY, OWN_COUNTY, PROVINCE, SISTER_COUNTY, World

AREAS = {
    "own county": OWN_COUNTY, "other county": OTHER_COUNTY, "sister county": SISTER_COUNTY, "parent city": OWN_CITY,
    "parent province": PROVINCE, "nation": "100000",
}  # fmt: skip
TENANTS = ("own", "other")
SITES = {"s01": ("own", OWN_COUNTY), "x01": ("other", OTHER_COUNTY)}


@dataclass
class Visitor:
    """A user in one office and bound, or one of those who are let in nowhere: ``anonymous``, ``no office``, ``disabled``."""

    name: str
    office: Office | None = None
    tenant: str = ""
    area: str = ""
    user: str = ""
    binding: Binding | None = None
    left: bool = False
    token: str = ""

    @property
    def comes(self) -> bool:
        """Whether somebody is signed in."""
        return bool(self.user) and not self.left

    def may(self, action: Action) -> bool:
        """Whether the office holds the action."""
        return self.office is not None and action in DUTIES[self.office].actions

    def sees_tenant(self, tenant: str) -> bool:
        """Whether the rows of a holder are this visitor's to read."""
        if not self.may(Action.READ) or not self.comes:
            return False
        there = next(division for one, division in SITES.values() if one == tenant)
        return self.tenant == tenant or self.sees_area(there)

    def sees_area(self, division: str) -> bool:
        """Whether all that was filed in a division is this visitor's to read."""
        return self.comes and self.area != "" and division in divisions().below(self.area)


def everybody(world: World, app: Litestar) -> list[Visitor]:
    """All of them, each with a user of its own in the world's book."""
    found = [Visitor("anonymous"), Visitor("no office"), Visitor("disabled", Office.REGULATOR, area="100000")]
    for office, duty in DUTIES.items():
        if duty.bound is Bound.HOLDER:
            found += [Visitor(f"{office} of {tenant} holder", office, tenant=tenant) for tenant in TENANTS]
        elif duty.bound is Bound.DIVISION:
            found += [Visitor(f"{office} of {name}", office, area=code) for name, code in AREAS.items()]
        else:
            found.append(Visitor(str(office), office))
    now = datetime.now(UTC)
    with world.book.writing() as session:
        for one in found:
            if one.name == "anonymous":
                continue
            one.user = add_user(session, app.state.vault, now=now)
            if one.office is not None:
                holder = world.holders[one.tenant] if one.tenant else None
                one.binding = bind(session, one.user, one.office, holder=holder, division=one.area or None, by="u0", now=now)
            one.token = open_session(session, one.user, second=True, now=now)
            if one.name == "disabled":
                disable(session, one.user, now=now)
                one.left = True
    return found


def sign_in_again(world: World, visitors: list[Visitor]) -> None:
    """A session for each that may have one: what was asked before may have ended theirs."""
    with world.book.writing() as session:
        for one in visitors:
            if one.comes:
                kept = one.binding.id if one.binding else None
                one.token = open_session(session, one.user, binding=kept, second=True, now=datetime.now(UTC))


def call(client: TestClient[Any], world: World, visitor: Visitor, method: str, path: str, **options: Any) -> httpx.Response:
    """What the visitor is answered. What changes something is asked in a session of its own, since it may end it."""
    headers = {"accept": "application/json"} | options.pop("headers", {})
    client.cookies.clear()
    if visitor.user:
        token = visitor.token
        if method != "GET" and not visitor.left:
            with world.book.writing() as session:
                kept = visitor.binding.id if visitor.binding else None
                token = open_session(session, visitor.user, binding=kept, second=True, now=datetime.now(UTC))
            headers[FORM_HEADER] = Signed(visitor.user, visitor.binding, True, token).form_token
        client.cookies.set(COOKIE, token)
    return client.request(method, path, headers=headers, follow_redirects=False, **options)
