"""How each route is asked: what stands for its parameters, what is sent, and whose the object is. A new route needs a line here at most.

A route without parameters that only reads needs none: it answers whoever its door lets in. Of one that changes something it is said what a
good or a harmless request is; of one with parameters, which objects stand for them.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from api.auth.approval import ask
from api.auth.office import Action, Office
from api.auth.reopening import REOPEN
from api.auth.user import add_user, bind, disable
from api.resources.files import XLSX
from api.work.draft import DraftContent, delete_draft, write_draft
from api.work.errors import DraftNotFound
from api.work.job import enqueue
from api.work.webhook import register
from carbon.enterprise.filing.document import attach
from carbon.enterprise.filing.filing import open_filing, save_version
from carbon.tables import ImportRow, JobRow, WebhookRow
from ledger.types import table_of
from tests.api.visitors import Visitor
from tests.world import OTHER_COUNTY, OWN_CITY, OWN_COUNTY, PROVINCE, World

Sees = Callable[[Visitor], bool]
CALCULATED = "activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n"
FILED = "activity,quantity,unit,day,site,source\nelectricity.grid,7,kWh,2024-07-01,s01,meter\n"


def everyone(_: Visitor) -> bool:
    """Whoever the door lets in."""
    return True


def own(visitor: Visitor) -> bool:
    """Who sees the rows of holder `own`."""
    return visitor.sees_tenant("own")


def other(visitor: Visitor) -> bool:
    """Who sees the rows of holder `other`."""
    return visitor.sees_tenant("other")


def area(code: str) -> Sees:
    """Who sees all that was filed in a division."""
    return lambda visitor: visitor.sees_area(code)


@dataclass(frozen=True)
class Try:
    """One way to ask. `path` fills the parameters; what is sent is `send`, for httpx; `sees` says whose the object is, `door` which action is
    asked for where the handler asks for one itself. `ok` are the statuses of who is let in, any good one where nothing is said; `absent` are
    parameters of an object that is not there, `fresh` makes the parameters of one that the request uses up. `offices` are those
    in which the handler lets it be done, where the door says less."""

    path: dict[str, str] = field(default_factory=dict)
    send: dict[str, Any] = field(default_factory=dict)
    sees: Sees = everyone
    door: Action | None = None
    ok: tuple[int, ...] = ()
    absent: dict[str, str] = field(default_factory=dict)
    fresh: Callable[[], dict[str, str]] | None = None
    offices: frozenset[Office] | None = None


@dataclass
class Things:
    """The objects that routes ask for, made anew where a request uses them up."""

    world: World
    app: Any
    visitors: list[Visitor]

    def __post_init__(self) -> None:
        f = table_of(ImportRow).c
        with self.world.book.reading() as session:
            self.files = {row[0]: row[1] for row in session.execute(sa.select(f.holder_id, f.id))}
        self.firm = next(one for one in self.visitors if one.office is Office.FIRM and one.tenant == "own")

    def holder(self, name: str) -> str:
        return self.world.holders[name]

    def user(self) -> tuple[str, str]:
        """A fresh user with an office, for what shuts it out or takes the office away."""
        now = datetime.now(UTC)
        with self.world.book.writing() as session:
            made = add_user(session, self.app.state.vault, now=now)
            return made, bind(session, made, Office.PROVIDER, by="u0", now=now).id

    def shut_out(self) -> str:
        """A fresh user who may not come in."""
        made, _ = self.user()
        with self.world.book.writing() as session:
            disable(session, made, now=datetime.now(UTC))
        return made

    def draft(self) -> str:
        """The tag of the firm's draft `d`, there anew."""
        principal, holder = self.world.firm("own"), self.holder("own")
        with self.world.book.writing() as session:
            with suppress(DraftNotFound):
                delete_draft(session, principal, holder=holder, name="d", if_match="*")
            made, _ = write_draft(
                session,
                principal,
                holder=holder,
                name="d",
                content=DraftContent(lines=[]),
                if_match=None,
                if_none="*",
                now=datetime.now(UTC),
            )
        return f'"{made.tag}"'

    def job(self) -> str:
        """A job of the firm's office that has ended."""
        assert self.firm.binding is not None
        with self.world.book.writing() as session:
            made = enqueue(session, "file", {}, user=self.firm.user, binding=self.firm.binding.id, now=datetime.now(UTC))
            row = table_of(JobRow)
            session.execute(sa.update(row).where(row.c.id == made.id).values(status="done", result="{}", version=1))
        return made.id

    def webhook(self) -> str:
        """A webhook of the firm's office, the only one."""
        assert self.firm.binding is not None
        with self.world.book.writing() as session:
            session.execute(sa.update(table_of(WebhookRow)).values(removed_at=datetime.now(UTC)))
            made, _ = register(
                session, self.app.state.vault, self.firm.binding, url="https://hooks.example.org/x", events=["file.booked"],
                hosts=frozenset({"hooks.example.org"}), now=datetime.now(UTC),
            )  # fmt: skip
        return made.id

    def filing(self) -> str:
        """A filing of the firm with a line, and a document of it."""
        principal, now = self.world.firm("own"), datetime.now(UTC)
        with self.world.book.writing() as session:
            made = open_filing(session, principal, holder=self.holder("own"), year=2024, guide="cement", now=now)
            said = {"name": "lines.csv", "data": FILED.encode(), "lines": 1, "if_match": made.tag, "now": now}
            save_version(session, principal, made.id, **said)  # type: ignore[arg-type]
            self.document = attach(session, principal, holder=self.holder("own"), name="a.txt", data=b"a bill", now=now).sha256
        return made.id

    def request(self) -> str:
        """A request of the firm that a month be opened again."""
        assert self.firm.binding is not None
        content = {"period": 202303, "scope": f"holder/{self.holder('own')}/", "reason": "a bill was missing"}
        with self.world.book.writing() as session:
            return ask(session, self.firm.binding, REOPEN, subject="2023-03", content=content, now=datetime.now(UTC))


