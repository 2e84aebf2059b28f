"""The local chains that integration tests run against, thrown away with the test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from devnet.anvil import Anvil, Flavour


class StartAnvil(Protocol):
    """Start a chain of a flavour that ends with the test; without a folder it gets one of its own."""

    async def __call__(self, flavour: Flavour, *, folder: Path | None = None, port: int | None = None) -> Anvil: ...


@pytest.fixture
async def start_anvil(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StartAnvil]:
    """A way to start local chains."""
    async with AsyncExitStack() as chains:

        async def start(flavour: Flavour, *, folder: Path | None = None, port: int | None = None) -> Anvil:
            chain = Anvil(flavour, folder=folder or tmp_path_factory.mktemp(flavour.name), port=port)
            return await chains.enter_async_context(chain)

        yield start
