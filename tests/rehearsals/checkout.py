"""A checkout as somebody has it who has just cloned the project: with nothing made in it, and no world of ours."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.image.dockerfile import NETWORK, checkout

MADE_SECONDS_MAX = 400.0
"""How long the first `make` may take, on a machine that has much else to do."""


@contextmanager
def cloned(folder: Path) -> Iterator[Path]:
    """Copy the files that git knows, or would add, to a folder that is gone after the block."""
    try:
        yield checkout(folder)
    finally:
        shutil.rmtree(folder)


def registries() -> dict[str, str]:
    """Return the settings by which this machine reaches the registries."""
    return {name: value for name, value in os.environ.items() if NETWORK.search(name)}