def firm_alone(visitor: Visitor) -> bool:
    """What an office wrote for itself."""
    return visitor.office is Office.FIRM and visitor.tenant == "own"


def concerned(visitor: Visitor) -> bool:
    """Who may see a request to open a month of holder `own`: who files for it, and the regulators of its division."""
    return visitor.sees_tenant("own") and visitor.office in {Office.FIRM, Office.PARK, Office.REGULATOR}


ANY = frozenset(Office)
ASKING = frozenset({Office.FIRM, Office.PARK, Office.REGULATOR})
FACTOR = {"pack": "cn-grid", "edition": "2025-47_e001", "row": "330000"}
REFUSED_INSIDE = (200, 303, 400, 401, 404, 422, 429)
"""For what a person does for herself: what is wrong with it is said by the handler, in its own words."""


def files(stem: str) -> list[Try]:
    """A table and its twin."""
    return [Try({"file": f"{stem}.csv"}), Try({"file": f"{stem}.json"})]


def form(**fields: str) -> dict[str, Any]:
    return {"data": fields or {"x": ""}}


def recipes(things: Things) -> dict[str, list[Try]]:
    """By method and address; `{language}` of a page is left out."""
    from tests.api.enterprise.recipes import firms

    holder, entry = things.holder("own"), str(things.world.entries["s01"][0])
    account, air = f"holder/{holder}/s01/scope1/1A2", f"atmosphere/{OWN_COUNTY}/1A2"
    asked = {"commodity": "CO2"}
    regions = [
        Try({"code": "100000"}), Try({"code": PROVINCE}),
        *(Try({"code": code}, sees=area(code), door=Action.READ, absent={"code": "999999"}) for code in (OWN_COUNTY, OTHER_COUNTY, OWN_CITY)),
    ]  # fmt: skip
    entries = [Try({"entry_id": entry}, sees=own, absent={"entry_id": "99999"})]
    holders = [Try({"holder_id": holder}, sees=own, absent={"holder_id": "h0000000000"})]
    sees_air = area(OWN_COUNTY)

    def with_file(tries: list[Try], *names: str) -> list[Try]:
        return [
            replace(one, path=one.path | {"file": name}, absent=one.absent and one.absent | {"file": name})
            for one in tries
            for name in names
        ]

    accounts = [
        Try({}, {"params": {"account": account} | asked}, own, absent={"account": "holder/h0000000000/s01/scope1/1A2"}),
        Try({}, {"params": {"account": air} | asked}, sees_air, absent={"account": "atmosphere/110101/1A2"}),
    ]
    named = [Try(), Try({}, {"params": {"name": f"holder/{holder}/"}}, own, absent={"name": "holder/h0000000000/"})]
    return {
        "GET /regions/{code}": regions,
        "GET /api/v1/regions/{code}": regions,
        "GET /regions/{code}/{file}": with_file(regions, "children.csv", "months.json", "holders.csv", "sectors.csv", "series"),
        "GET /regions/list/{file}": files("regions"),
        "GET /entries/{entry_id}": entries, "GET /api/v1/entries/{entry_id}": entries, "GET /api/v1/entries/{entry_id}/proof": entries,
        "GET /api/v1/lines/{entry_id}": entries, "GET /entries/{entry_id}/{file}": with_file(entries, "legs.csv", "legs.json"),
        "GET /entries": [Try(), Try({}, {"params": {"division": OTHER_COUNTY, "year": "2023"}})],
        "GET /entries/list/{file}": [*files("entries"), *with_file([Try({}, {"params": {"holder": things.holder("other")}})], "entries.csv")],
        "GET /accounts": named, "GET /accounts/{file}": with_file(named, "accounts.csv"),
        "GET /accounts/statement": accounts, "GET /accounts/statement/{file}": with_file(accounts, "statement.csv"),
        "GET /api/v1/accounts/statement": accounts, "GET /api/v1/accounts/balance": accounts,
        "GET /holders/{holder_id}": holders, "GET /holders/{holder_id}/{file}": with_file(holders, "sites.csv"),
        "GET /holders/list/{file}": files("holders"),
        "GET /search": [Try({}, {"params": {"q": text}}) for text in ("乙水泥", "x01", "h")],
        "GET /search/{file}": with_file([Try({}, {"params": {"q": "乙"}})], "search.csv", "search.json"),
        "GET /api/v1/resolution": [Try({}, {"params": {"activity": "electricity.grid", "day": "2023-07-01"}})],
        "GET /factors/{file}": files("factors"), "GET /help/{file}": files("glossary"), "GET /access/{file}": files("access"),
        "GET /factors/{pack}/{edition}/{row}": [Try(FACTOR)], "GET /api/v1/factors/{pack}/{edition}/{row}": [Try(FACTOR)],
        "GET /factors/{pack}/{edition}/{row}/{file}": [Try(FACTOR | {"file": "factor.json"})],
        "GET /guides/{guide}": [Try({"guide": "cement"})], "GET /api/v1/guides/{guide}": [Try({"guide": "cement"})],
        "GET /guides/list/{file}": [Try({"file": "guides.csv"})],
        "GET /guides/{guide}/{file}": [Try({"guide": "cement", "file": "items.csv"})],
        "GET /static/{file_path}": [Try({"file_path": "manifest.json"})], "HEAD /static/{file_path}": [Try({"file_path": "manifest.json"})],
        "GET /metrics": [Try(ok=(404,))],  # which is for this machine alone
        "GET /schema/{path}": [Try({"path": "swagger"}, ok=(404,))],
    } | inside(things) | officers(things) | work(things) | filed(things) | firms(things)  # fmt: skip


