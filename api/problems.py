"""What goes wrong, as RFC 9457 problems. This is the only table of statuses; below this package HTTP is unknown."""

from typing import Any, NamedTuple

import msgspec
from litestar.exceptions import HTTPException

from api.auth.errors import (
    AlreadyDecided,
    AskerGone,
    AuthError,
    BadUser,
    Crowded,
    Forbidden,
    ForgedRequest,
    NotLinked,
    NotVouched,
    OwnRights,
    PasswordChangeNeeded,
    SecondFactorNeeded,
    SecondNeeded,
    SignInNeeded,
    TooManyAttempts,
    UserNotFound,
    WrongCredentials,
)
from api.auth.releasing import FaultyPack
from api.outgoing import OutgoingFailed, OutgoingRefused
from api.work.errors import (
    DraftChanged,
    DraftNotFound,
    JobNotFound,
    KeyInFlight,
    KeyMissing,
    KeyReusedOtherwise,
    LeaseLost,
    PreconditionNeeded,
    TooManyRequests,
    WebhookNotFound,
    WebhookRefused,
    WorkError,
)
from carbon.enterprise.errors import (
    BankingLimit,
    DocumentNotFound,
    FilingChanged,
    FilingExists,
    FilingNotFound,
    GenerationTaken,
    NoRule,
    NotAccredited,
    NotVerified,
    ObligationExceeded,
    OffsetLimit,
    PreparerVerifies,
    QuestionsOpen,
    SerialUsed,
    StatementNotFound,
    StateRefused,
    UnitsMissing,
)
from carbon.errors import AlreadyTaken, CarbonError, FaultyFile, HolderNotFound, ImportNotFound, SiteNotFound
from carbon.region.series import SeriesNotFound
from factors.errors import AmbiguousAlias, FactorError, FactorNotFound, PackInvalid, UnknownActivity
from factors.guide import GuideInvalid, GuideNotFound
from ledger.errors import (
    AccountNotFound,
    AlreadyReversed,
    BookNotMigrated,
    Busy,
    DiskFull,
    EntryNotFound,
    KeyReused,
    LedgerError,
    NotAllowed,
)

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """The status of a kind of error, its title, the sentence a page shows (filled from the error's fields; where it is empty, one stands in
    `api.sentences`), and after how many seconds the same may be sent again (RFC 9110, 10.2.3), where that helps and the error itself does
    not say."""

    status: int
    title: str
    sentence: str = ""
    again_s: int = 0


def N_(message: str) -> str:  # noqa: N802
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


