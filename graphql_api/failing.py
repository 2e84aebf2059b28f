"""What a request is told that nobody answered: of a wrong path, or of a fault of ours, in the shape its path speaks."""

from graphql import GraphQLError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graphql_api.dashboard import dashboard_page
from graphql_api.errors import INTERNAL
from graphql_api.graphql_requests import PATH
from graphql_api.labelling import REQUEST_ID, SECURITY, current_request
from graphql_api.over_http import unanswered
from graphql_api.rest.envelopes import failure

FOR_PROGRAMS = ("/api/", "/static/")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "Starlette calls us for these only"
    if error.status_code == 404 and _is_followed_link(request):
        return dashboard_page(status=404)
    place = f"{request.method} {request.url.path}"
    reasons = {404: f"{place}: there is nothing here", 405: f"{place}: not a method of this path"}
    return failure(reasons.get(error.status_code, error.detail), error.status_code, error.headers)


def _is_followed_link(request: Request) -> bool:
    """Say whether a person followed a link to what is none of our programs' addresses."""
    accepts = request.headers.get("accept", "")
    return request.method == "GET" and "text/html" in accepts and not request.url.path.startswith(FOR_PROGRAMS)


async def _failed(request: Request, _: Exception) -> Response:
    # Raised on by Starlette when this is sent, so that the server tells the log. No layer of ours sees this answer.
    request_id = current_request() or ""
    labels = {**SECURITY, REQUEST_ID: request_id}
    if request.url.path != PATH:
        return failure("internal error", 500, labels)
    extensions = {"code": INTERNAL, "requestId": request_id}
    return unanswered(request.headers, GraphQLError("internal error", extensions=extensions), 500, labels)


EXCEPTION_HANDLERS = {HTTPException: _refused, Exception: _failed}
"""What Starlette is to do with what nobody caught."""
