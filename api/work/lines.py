"""Take a large file of a firm as the lines of its filing, as a job: nothing of it is booked."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from api.work.desk import Desk
from api.work.together import Together
from ledger.principal import Principal

LINES = "filing-lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What was sent: to which filing of whom, under which name, over which tag, in answer to which finding."""

    filing: str
    holder: str
    name: str
    if_match: str
    answers: int | None = None

    def content(self) -> dict[str, Any]:
        """As the job keeps it."""
        return asdict(self)


def take_lines(book: Together, content: dict[str, Any], data: bytes, principal: Principal, now: datetime, today: date) -> dict[str, Any]:
    """The filing's id, tag, version and number of lines, once they are taken. Raises as `Desk.take_in`."""
    said = Lines(**content)
    desk = Desk(book, principal, now, today)
    made = desk.take_in(said.filing, data=data, name=said.name, if_match=said.if_match, answers=said.answers)
    return {"filing": made.id, "tag": made.tag, "version": made.version, "lines": made.stand.lines}