def inside(things: Things) -> dict[str, list[Try]]:
    """What everybody does for themselves, and the ways in: a wrong password is no refusal of the door."""
    said = {
        name: [Try({}, form(), ok=REFUSED_INSIDE)]
        for name in ("sign-in", "sign-in/code", "me/password", "me/second-factor", "me/second-factor/codes", "me/second-factor/remove",
                     "sign-in/demo", "me/office", "me/link", "me/unlink")
    }  # fmt: skip
    return {f"POST /{name}": tries for name, tries in said.items()} | {
        "GET /me/{file}": files("offices"),
        "GET /sign-in/oidc": [Try(ok=REFUSED_INSIDE)],
        "POST /sign-out": [Try({}, form(), ok=(303,))], "POST /me/sign-out-everywhere": [Try({}, form(), ok=(303,))],
        "POST /theme": [Try({}, form(theme="dark"), ok=(303,))],
        "POST /api/v1/token": [Try({}, form(grant_type="client_credentials"), ok=(400, 401))],
        "POST /api/v1/calc": [Try({}, {"content": CALCULATED, "headers": {"content-type": "text/csv"}}, ok=(200,))],
    }  # fmt: skip


def officers(things: Things) -> dict[str, list[Try]]:
    """Users and their offices."""
    user, _ = things.user()
    return {
        "GET /users/{user_id}": [Try({"user_id": user})],
        "GET /users/list/{file}": files("users"),
        "GET /users/{user_id}/{file}": [Try({"user_id": user, "file": f"offices.{kind}"}) for kind in ("csv", "json")],
        "POST /users": [Try({}, form(kind="machine"), ok=(303,))],
        "POST /users/{user_id}/disable": [Try({}, form(), fresh=lambda: {"user_id": things.user()[0]}, ok=(303,))],
        "POST /users/{user_id}/enable": [Try({}, form(), fresh=lambda: {"user_id": things.shut_out()}, ok=(303,))],
        "POST /users/{user_id}/offices": [Try({"user_id": user}, form(role="provider"), ok=(303, 422))],
        "POST /users/{user_id}/offices/{binding_id}/end": [
            Try({}, form(), fresh=lambda: dict(zip(("user_id", "binding_id"), things.user(), strict=True)), ok=(303,))
        ],
    }


