"""What is told over HTTP of jobs, webhooks and deliveries: the server's answers and the client's are these same forms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

DONE, FAILED = "done", "failed"
ENDED = frozenset({DONE, FAILED})


@dataclass(frozen=True, kw_only=True)
class JobView:
    """A job: `status` is queued, running, done or failed; `permille` how far it is; `result` what the call would have answered, or
    `problem` why there is none."""

    id: str
    kind: str
    status: str
    permille: int
    step: str
    version: int
    attempts: int
    result: dict[str, Any] | None
    problem: dict[str, Any] | None
    created_at: datetime
    changed_at: datetime

    @property
    def ended(self) -> bool:
        """Whether nothing more will become of it."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook as its office may see it: never its secret."""

    id: str
    url: str
    events: tuple[str, ...]
    failures: int
    created_at: datetime
    disabled_at: datetime | None


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook and its secret, which is shown this once: keep it where you check signatures."""

    webhook: Endpoint
    secret: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a webhook, as its office may see it."""

    id: str
    event: str
    status: str
    attempts: int
    answer: int | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None
