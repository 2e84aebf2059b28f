"""The pages of the reference that are written from the code."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.architecture.source import ROOT
from tests.documents import api_page, commands_page, licences_page, metrics_page, settings_page

REFERENCE = ROOT / "docs" / "reference"
PAGES: Mapping[Path, Callable[[], str]] = {
    REFERENCE / "settings.md": settings_page.written,
    REFERENCE / "commands.md": commands_page.written,
    REFERENCE / "metrics.md": metrics_page.written,
    REFERENCE / "api.md": api_page.written,
    REFERENCE / "licences.md": licences_page.written,
}
"""Each page by its file, with what writes it."""