def work(things: Things) -> dict[str, list[Try]]:
    """Files, drafts, jobs, webhooks, and what takes two."""
    holder = things.holder("own")
    of = {"holder": holder}
    drafted = lambda: {"holder": holder, "name": "d"}  # noqa: E731
    request = {"number": things.request()}
    job, webhook = {"job": things.job()}, {"webhook": things.webhook()}
    reopening = {"month": "2023-03", "scope": f"holder/{holder}/", "reason": "a bill was missing"}
    files_of = [Try(of, sees=own, absent={"holder": "h0000000000"})]
    body = {"json": {"lines": []}}
    things.draft()
    return {
        "GET /api/v1/holders/{holder}/files": files_of,
        "GET /api/v1/holders/{holder}/files/{import_id}": [Try(of | {"import_id": things.files[holder]}, sees=own)],
        "POST /api/v1/holders/{holder}/files": [Try(of, {"content": FILED, "headers": {"content-type": "text/csv"}}, own, ok=(201, 409, 422))],
        "GET /api/v1/holders/{holder}/drafts": files_of,
        "GET /api/v1/holders/{holder}/drafts/{name}": [Try(drafted(), sees=own, absent={"holder": "h0000000000", "name": "d"})],
        "PUT /api/v1/holders/{holder}/drafts/{name}": [Try(drafted(), body | {"headers": {"if-none-match": "*"}}, own, ok=(200, 201, 412))],
        "DELETE /api/v1/holders/{holder}/drafts/{name}": [
            Try({}, {"headers": {"if-match": "*"}}, own, fresh=lambda: things.draft() and drafted(), ok=(204, 412))
        ],
        "GET /api/v1/jobs": [Try(offices=ANY)], "GET /api/v1/webhooks": [Try(offices=ANY)],
        "GET /api/v1/jobs/{job}": [Try(job, offices=ANY, sees=firm_alone, absent={"job": "j0"})],
        "GET /api/v1/jobs/{job}/events": [Try(job, offices=ANY, sees=firm_alone)],
        "GET /api/v1/webhooks/{webhook}": [Try(webhook, offices=ANY, sees=firm_alone, absent={"webhook": "w0000000000"})],
        "GET /api/v1/webhooks/{webhook}/deliveries": [Try(webhook, offices=ANY, sees=firm_alone)],
        "POST /api/v1/webhooks": [Try({}, {"json": {"url": "https://127.0.0.1/", "events": ["file.booked"]}}, ok=(422,), offices=ANY)],
        "POST /api/v1/webhooks/{webhook}/enable": [Try({}, {}, firm_alone, fresh=lambda: {"webhook": things.webhook()}, ok=(200,), offices=ANY)],
        "DELETE /api/v1/webhooks/{webhook}": [Try({}, {}, firm_alone, fresh=lambda: {"webhook": things.webhook()}, ok=(204,), offices=ANY)],
        "GET /approvals/list/{file}": files("approvals"),
        "GET /approvals/{number}/{file}": [
            Try(request | {"file": f"request.{kind}"}, sees=concerned, absent={"number": "f" * 32, "file": f"request.{kind}"})
            for kind in ("csv", "json")
        ],
        "GET /approvals/{number}": [Try(request, sees=concerned, absent={"number": "f" * 32})],
        "GET /api/v1/approvals/{number}": [Try(request, sees=concerned, absent={"number": "f" * 32})],
        "POST /approvals/reopenings": [Try({}, form(**reopening), concerned, ok=(303, 422), offices=ASKING)],
        "POST /api/v1/approvals/reopenings": [Try({}, {"json": reopening}, concerned, ok=(201, 409, 422), offices=ASKING)],
        "POST /api/v1/approvals/releases": [
            Try({}, {"content": b"PK", "headers": {"content-type": XLSX}}, ok=(422,), offices=frozenset({Office.PROVIDER, Office.REGULATOR}))
        ],
        "POST /approvals/{number}/decision": [
            Try({}, form(decision="refused"), concerned, fresh=lambda: {"number": things.request()}, ok=(303,))
        ],
        "POST /api/v1/approvals/{number}/decision": [
            Try({}, {"json": {"decision": "refused"}}, concerned, fresh=lambda: {"number": things.request()}, ok=(200,))
        ],
    }  # fmt: skip


