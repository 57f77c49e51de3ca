"""What will end says so."""

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from litestar import Litestar, get
from litestar.testing import TestClient

from api.doors import PUBLIC
from api.sunset import DEPRECATED, SUCCESSOR, SUNSET, Sunset

OLD = {DEPRECATED: date(2026, 11, 1), SUNSET: date(2027, 5, 1), SUCCESSOR: "/api/v2/new"}


@get("/old", opt=PUBLIC | OLD, deprecated=True, sync_to_thread=False)
def old() -> str:
    return "x"


@get("/refusing", opt=PUBLIC | OLD, sync_to_thread=False)
def refusing(need: int) -> str:
    return str(need)


@get("/new", opt=PUBLIC, sync_to_thread=False)
def new() -> str:
    return "x"


def test_a_route_that_ends_says_since_when_until_when_and_what_comes_instead() -> None:
    with TestClient(Litestar([old, new, refusing], middleware=[Sunset()], logging_config=None)) as http:
        for path, status in (("/old", 200), ("/refusing", 400)):
            answer = http.get(path)
            assert answer.status_code == status
            assert answer.headers["deprecation"] == f"@{int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())}"
            assert parsedate_to_datetime(answer.headers["sunset"]) == datetime(2027, 5, 1, tzinfo=UTC)
            assert answer.links["successor-version"]["url"] == "/api/v2/new"
        assert not {"deprecation", "sunset", "link"} & set(http.get("/new").headers)
        assert http.get("/schema/openapi.json").json()["paths"]["/old"]["get"]["deprecated"] is True
