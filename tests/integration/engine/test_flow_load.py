"""A CSV file into PostgreSQL in large batches: no error and no record is lost, whatever is in its midst."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.ids import CountingIds
from lineshaft.connectors.files import FILES, FilesConnector
from lineshaft.connectors.sql import SQL
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.flows.ground import Ground
from lineshaft.engine.flows.run import FlowRun
from lineshaft.engine.flows.state import FlowState, source_name
from lineshaft.engine.releases import files_of
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Systems
from lineshaft.feel import codec as values
from lineshaft.sdk import CallContext, ItemOutcome
from lineshaft.sdk.registry import Connection
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from support.postgres import place_of, throw_away_database

ROWS = 1_500
PAGE = 600
FILES_MANIFEST = f"""format: 1
connector: files
name: folder
resources:
  item:
    folder: in
    quiet_s: 0
    page: {PAGE}
    report: true
    file: {{as: csv}}
    columns: {{no: string!, price: string, stock: number}}
    subject: item.no
"""
SQL_MANIFEST = """format: 1
connector: sql
name: shop
database: {dialect: postgresql}
tables:
  item:
    table: item
    writable: true
    key: [no]
    columns: {no: string, price: number, stock: number}
operations:
  item.save:
    table: item
    action: upsert
    values: {no: payload.no, price: payload.price, stock: payload.stock}
    safety: {kind: natural_key, columns: [no]}
"""
FLOW = f"""format: 1
flows:
  - name: items
    from: {{system: folder, poll: item, key: record.no, interval_s: 1}}
    to: {{system: shop, write: item.save, map: item}}
    batch: {PAGE}
"""
MAPPING = """format: 1
name: item
from: folder.item
to: shop.item
fields:
  no: record.no
  price: {value: record.price, convert: number}
  stock: record.stock
"""
TABLES = """
CREATE TABLE item (no text PRIMARY KEY, price numeric(10,2), stock numeric(10,1) CHECK (stock >= 0));
CREATE TABLE written (no text);
CREATE FUNCTION note() RETURNS trigger AS $$ BEGIN INSERT INTO written VALUES (NEW.no); RETURN NEW; END $$
  LANGUAGE plpgsql;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION note();
"""


class Killed(Exception):
    """The process is gone."""


class Watching:
    def bug(self, where: str, error: BaseException) -> None:
        raise error

    def trouble(self, where: str, error: BaseException) -> None:
        raise error


class Breaking:
    """The target, with a process that dies around one of its calls."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.spec = inner.spec
        self.calls = 0
        self.dies_before: int | None = None
        self.dies_after: int | None = None

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        self.calls += 1
        if self.calls == self.dies_before:
            raise Killed
        found: list[ItemOutcome] = await self._inner.write(operation, items, context)
        if self.calls == self.dies_after:
            raise Killed
        return found


class Plant:
    """A folder, a database behind a flow, and workers that come and go."""

    def __init__(self, root: Path, dsn: str, owner: Any) -> None:
        self.root, self.owner = root, owner
        self.clock = FixedClock()
        self.store = MemoryStore(MemoryDatabase(), self.clock)
        self._ids = CountingIds()
        place = {**place_of(dsn), "tls": "off"}
        connection = Connection("shop", place, {}.__getitem__, self.clock)
        self._shop = SQL.read(SQL_MANIFEST.encode(), "shop.yaml").connect(connection)
        self.target = Breaking(self._shop)
        self._source: FilesConnector | None = None

    async def worker(self) -> FlowRun:
        """Return the flow at a worker that knows nothing but what was stored."""
        await self._leave()
        connection = Connection("folder", {"root": str(self.root)}, {}.__getitem__, self.clock)
        self._source = FILES.read(FILES_MANIFEST.encode(), "folder.yaml").connect(connection)
        runtime = Runtime(self.store, self.clock, self._ids, "w", EngineConfig(), Watching())
        files = files_of({"flows/f.yaml": FLOW.encode(), "mappings/m.yaml": MAPPING.encode()})
        loaded = await runtime.releases.deploy(files, by="t", now=self.clock.now())
        systems = Systems({"folder": self._source, "shop": self.target})  # type: ignore[dict-item]
        self.scope = runtime.scope
        return FlowRun(Ground(runtime, systems), loaded.flows[0], lambda: None)

    async def _leave(self) -> None:
        if self._source is not None:
            await self._source.close()

    async def close(self) -> None:
        await self._leave()
        await self._shop.close()

    async def until_idle(self, run: FlowRun) -> FlowState:
        while await run.round() == 0.0:
            pass
        return FlowState.of(await self.store.cursor(self.scope, source_name("items")))

    def drop(self, rows: list[str], name: str = "items.csv") -> None:
        (self.root / "in" / name).write_text("\n".join(["no,price,stock", *rows]) + "\n")

    async def written(self) -> list[str]:
        return [row["no"] for row in await self.owner.fetch("SELECT no FROM written ORDER BY no")]


