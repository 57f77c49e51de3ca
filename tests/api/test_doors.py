"""No route without its role, action and scope."""

import pytest
from litestar import Litestar, get
from litestar.exceptions import ImproperlyConfiguredException

from api.doors import PUBLIC, READER, check_doors


@get("/open", opt=PUBLIC, sync_to_thread=False)
def declared() -> str:
    return "x"


@get("/forgotten", sync_to_thread=False)
def forgotten() -> str:
    return "x"


@get("/strange", opt=READER | {"role": "somebody"}, sync_to_thread=False)
def strange() -> str:
    return "x"


def test_an_undeclared_route_stops_the_start_up() -> None:
    check_doors(Litestar([declared], openapi_config=None, logging_config=None))
    with pytest.raises(ImproperlyConfiguredException, match="/forgotten"):
        check_doors(Litestar([declared, forgotten], openapi_config=None, logging_config=None))
    with pytest.raises(ImproperlyConfiguredException, match="/strange"):
        check_doors(Litestar([strange], openapi_config=None, logging_config=None))


def test_the_application_passes_its_own_check(app: Litestar) -> None:
    check_doors(app)