KINDS: dict[type[Exception], Kind] = {
    SignInNeeded: Kind(401, N_("Sign in first"), N_("This is not public, or your session has ended.")),
    SecondFactorNeeded: Kind(401, N_("A code is needed"), N_("This office asks for a code of your authenticator as well.")),
    PasswordChangeNeeded: Kind(
        403, N_("Change your password first"), N_("An administrator set your password. Change it, then everything else is open.")
    ),
    WrongCredentials: Kind(401, N_("Not signed in"), N_("Login or password is wrong.")),
    TooManyAttempts: Kind(429, N_("Too many attempts"), N_("Wait 15 minutes, then try again.")),
    Crowded: Kind(429, N_("Many are signing in"), N_("Many are signing in at this moment. Try again in a few seconds.")),
    NotLinked: Kind(
        403, N_("Not linked yet"), N_("This account is not linked to a user here. Sign in with your password, then link it under Me.")
    ),
    NotVouched: Kind(401, N_("Not signed in"), N_("The identity provider's answer does not hold. Begin signing in again.")),
    Forbidden: Kind(403, N_("Not allowed"), N_("Your office does not include this.")),
    ForgedRequest: Kind(
        403, N_("Not allowed"), N_("This request did not come from a page of this site. Load that page and send it again.")
    ),
    UserNotFound: Kind(404, N_("Not found")),
    OwnRights: Kind(403, N_("Not allowed"), N_("Nobody does this for themselves: another person must.")),
    SecondNeeded: Kind(409, N_("A second person is needed"), N_("The offices of a security officer are changed by two others.")),
    AlreadyDecided: Kind(409, N_("Decided already"), N_("This request was decided before. Nothing was changed now.")),
    AskerGone: Kind(409, N_("Who asked holds that office no longer"), N_("Refuse this request, and let somebody ask anew.")),
    BadUser: Kind(422, N_("The data cannot be used")),
    AuthError: Kind(500, N_("Something broke on our side")),
    OutgoingRefused: Kind(422, N_("This address is not called from here")),
    OutgoingFailed: Kind(502, N_("Another machine did not answer")),
    KeyMissing: Kind(400, N_("An Idempotency-Key is missing")),
    KeyReusedOtherwise: Kind(422, N_("A key was used before with other content")),
    KeyInFlight: Kind(409, N_("The same call is still being answered")),
    JobNotFound: Kind(404, N_("Not found")),
    LeaseLost: Kind(409, N_("Another worker took this over")),
    DraftNotFound: Kind(404, N_("Not found")),
    PreconditionNeeded: Kind(428, N_("Say which version you change")),
    DraftChanged: Kind(412, N_("Somebody changed this meanwhile")),
    WebhookNotFound: Kind(404, N_("Not found")),
    WebhookRefused: Kind(422, N_("The data cannot be used")),
    TooManyRequests: Kind(429, N_("Too many calls")),
    WorkError: Kind(500, N_("Something broke on our side")),
    FaultyFile: Kind(422, N_("The file has faults")),
    EntryNotFound: Kind(404, N_("Not found"), N_("This book has no entry {entry_id}.")),
    AccountNotFound: Kind(404, N_("Not found"), N_("No entry ever named the account {account}.")),
    NotAllowed: Kind(403, N_("Not allowed")),
    KeyReused: Kind(422, N_("A key was used before with other content")),
    AlreadyReversed: Kind(409, N_("Already reversed"), N_("Entry {entry_id} was already reversed, by entry {by}.")),
    BookNotMigrated: Kind(503, N_("There is no book yet"), N_("Run tanzhang init on this machine, then load this page again.")),
    Busy: Kind(503, N_("Another posting is under way"), again_s=5),
    DiskFull: Kind(
        507, N_("There is no room to write"), N_("The disk that keeps the book is full. Nothing is done without its record: ask for room.")
    ),
    LedgerError: Kind(422, N_("The ledger refuses this")),
    FactorNotFound: Kind(404, N_("No factor answers")),
    GuideNotFound: Kind(404, N_("Not found")),
    GuideInvalid: Kind(500, N_("An accounting guide cannot be used")),
    UnknownActivity: Kind(404, N_("Not found")),
    AmbiguousAlias: Kind(422, N_("The name has several meanings")),
    FaultyPack: Kind(422, N_("The file has faults"), N_("{pack} cannot be released: it has faults.")),
    PackInvalid: Kind(500, N_("A factor pack cannot be used")),
    FactorError: Kind(422, N_("The question cannot be answered")),
    HolderNotFound: Kind(404, N_("Not found"), N_("There is no holder {holder} that you may see.")),
    SiteNotFound: Kind(404, N_("Not found")),
    ImportNotFound: Kind(404, N_("Not found")),
    SeriesNotFound: Kind(404, N_("Not found")),
    AlreadyTaken: Kind(409, N_("Taken already")),
    FilingNotFound: Kind(404, N_("Not found")),
    DocumentNotFound: Kind(404, N_("Not found")),
    FilingChanged: Kind(412, N_("Somebody changed this meanwhile")),
    FilingExists: Kind(409, N_("Taken already")),
    StateRefused: Kind(409, N_("This cannot happen as it stands")),
    StatementNotFound: Kind(404, N_("Not found")),
    NoRule: Kind(404, N_("Not found")),
    NotVerified: Kind(409, N_("This cannot happen as it stands")),
    OffsetLimit: Kind(
        409,
        N_("This cannot happen as it stands"),
        N_(
            "For {year} at most {limit} t of {unit} count toward the obligation, and {used} t are surrendered already: {asked} t more are "
            "refused. Use allowances for the rest."
        ),
    ),
    BankingLimit: Kind(
        409,
        N_("This cannot happen as it stands"),
        N_(
            "Into {year} {limit} t of older vintages may be carried over, {base} t and the part of {sold} t sold net; {carried} t are. "
            "{asked} t more are refused."
        ),
    ),
    ObligationExceeded: Kind(
        409,
        N_("This cannot happen as it stands"),
        N_("For {year} there are {left} t still to be surrendered, not {asked} t. What is not owed stays with its holder."),
    ),
    UnitsMissing: Kind(
        409,
        N_("This cannot happen as it stands"),
        N_("{asked} units of {unit} were asked for: {has} on the account may be used so."),
    ),
    SerialUsed: Kind(409, N_("This cannot happen as it stands")),
    GenerationTaken: Kind(
        409,
        N_("This cannot happen as it stands"),
        N_(
            "{asked} kWh for {mechanism} are refused: plant {plant} generated {generated} kWh in month {month}, and each kWh feeds one "
            "mechanism, once."
        ),
    ),
    PreparerVerifies: Kind(403, N_("Not allowed")),
    QuestionsOpen: Kind(422, N_("Questions are still open")),
    NotAccredited: Kind(403, N_("Not accredited")),
    CarbonError: Kind(422, N_("The data cannot be used")),
}
TITLES = {
    400: N_("The address or its parameters are wrong"),
    401: N_("Sign in first"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("This address does not take that method"),
    406: N_("Not in that form"),
    413: N_("Too large"),
    414: N_("The address is too long"),
    415: N_("This type of content is not read here"),
    421: N_("Not this machine"),
    422: N_("The data cannot be used"),
    500: N_("Something broke on our side"),
}
SENTENCES = {
    404: N_("There is nothing at this address. It may have been mistyped, or the division or entry does not exist in this book."),
    500: N_("The error was written to the log of the server. Nothing was booked."),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as it is sent. `errors` point to row and column; `instance` is the request, by which its line in the log is found."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    errors: tuple[dict[str, Any], ...] = ()


def problem_of(error: Exception, *, number: str = "") -> Problem:
    """The problem that an error is, in the request of that number."""
    problem = _problem_of(error)
    return msgspec.structs.replace(problem, instance=f"urn:tanzhang:request:{number}") if number else problem


def _problem_of(error: Exception) -> Problem:
    for kind in type(error).__mro__:
        if kind in KINDS:
            status, title, *_ = KINDS[kind]
            code = str(getattr(error, "code", "error"))
            return _problem(status, title, code=code, detail=_detail(error), errors=_faults(error))
    if isinstance(error, HTTPException):
        extra = error.extra if isinstance(error.extra, list) else []
        errors = tuple({"column": item.get("key"), "reason": item.get("message")} for item in extra if isinstance(item, dict))
        status = error.status_code
        detail = SENTENCES[404] if error.detail == "Not Found" else error.detail
        return _problem(status, TITLES.get(status, error.detail), code=f"http.{status}", detail=detail, errors=errors)
    return _problem(500, TITLES[500], code="internal", detail=SENTENCES[500], errors=())


def headers_of(error: Exception) -> dict[str, str]:
    """What an error tells its caller beside the problem."""
    kind = next((KINDS[kind] for kind in type(error).__mro__ if kind in KINDS), None)
    again = {"Retry-After": str(kind.again_s)} if kind and kind.again_s else {}
    return again | dict(getattr(error, "headers", None) or {})


def _problem(status: int, title: str, *, code: str, detail: str, errors: tuple[dict[str, Any], ...]) -> Problem:
    return Problem(type=f"urn:tanzhang:problem:{code}", title=title, status=status, code=code, detail=detail, errors=errors)


def _detail(error: Exception) -> str:
    if isinstance(error, FaultyFile):
        count = len(error.faults)
        return f"{count} fault{'' if count == 1 else 's'}; nothing was computed or booked. Mend the rows named in errors and send it again."
    return str(error)


def _faults(error: Exception) -> tuple[dict[str, Any], ...]:
    if isinstance(error, FaultyPack):
        return tuple({"reason": fault} for fault in error.faults)
    if isinstance(error, QuestionsOpen):
        return tuple({"question": key} for key in error.questions)
    if not isinstance(error, FaultyFile):
        return ()
    return tuple(msgspec.to_builtins(fault) for fault in error.faults)