@pytest.fixture
def dsn() -> Iterator[str]:
    with throw_away_database() as found:
        yield found


@pytest_asyncio.fixture
async def plant(tmp_path: Path, dsn: str) -> AsyncIterator[Plant]:
    (tmp_path / "in").mkdir()
    owner = await asyncpg.connect(dsn)
    await owner.execute(TABLES)
    found = Plant(tmp_path, dsn, owner)
    await found.store.open()
    yield found
    await found.close()
    await owner.close()


def rows() -> list[str]:
    return [f"M-{n:05},{n}.25,{n % 90}.5" for n in range(ROWS)]


async def test_bad_records_in_the_midst_of_a_batch_are_told_by_line_and_stop_no_other(plant: Plant) -> None:
    told = rows()
    told[300] = "M-00300,viele,1"
    told[301] = "M-00301,1.00,-5"
    told[302] = "M-00302,1.255,5"
    told[700] = "M-00700,1,wenig"
    plant.drop(told)
    state = await plant.until_idle(await plant.worker())
    bad = {"M-00300", "M-00301", "M-00302", "M-00700"}
    assert await plant.written() == sorted({f"M-{n:05}" for n in range(ROWS)} - bad)
    letters = (await plant.store.dead_letters(plant.scope, limit=50)).items
    by_key = {each.business_key: each for each in letters}
    assert sorted(by_key) == ["?items.csv:702", "M-00300", "M-00301", "M-00302"]
    assert "viele" in by_key["M-00300"].error_text
    assert "item_stock_check" in by_key["M-00301"].error_text
    assert "2 decimal places" in by_key["M-00302"].error_text
    assert "line 702, stock" in by_key["?items.csv:702"].error_text
    assert "wenig" in by_key["?items.csv:702"].error_text
    payload = values.decode(by_key["M-00301"].payload)["payload"]
    assert payload["from_file"]["line"] == 303
    counts = state.counts
    assert (counts["read"], counts["written"], counts["failed"]) == (ROWS, ROWS - 4, 4)
    assert counts["read"] == counts["written"] + counts["failed"] + counts["filtered"]

    plant.drop(told, "again.csv")
    state = await plant.until_idle(await plant.worker())
    assert len(await plant.written()) == ROWS - 4
    assert state.counts["written"] == ROWS - 4


@pytest.mark.parametrize("dies", ["dies_before", "dies_after"])
async def test_a_worker_that_dies_in_the_midst_of_a_batch_leaves_no_gap_and_no_second_record(
    plant: Plant, dies: str
) -> None:
    told = rows()
    told[900] = "M-00900,1.00,-5"
    plant.drop(told)
    setattr(plant.target, dies, 2)
    with pytest.raises(Killed):
        await plant.until_idle(await plant.worker())
    state = await plant.until_idle(await plant.worker())
    found = [row["no"] for row in await plant.owner.fetch("SELECT no FROM item ORDER BY no")]
    assert found == [f"M-{n:05}" for n in range(ROWS) if n != 900]
    letters = (await plant.store.dead_letters(plant.scope, limit=50)).items
    assert [each.business_key for each in letters] == ["M-00900"]
    assert state.open == ()
    assert (state.counts["read"], state.counts["written"]) == (ROWS, ROWS - 1)
    # Only the batch whose evidence was lost may be written again, over the same rows.
    again = len(await plant.written()) - (ROWS - 1)
    assert again <= (PAGE - 1 if dies == "dies_after" else 0)
