"""
GraphiQL's page, with nothing from anybody else's server.

The page and its modules are ours (`html/`); the scripts they load are copied from npm into `static/` by
`make assets`. A browser is told to load nothing but what we serve.
"""

import re
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
PAGE = FOLDER / "html" / "page"

POLICY = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'self'",
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
    missing = [name for name in assets() if not (static / name).is_file()]
    if not missing:
        return HTMLResponse(_page(), headers=POLICY)
    names = ", ".join(missing)
    return HTMLResponse(
        "<!doctype html><title>Lamda Network</title><h1>GraphiQL is not installed here</h1>"
        f"<p>Run <code>make assets</code> to bring {names}. The API itself works: POST queries to this address.</p>",
        status_code=503,
        headers=POLICY,
    )


def page_mounts() -> list[Mount]:
    """Return where the page's own modules are, and the scripts from npm."""
    return [
        Mount("/page", StaticFiles(directory=PAGE)),
        Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
    ]


def assets() -> list[str]:
    """Return the files of `static/` that the page and its modules ask for."""
    texts = [_page(), *(module.read_text(encoding="utf-8") for module in sorted(PAGE.glob("*.mjs")))]
    return [name for text in texts for name in re.findall(r'["\']/static/([^"\']+)["\']', text)]


def _page() -> str:
    return (FOLDER / "html" / "graphiql.html").read_text(encoding="utf-8")
