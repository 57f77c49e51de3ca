"""What keeps work from being done."""


class WorkError(Exception):
    """Root of every refusal of this package; `code` is stable."""

    code = "work"


class KeyMissing(WorkError):
    """A call that changes something came without an Idempotency-Key, or with one that cannot be."""

    code = "idempotency.key-missing"

    def __init__(self) -> None:
        super().__init__("send the header Idempotency-Key: 1 to 255 printable signs, new for each change and the same when you repeat it")


class KeyReusedOtherwise(WorkError):
    """A key that stands for another call."""

    code = "idempotency.other-content"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another call or other content: take a new key for a new change")


class KeyInFlight(WorkError):
    """The same key is being worked on."""

    code = "idempotency.in-flight"

    def __init__(self) -> None:
        self.headers = {"Retry-After": "5"}
        super().__init__("a call with this Idempotency-Key is still being answered: wait and send the same again")


class JobNotFound(WorkError):
    """No such job of this user in this office."""

    code = "job.not-found"

    def __init__(self, job: str) -> None:
        self.job = job
        super().__init__(f"there is no job {job[:60]!r} of yours")


class LeaseLost(WorkError):
    """Another worker took the job over."""

    code = "job.lease-lost"

    def __init__(self, job: str) -> None:
        self.job = job
        super().__init__(f"job {job} is another worker's by now")


class DraftNotFound(WorkError):
    """The holder has no draft of that name."""

    code = "draft.not-found"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no draft {name[:60]!r} of this holder")


class PreconditionNeeded(WorkError):
    """A change that does not say what it changes (RFC 6585, 3)."""

    code = "draft.precondition-needed"

    def __init__(self) -> None:
        super().__init__("send If-Match with the ETag that you read, or If-None-Match: * for a new draft")


class DraftChanged(WorkError):
    """Somebody changed the draft since it was read, or it is there already (RFC 9110, 15.5.13)."""

    code = "draft.changed"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the draft {name[:60]!r} is not what it was when you read it: read it again, then change it")


class WebhookNotFound(WorkError):
    """No such webhook of this office."""

    code = "webhook.not-found"

    def __init__(self, webhook: str) -> None:
        self.webhook = webhook
        super().__init__(f"there is no webhook {webhook[:60]!r} of yours")


class WebhookRefused(WorkError):
    """A webhook that cannot be: its field, and what it may be."""

    code = "webhook.refused"

    def __init__(self, *, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


class TooManyRequests(WorkError):
    """More calls than the limit allows in its window."""

    code = "limit.exceeded"

    def __init__(self, *, wait_s: int, headers: dict[str, str]) -> None:
        self.wait_s = wait_s
        self.headers = headers | {"Retry-After": str(wait_s)}
        super().__init__(f"too many calls: wait {wait_s} s")
