"""How many calls one may make: a bucket for each user, or each address where nobody is signed in, which fills again evenly.

The buckets are in memory, one set to each worker process: with four workers a client may at most make four times as many calls. That is
enough to keep one client from taking the machine, and costs no turn to the database. Headers: draft-ietf-httpapi-ratelimit-headers-10;
429 with Retry-After (RFC 6585, 4; RFC 9110, 10.2.3).
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.session import Signed
from api.work.errors import TooManyRequests

WINDOW_S = 60
BUCKETS_MAX = 50_000
FREE = ("/static/", "/api/v1/health", "/health", "/ready", "/metrics")


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls a minute of one who is signed in, and of an address where nobody is; 0 is without limit."""

    signed: int = 0
    anonymous: int = 0


NO_LIMITS = Limits()


@dataclass(slots=True)
class Bucket:
    """What is left, and when that was."""

    left: float
    at: float


class Limiter:
    """The buckets. The one that was not used for longest is forgotten first: it is full again by then."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, who: str, quota: int) -> tuple[int, int, int]:
        """Take one of `quota` calls a minute. How many are left (-1 where there was none), seconds until the bucket is full, and until
        there is another."""
        now = self.clock()
        bucket = self.buckets.pop(who, None) or Bucket(quota, now)
        bucket.left = min(quota, bucket.left + (now - bucket.at) * quota / WINDOW_S)
        bucket.at = now
        self.buckets[who] = bucket
        if len(self.buckets) > BUCKETS_MAX:
            self.buckets.popitem(last=False)
        taken = bucket.left >= 1
        bucket.left -= taken
        full, next_one = (ceil((wanted - bucket.left) * WINDOW_S / quota) for wanted in (quota, 1))
        return (int(bucket.left) if taken else -1), full, max(next_one, 1)


class RateLimit(ASGIMiddleware):
    """Stands behind the gate, which knows who calls."""

    scopes = (ScopeType.HTTP,)
    should_bypass_for_scope = staticmethod(lambda scope: scope["path"].startswith(FREE))

    def __init__(self, limits: Limits, *, limiter: Limiter | None = None) -> None:
        self.limits, self.limiter = limits, limiter or Limiter()

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        who: Signed | None = scope.get("user")
        name, key, quota = caller(who, scope, self.limits)
        if not quota or (who is not None and who.local is not None):
            await next_app(scope, receive, send)
            return
        left, full, next_one = self.limiter.take(key, quota)
        told = {"RateLimit-Policy": f'"{name}";q={quota};w={WINDOW_S}', "RateLimit": f'"{name}";r={max(left, 0)};t={full}'}
        if left < 0:
            raise TooManyRequests(wait_s=next_one, headers=told)
        pairs = [(header.lower().encode(), value.encode()) for header, value in told.items()]

        async def limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *pairs]
            await send(message)

        await next_app(scope, receive, limited)


def caller(who: Signed | None, scope: Scope, limits: Limits) -> tuple[str, str, int]:
    """The policy, whose bucket it is, and how large. Keys and tokens of one user share the user's bucket: more keys are not more calls."""
    if who is not None:
        return "user", f"user {who.user}", limits.signed
    client = scope.get("client")
    return "address", f"address {client[0] if client else '-'}", limits.anonymous
