"""Where documents are rehearsed: a marketplace on servers of its own that may be lost, and a clean checkout."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effects.conftest import nursery, own_postgres
from tests.effects.conftest import own_marketplace as marketplace
from tests.rehearsals.checkout import cloned

__all__ = ["marketplace", "nursery", "own_postgres"]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout of the project's own."""
    with cloned(tmp_path_factory.mktemp("clone") / "lamda") as folder:
        yield folder


@pytest.fixture
def checkout(clone: Path) -> Iterator[Path]:
    """A checkout in which there was never a world."""
    yield clone
    shutil.rmtree(clone / ".lamda", ignore_errors=True)