def filed(things: Things) -> dict[str, list[Try]]:
    """Filings and what proves them. A step under a tag that is old changes nothing: whoever is let in is told so."""
    holder, made = things.holder("own"), things.filing()
    of, gone = {"holder": holder}, {"filing": "f0000000000"}
    old = {"headers": {"if-match": '"t0"'}}
    reads = {
        f"GET {prefix}/filings/{{filing}}{part}": [Try({"filing": made}, sees=own, absent=gone)]
        for prefix, parts in {
            "": ("", "/verification"), "/api/v1": ("", "/events", "/lines", "/problems", "/problems.xlsx", "/preview"),
        }.items()
        for part in parts
    }  # fmt: skip
    twins = ("problems.csv", "marked.xlsx", "lines.csv", "inventory.json", "bridge.csv", "restatement.csv", "events.xlsx", "findings.json")
    bodies: dict[str, Any] = {
        "submit": {}, "take-up": {"assurance": "limited", "materiality_permille": 50}, "findings": {"text": "x", "weight": "minor"},
        "findings/{no}/reply": {"text": "x"}, "findings/{no}/word": {"text": "x"}, "findings/{no}/close": {}, "sign": {"opinion": "qualified"},
        "send-back": {"reason": "x"}, "reject": {"reason": "x"}, "accept": None, "book": None, "restate": None,
        "documents": {"sha256": things.document},
    }  # fmt: skip
    told = (200, 303, 403, 409, 412, 422)
    path = {"filing": made, "no": "1"}
    steps = {
        f"POST {prefix}/filings/{{filing}}/{step}": [Try(path, old | ({} if body is None or not prefix else {"json": body}) | (
            {} if prefix else form(tag="t0", opinion="qualified")), own, ok=told)]
        for step, body in bodies.items() for prefix in ("/api/v1", "") if prefix or step != "documents"
    }  # fmt: skip
    sent = {"files": {"file": ("a.csv", FILED.encode())}, "data": {"tag": "t0"}}
    csv = {"content": FILED, "headers": {"content-type": "text/csv", "if-match": '"t0"'}}
    accreditation = {"actor": "u1", "number": "n1", "body": "x", "valid_from": "2024-01-01", "valid_until": "2024-12-31"}
    seen = [Try(of, sees=own, absent={"holder": "h0000000000"})]
    return reads | steps | {
        "GET /filings/list/{file}": files("filings"),
        "GET /filings/{filing}/{file}": [Try({"filing": made, "file": name}, sees=own, absent=gone | {"file": name}) for name in twins],
        "POST /filings": [Try({}, form(holder=holder, year="2024", guide="cement"), own, ok=(303, 409))],
        "POST /api/v1/holders/{holder}/filings": [Try(of, {"json": {"year": 2024, "guide": "cement"}}, own, ok=(201, 409))],
        **{f"POST /filings/{{filing}}/{step}": [Try(path, sent, own, ok=told)] for step in ("file", "documents")},
        **{f"POST /filings/{{filing}}/{step}": [Try(path, form(tag="t0", **{"0.note": "x"}), own, ok=told)] for step in ("mapping", "lines")},
        "PUT /api/v1/filings/{filing}/lines": [Try(path, csv, own, ok=(412,))],
        "GET /api/v1/holders/{holder}/mapping": seen,
        "PUT /api/v1/holders/{holder}/mapping": [Try(of, {"json": {"用途": "note"}}, own, ok=(200,))],
        "GET /api/v1/holders/{holder}/template.xlsx": [Try(of, {"params": {"guide": "cement", "year": "2024"}}, own)],
        "GET /api/v1/holders/{holder}/documents": seen,
        "POST /api/v1/holders/{holder}/documents": [Try(of, {"content": b"a bill", "headers": {"content-type": "text/plain"}}, own, ok=(201,))],
        "GET /api/v1/holders/{holder}/documents/{sha256}": [
            Try(of | {"sha256": things.document}, sees=own, absent=of | {"sha256": "0" * 64})
        ],
        "GET /api/v1/holders/{holder}/packets": seen,
        "POST /api/v1/holders/{holder}/packets": [Try(of, {"json": {"month": 202301, "readings": []}}, own, ok=(422,))],
        "POST /api/v1/accreditations": [Try({}, {"json": accreditation}, ok=(201, 422))],
    }  # fmt: skip
