"""Everybody who has to do with one firm's filings, each signed in at the platform: a firm's two, three verifiers, a regulator."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.auth.gate import COOKIE, FORM_HEADER
from api.auth.office import DUTIES, Bound, Office
from api.auth.session import Signed, open_session
from api.auth.user import Binding, add_user, bind
from carbon.enterprise.filing.verifier import grant
from ledger.principal import Principal, Role
from tests.carbon.conftest import Firm

COUNTY = "330522"
HEAD = "activity,quantity,unit,day,site,source"
WHO = {
    "li": Office.FIRM, "zhao": Office.FIRM, "zhou": Office.VERIFIER, "wu": Office.VERIFIER, "zheng": Office.VERIFIER,
    "wang": Office.REGULATOR, "stranger": Office.FIRM,
}  # fmt: skip


@dataclass
class Floor:
    """The platform over a firm's book, and a call to it as somebody."""

    firm: Firm
    app: Litestar
    client: TestClient[Any]
    users: dict[str, tuple[str, Binding]] = field(default_factory=dict)

    def call(self, who: str, method: str, path: str, *, tag: str = "", **options: Any) -> httpx.Response:
        user, binding = self.users[who]
        with self.firm.book.writing() as session:
            token = open_session(session, user, binding=binding.id, second=True, now=datetime.now(UTC))
        headers = {"accept": "application/json", FORM_HEADER: Signed(user, binding, True, token).form_token}
        headers |= {"idempotency-key": uuid4().hex} | ({"if-match": f'"{tag}"'} if tag else {}) | options.pop("headers", {})
        self.client.cookies.clear()
        self.client.cookies.set(COOKIE, token)
        return self.client.request(method, path, headers=headers, follow_redirects=False, **options)

    def ask(self, who: str, path: str, **options: Any) -> Any:
        """What is read under /api/v1."""
        answer = self.call(who, "GET", f"/api/v1{path}", **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, who: str, path: str, said: Any = None, *, status: int = 200, tag: str | None = None) -> Any:
        """A step of a filing, with the tag as it is."""
        known = self.tag(path.split("/")[2]) if tag is None and path.startswith("/filings/") else tag or ""
        answer = self.call(who, "POST", f"/api/v1{path}", tag=known, **({} if said is None else {"json": said}))
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def tag(self, id: str) -> str:  # noqa: A002
        return str(self.ask("li", f"/filings/{id}")["tag"])

    def put(
        self, id: str, *lines: str, who: str = "li", data: bytes | None = None, name: str = "lines.csv", kind: str = "text/csv",  # noqa: A002
        answers: int | None = None, status: int = 200,
    ) -> Any:  # fmt: skip
        """Lines sent to a filing."""
        body = data if data is not None else "\n".join([HEAD, *lines, ""]).encode()
        params = {"name": name} | ({"answers": answers} if answers else {})
        answer = self.call(
            who, "PUT", f"/api/v1/filings/{id}/lines", tag=self.tag(id), content=body, params=params, headers={"content-type": kind}
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def user(self, name: str) -> str:
        return self.users[name][0]


def people(firm: Firm, app: Litestar, other: str) -> dict[str, tuple[str, Binding]]:
    """Users in their offices; the verifiers are accredited but for the third."""
    now, found = datetime.now(UTC), {}
    with firm.book.writing() as session:
        for name, office in WHO.items():
            bound = DUTIES[office].bound
            holder = (other if name == "stranger" else firm.id) if bound is Bound.HOLDER else None
            user = add_user(session, app.state.vault, fields={"name": name}, now=now)
            division = COUNTY if bound is Bound.DIVISION else None
            found[name] = (user, bind(session, user, office, holder=holder, division=division, by="test", now=now))
        for name in ("zhou", "wu"):
            accredit(session, found[name][0], now)
    return found


def accredit(session: Any, actor: str, now: datetime) -> None:
    officer = Principal("officer", Role.AUTHORITY, divisions=frozenset({"330000"}))
    grant(
        session, officer, actor=actor, number=f"CNAS {actor}", body="示例认可机构", industries=("C30",), valid_from=date(2020, 1, 1),
        valid_until=date(2099, 12, 31), now=now,
    )  # fmt: skip


def floor_of(make_firm: Callable[..., Firm]) -> Floor:
    firm = make_firm()
    app = create_app(firm.book)
    floor = Floor(firm, app, TestClient(app))
    floor.users = people(firm, app, make_firm(sites={"x01": "330106"}).id)
    return floor


def county_g(floor: Floor, *, year: int = 2023) -> int:
    """Scope 1 and scope 2 by location of the county's dashboard in g CO2e, as the API gives it."""
    told = floor.ask("wang", f"/regions/{COUNTY}", params={"year": year})
    return sum(int(told["filed_g"].get(part, "0")) for part in ("physical", "location"))
