"""
What a client is told when it cannot be answered.

    GraphQLError
    └── Declined          told as it is, with a code; anything else is an internal error and is masked
        ├── BadInput        an argument is wrong: the message says which, and what was expected
        ├── NotFound        what is named is not there, where nothing else can be answered
        ├── SignInRefused   a sign-in is not accepted, for the reason given
        ├── NotSignedIn     only somebody who has signed in may ask this
        ├── Forbidden       somebody else may ask this, but not who asks
        ├── Conflict        what is asked came too late
        ├── OverQuota       who asks has as much of it as anybody may have
        ├── NotIndexed      a block that is asked for is not indexed yet; `extensions` say how far we are
        ├── NotKept         what is asked for is older than what we keep
        ├── CrossSite       a page of another site may not act in somebody's name
        ├── TooLarge        the request's body is larger than we read
        ├── TooCostly       the answer could hold more than we allow
        ├── RateLimited     the same may be asked again after a stated time
        ├── TooSlow         the database needed longer than we allow
        ├── Unavailable     the database cannot be reached, or everything is busy
        ├── LimitReached    there is no room for more of this
        ├── CursorExpired   the feed no longer holds what came after the cursor
        └── FellBehind      a subscriber read more slowly than changes came
"""

from typing import ClassVar

from graphql import GraphQLError

INTERNAL = "INTERNAL"
"""The code of what is our fault."""

BAD_QUERY = "BAD_QUERY"
"""The code of what is wrong about a request or its document, and never becomes right by itself."""


class Declined(GraphQLError):
    """An answer we refuse or cannot give, for a reason the client may know."""

    code: ClassVar[str]

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message, extensions={"code": self.code, **details})


class BadInput(Declined):
    """An argument is not what was expected."""

    code = "BAD_INPUT"


class NotFound(Declined):
    """Nothing has this name."""

    code = "NOT_FOUND"


class SignInRefused(Declined):
    """The message or its signature is not one that we let somebody in for."""

    code = "SIGN_IN_REFUSED"


class NotSignedIn(Declined):
    """Nobody is signed in, and somebody must be."""

    code = "UNAUTHENTICATED"


class Forbidden(Declined):
    """Who asks is known, and may not."""

    code = "FORBIDDEN"


class Conflict(Declined):
    """What is asked no longer goes together with what has happened."""

    code = "CONFLICT"


class OverQuota(Declined):
    """Who asks has as much of it as anybody may have."""

    code = "OVER_QUOTA"


class NotIndexed(Declined):
    """A block is not indexed yet; the same question may be answered in a moment."""

    code = "NOT_INDEXED"


class NotKept(Declined):
    """What is asked for lies before what we keep, or before our first block."""

    code = "NOT_KEPT"


class CrossSite(Declined):
    """A browser sent the session's cookie, but nobody can tell that its owner wants what is asked."""

    code = "CROSS_SITE"


class TooLarge(Declined):
    """The body of a request is larger than we read."""

    code = "TOO_LARGE"

    def __init__(self, most: int) -> None:
        super().__init__(f"the request is too large: its body may have {most} bytes at most")


class TooCostly(Declined):
    """The answer could hold more fields than one question may ask for."""

    code = "TOO_COSTLY"

    def __init__(self, *, cost: int, most: int) -> None:
        super().__init__(
            f"this costs {cost}, {most} allowed: the cost is how many fields the answer can hold at most; "
            "ask for fewer rows by first or last, above all in lists within lists, or for fewer fields",
            cost=cost,
            limit=most,
        )


class RateLimited(Declined):
    """Somebody asks too often; `wait_seconds` is when the same may be asked again."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, wait_seconds: int) -> None:
        super().__init__(message, retryAfter=wait_seconds)
        self.wait_seconds = wait_seconds


class TooSlow(Declined):
    """The database needed longer than a statement may take."""

    code = "TOO_SLOW"


class Unavailable(Declined):
    """The database did not answer; the same question may be answered in a moment."""

    code = "UNAVAILABLE"


class LimitReached(Declined):
    """There is as much of this as there may be."""

    code = "LIMIT_REACHED"


class CursorExpired(Declined):
    """What changed since the cursor is no longer known; read anew, then subscribe without one."""

    code = "CURSOR_EXPIRED"


class FellBehind(Declined):
    """The subscriber did not keep up and was closed, so that it costs others nothing."""

    code = "FELL_BEHIND"


def coded(error: GraphQLError) -> GraphQLError:
    """Return an error of the question itself with a code, as all errors have one."""
    if "code" not in (error.extensions or {}):
        error.extensions = {**(error.extensions or {}), "code": BAD_QUERY}
    return error


def is_internal(error: GraphQLError) -> bool:
    """Say whether an error is ours rather than the client's: something was raised that nobody meant to be told."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)
