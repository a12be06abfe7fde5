"""What the tests of connectors share: the simulated plant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from integration.connectors.plant import Plant, running_plant


@pytest_asyncio.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Plant]:
    async with running_plant(tmp_path) as plant:
        yield plant
