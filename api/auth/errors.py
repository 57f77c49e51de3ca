"""What the doors refuse, in sentences. Nothing here says whether a login exists."""


class AuthError(Exception):
    """Root of every refusal of this package; `code` is stable."""

    code = "auth"


class SignInNeeded(AuthError):
    """Nobody is signed in, or the session has ended."""

    code = "auth.sign-in"

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
