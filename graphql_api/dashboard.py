"""
The dashboard, a page that watches the network through the public API alone: every address of it leads to one file.

Its source is in `dashboard/`; `make assets` builds it into `static/`. A browser is told to load nothing but what we
serve. Files are named for what is in them, so a browser keeps them; the page itself it asks for each time.
"""

from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from graphql_api.rest.catalogue import DOCUMENT_PATH

BUILT = Path(__file__).parent / "static" / "dashboard"
MOUNTED_AT = "/static/dashboard"
VIEWS = (
    "/jobs",
    "/jobs/{job_id}",
    "/providers",
    "/providers/{address}",
    "/search",
    "/account",
    "/admin",
)
PLACES = {"graphql": "/graphql", "openapi": DOCUMENT_PATH, "health": "/health", "ready": "/ready"}

POLICY = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    ),
    "Cache-Control": "no-cache",
}
KEEP = "public, max-age=31536000, immutable"


class BuiltFiles(StaticFiles):
    """Files that never change under their name, those of `assets/`."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, for the browser to keep where its name says what is in it."""
        response = await super().get_response(path, scope)
        if path.startswith("assets/"):
            response.headers["Cache-Control"] = KEEP
        return response


def dashboard_routes(built: Path = BUILT) -> list[BaseRoute]:
    """Return the page's addresses, and where its scripts, styles and fonts are."""

    async def page(_: Request) -> Response:
        return dashboard_page(built)

    async def root(request: Request) -> Response:
        # Programs that only know the port are told where to go, as ever.
        if "text/html" in request.headers.get("accept", ""):
            return dashboard_page(built)
        return JSONResponse({"service": "lamda-backend", **PLACES}, headers={"Vary": "Accept"})

    files = GZipMiddleware(BuiltFiles(directory=built, check_dir=False))
    return [Route("/", root), *(Route(view, page) for view in VIEWS), Mount(MOUNTED_AT, files)]


def dashboard_page(built: Path = BUILT, status: int = 200) -> Response:
    """Return the page, or what to run to have it; the page itself says of an address that it leads nowhere."""
    index = built / "index.html"
    if index.is_file():
        return FileResponse(index, status, headers={**POLICY, "Vary": "Accept"})
    return HTMLResponse(
        "<!doctype html><title>Lamda Network</title><h1>The dashboard is not built here</h1>"
        "<p>Run <code>make assets</code>. The API itself works: it is at <a href=/graphql>/graphql</a>.</p>",
        status_code=503,
        headers=POLICY,
    )
