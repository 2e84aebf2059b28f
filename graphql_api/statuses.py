"""Which HTTP status says what a code of ours says."""

from collections.abc import Mapping

from graphql_api import errors

STATUSES: Mapping[str, int] = {
    errors.BadInput.code: 400,
    errors.BAD_QUERY: 400,
    errors.TooCostly.code: 400,
    errors.NotFound.code: 404,
    errors.SignInRefused.code: 403,
    errors.NotSignedIn.code: 401,
    errors.Forbidden.code: 403,
    errors.OverQuota.code: 403,
    errors.CrossSite.code: 403,
    errors.Conflict.code: 409,
    errors.CursorExpired.code: 410,
    errors.NotKept.code: 410,
    errors.TooLarge.code: 413,
    errors.RateLimited.code: 429,
    errors.NotIndexed.code: 503,
    errors.FellBehind.code: 503,
    errors.LimitReached.code: 503,
    errors.TooSlow.code: 503,
    errors.Unavailable.code: 503,
    errors.INTERNAL: 500,
}


def status_of_code(code: object) -> int:
    """Return the status of an error with a code; one without is the client's mistake."""
    return STATUSES.get(code, 400) if isinstance(code, str) else 400
