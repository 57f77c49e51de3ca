"""What the doors refuse, in sentences. Nothing here says whether a login exists."""

from typing import ClassVar


class AuthError(Exception):
    """Root of every refusal of this package; `code` is stable."""

    code = "auth"


class SignInNeeded(AuthError):
    """Nobody is signed in, or the session has ended."""

    code = "auth.sign-in"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}  # RFC 9110, 11.6.1: how a machine may come

    def __init__(self) -> None:
        super().__init__("sign in first: this is not public, or your session has ended")


class WrongCredentials(AuthError):
    """Login, password, code or key do not hold. The sentence is the same for each of them and for a login that nobody has."""

    code = "auth.credentials"

    def __init__(self) -> None:
        super().__init__("login or password is wrong")


class TooManyAttempts(AuthError):
    """Too many failures in a row of one login."""

    code = "auth.attempts"

    def __init__(self, *, wait_s: int) -> None:
        self.wait_s = wait_s
        self.headers = {"Retry-After": str(wait_s)}
        super().__init__(f"too many failed attempts: wait {wait_s // 60 + 1} minutes")


class Crowded(AuthError):
    """More want to come in at this moment than can be looked at; nothing was tried."""

    code = "auth.crowded"

    def __init__(self, *, wait_s: int) -> None:
        self.wait_s = wait_s
        self.headers = {"Retry-After": str(wait_s)}
        super().__init__(f"many are signing in at this moment: try again in {wait_s} seconds")


class NotLinked(AuthError):
    """The identity provider vouches for somebody whom no user here has named as themselves."""

    code = "auth.not-linked"

    def __init__(self) -> None:
        super().__init__(
            "this account of the identity provider is linked to no user: sign in with a password, then link it in your account"
        )


class NotVouched(AuthError):
    """The identity provider's answer does not hold, or belongs to another sign-in."""

    code = "auth.not-vouched"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the identity provider's answer does not hold ({reason}): begin signing in again")


class Forbidden(AuthError):
    """The office may not do this at all, whatever the object."""

    code = "auth.forbidden"

    def __init__(self, *, office: str, action: str) -> None:
        self.office, self.action = office, action
        super().__init__(f"the office of {office} does not include this ({action}): ask the security officer for another")


class SecondFactorNeeded(AuthError):
    """The office asks for a second factor, which was not shown yet."""

    code = "auth.second-factor"

    def __init__(self) -> None:
        super().__init__("this office asks for a code of your authenticator as well")


class PasswordChangeNeeded(AuthError):
    """Somebody else set the password: its person changes it before anything else."""

    code = "auth.password-change"

    def __init__(self) -> None:
        super().__init__("an administrator set your password: change it under Me first, then go on")


class ForgedRequest(AuthError):
    """A form or call that changes something came without the session's token, or from another site."""

    code = "auth.forged"

    def __init__(self) -> None:
        super().__init__("this request did not come from a page of this site: load the page again, then send it again")


class BadUser(AuthError):
    """What was given for a user, an office or a key cannot be."""

    code = "auth.user"

    def __init__(self, *, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


class UserNotFound(AuthError):
    """No such user, binding, key or request."""

    code = "auth.not-found"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"there is no {what}")


class OwnRights(AuthError):
    """Somebody would change what concerns themselves: their own rights, or decide on what they asked for."""

    code = "auth.own-rights"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}: nobody does this for themselves, another person must")


class SecondNeeded(AuthError):
    """It takes a second security officer, and there is none who may decide it."""

    code = "auth.second-person"

    def __init__(self, *, user: str) -> None:
        self.user = user
        super().__init__(
            f"the offices of {user}, a security officer, are changed by two others: make a third one at the machine of the book"
        )


class AlreadyDecided(AuthError):
    """What was asked is decided once."""

    code = "auth.decided"

    def __init__(self, *, number: str, decision: str) -> None:
        self.number, self.decision = number, decision
        super().__init__(f"request {number} was {decision} already")


class AskerGone(AuthError):
    """Who asked holds the office no longer in which it was asked."""

    code = "auth.asker-gone"

    def __init__(self, *, number: str) -> None:
        self.number = number
        super().__init__(f"who made request {number} holds that office no longer: refuse it, and let somebody ask anew")
