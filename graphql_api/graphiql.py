"""
GraphiQL's page, with nothing from anybody else's server.

The page is ours (`html/graphiql.html`); the scripts it loads are copied from npm into `static/` by `make assets`. A
browser is told to load nothing but what we serve.
"""

import re
from pathlib import Path

from starlette.responses import HTMLResponse

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"

POLICY = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "frame-ancestors 'none'",
        ]
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def graphiql_page(static: Path = STATIC) -> HTMLResponse:
    """Return the page, or what to run to have it."""
    page = (FOLDER / "html" / "graphiql.html").read_text(encoding="utf-8")
    missing = [path for path in assets(page) if not (static / path).is_file()]
    if not missing:
        return HTMLResponse(page, headers=POLICY)
    names = ", ".join(missing)
    return HTMLResponse(
        "<!doctype html><title>Lamda Network</title><h1>GraphiQL is not installed here</h1>"
        f"<p>Run <code>make assets</code> to bring {names}. The API itself works: POST queries to this address.</p>",
        status_code=503,
        headers=POLICY,
    )


def assets(page: str) -> list[str]:
    """Return the files of `static/` that a page asks for."""
    return re.findall(r'["\']/static/([^"\']+)["\']', page)
