"""An upgrade: the store of the previous version is migrated while it works, and both versions work on it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import SchemaTooNew, SchemaTooOld
from lineshaft.bpmn.kernel import codec
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.releases import File
from lineshaft.engine.worker import Worker
from lineshaft.feel import codec as values
from lineshaft.store import migrations
from lineshaft.store import writes as w
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore
from support import store_rows as a
from support.postgres import throw_away_database
from support.store_rows import ALL, ENGINE, at, written

PREVIOUS = migrations.REVISIONS[-2]
INSTANCE = (
    'INSERT INTO instance (tenant, id, lane, process_id, "release", program, status, version, root, scope0,'
    " started_at, incidents) VALUES ('default', 'i1', 7, 'p', 'r1', 'd', 'active', 1, '', '', {at}, 0)"
)
STEP = "UPDATE instance SET version = version + 1 WHERE tenant = 'default' AND id = 'i1'"
JOB = (
    "INSERT INTO job (tenant, id, lane, kind, due_at, created_at, instance_id, payload, priority, attempts)"
    " VALUES ('default', 'j1', 7, 'timer', {at}, {at}, 'i1', '', 1, 0)"
)


def _to_previous(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, PREVIOUS)


async def test_sqlite_store_of_the_previous_version_is_migrated_while_an_old_program_has_it_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hub.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        _to_previous(connection)
    engine.dispose()
    old = sqlite3.connect(path, isolation_level=None)
    old.execute(INSTANCE.format(at=0))
    old.execute(JOB.format(at=0))
    new = SqliteStore(path)
    with pytest.raises(SchemaTooOld):
        await new.open()
    await new.migrate()
    old.execute(STEP)
    await _goes_on(new)
    old.execute(STEP)
    old.close()
    await new.close()


@pytest.fixture
def dsn() -> Iterator[str]:
    with throw_away_database() as found:
        yield found


@pytest.mark.needs("postgres")
async def test_postgres_store_of_the_previous_version_is_migrated_while_old_workers_write(dsn: str) -> None:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    async with engine.begin() as connection:
        await connection.run_sync(_to_previous)
    await engine.dispose()
    old = await asyncpg.connect(dsn)
    await old.execute(INSTANCE.format(at="now()"))
    await old.execute(JOB.format(at="now()"))
    ended = asyncio.Event()

    async def write() -> int:
        count = 0
        while not ended.is_set():
            await old.execute(STEP)
            count += 1
        return count

    writing = asyncio.create_task(write())
    new = PostgresStore(dsn)
    await new.migrate()
    await _goes_on(new)
    ended.set()
    assert await writing > 0
    await old.close()
    await new.close()


async def _goes_on(new: Store) -> None:
    await new.open()
    [run] = (await new.load_instances(ENGINE, ["i1"])).values()
    assert run.instance.version >= 1
    assert [job.id for job in await new.due_jobs(ENGINE, ALL, SystemClock().now(), 9)] == ["j1"]
    await written(new, w.InsertEffect(a.effect("i1/1", instance_id="i1")))
    assert [row.id for row in await new.open_effects(ENGINE, ALL, at(10**9), 9)] == ["i1/1"]


@pytest.mark.parametrize(
    ("reach", "fits"), [(migrations.REVISIONS[-1], True), ("9998", False), (None, False)]
)
async def test_program_works_on_a_newer_schema_only_where_that_says_so(
    tmp_path: Path, reach: str | None, fits: bool
) -> None:
    path = tmp_path / "hub.db"
    store = SqliteStore(path)
    await store.open()
    await store.close()
    newer = sqlite3.connect(path)
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.execute("UPDATE record SET state = ? WHERE kind = 'schema'", (reach or "",))
    if reach is None:
        newer.execute("DELETE FROM record")
    newer.commit()
    newer.close()
    if fits:
        await store.open()
        await store.close()
    else:
        with pytest.raises(SchemaTooNew):
            await store.open()


class Told:
    def __init__(self) -> None:
        self.troubles: list[BaseException] = []
        self.bugs: list[BaseException] = []

    def bug(self, where: str, error: BaseException) -> None:
        self.bugs.append(error)

    def trouble(self, where: str, error: BaseException) -> None:
        self.troubles.append(error)


async def test_worker_leaves_what_a_newer_one_wrote_and_says_so() -> None:
    clock = FixedClock()
    store = MemoryStore(MemoryDatabase(), clock)
    await store.open()
    flow = (
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'
        b'<process id="p" isExecutable="true">'
        b'<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/>'
        b"</process></definitions>"
    )
    told = Told()
    config = EngineConfig(poll_s=0.01, heartbeat_s=0.05)
    worker = Worker(store, {}, clock=clock, ids=SystemIds(), name="old", config=config, observer=told)
    release = await worker.runtime.releases.deploy(
        [File("processes", "p.bpmn", flow)], by="t", now=clock.now()
    )
    root = values.encode([codec.FORMAT + 1, "p"])
    newer = a.instance(
        "i1", process_id="p", release=release.id, root=root, scope0=b"", started_at=clock.now()
    )
    timer = a.job("t1", instance_id="i1", token=2, due_at=clock.now())
    unknown = a.job("x1", kind="of_tomorrow", due_at=clock.now())
    await written(store, w.InsertInstance(newer), w.PutJob(timer), w.PutJob(unknown))
    await worker.start()
    async with asyncio.timeout(10):
        while not any(getattr(each, "code", "") == "state_too_new" for each in told.troubles):
            await asyncio.sleep(0)
    await worker.stop()
    left = {job.id: job for job in await store.due_jobs(ENGINE, ALL, clock.now(), 9)}
    assert left == {"t1": timer, "x1": unknown}
    assert told.bugs == []
