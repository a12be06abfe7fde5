"""What the tests of connectors share: the simulated plant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from integration.connectors.plant import Plant, running_plant


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing_plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plant]:
    """A plant for all tests of a file; ``Plant.reset`` between them."""
    async with running_plant(tmp_path_factory.mktemp("plant")) as plant:
        yield plant


@pytest_asyncio.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    async with running_plant(tmp_path) as plant:
        yield plant
