"""The activity codes."""

from litestar import get
from litestar.params import FromQuery

from api.doors import PUBLIC
from factors.activities import Activity, activities


@get("/activities", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def list_activities(q: FromQuery[str] = "") -> list[Activity]:
    """All activity codes with names, aliases and units, or those that hold every word of `q`."""
    words = q.lower().split()

    def text(one: Activity) -> str:
        return " ".join((one.id, one.name_zh, one.name_en, *one.aliases_zh, *one.aliases_en)).lower()

    return [one for one in activities() if all(word in text(one) for word in words)]
