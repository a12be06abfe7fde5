"""Backup and restore: everything comes back the same, in either database, and work goes on where it was."""

from __future__ import annotations

import asyncio
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineshaft.app import archives
from lineshaft.app.config import HubConfig
from lineshaft.app.hub import build
from lineshaft.app.stores import make_store
from lineshaft.base.errors import Conflict
from lineshaft.cli.commands import app
from lineshaft.feel import codec
from lineshaft.store import writes as w
from lineshaft.store.archive import Archive, ArchiveError, Manifest
from support import store_rows as a
from support.crash_lab import CrashLab
from support.postgres import throw_away_database
from support.store_rows import ENGINE, T0, written
from support.waiting import until_true

VALUE = codec.encode({"总额": Decimal("12.50"), "at": T0, "raw": b"\x00\xff", "big": 10**30})


@pytest.fixture
def dsn() -> Iterator[str]:
    with throw_away_database() as found:
        yield found


def _config(folder: Path, url: str = "") -> HubConfig:
    config = HubConfig(data_dir=folder)
    return replace(config, store=replace(config.store, url=url))


async def _fill(config: HubConfig) -> None:
    store = make_store(config)
    await store.open()
    long_ago = datetime(2019, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    await written(
        store,
        w.InsertInstance(a.instance("i1", business_key="SO-1", incidents=1)),
        w.PutVariable(a.variable("i1", value=VALUE)),
        w.AddHistory(a.history("i1", at=long_ago)),
        w.AddHistory(a.history("i1", 2)),
        w.InsertEvent(a.event("e1", received_at=long_ago, routed_at=T0)),
        w.InsertEvent(a.event("é 中", payload=VALUE)),
        w.InsertEffect(a.effect("i1/1", instance_id="i1")),
        w.InsertEffect(a.effect("i1/2", instance_id="i1", status="attempted", attempted_at=T0, attempts=1)),
        w.PutTask(a.task("i1", candidate_groups=("sales", "财务"))),
        w.PutDeadLetter(a.letter(outage=True)),
        w.PutDocument(a.document(payload=VALUE, party="厂", created_at=T0)),
    )
    await store.close()


@pytest.mark.needs("postgres")
def test_store_moves_to_the_other_database_and_back_with_equal_hashes(tmp_path: Path, dsn: str) -> None:
    first, second, third = (_config(tmp_path / name) for name in ("one", "two", "three"))
    server = _config(tmp_path / "two", dsn)
    asyncio.run(_fill(first))
    made = archives.backup(first, tmp_path / "one.lsb", verify=True)
    assert made.rows_by_table["event"] == made.rows_by_table["history"] == 2
    assert not made.works
    restored, doubtful = archives.restore(server, tmp_path / "one.lsb")
    assert (restored.tables, doubtful) == (made.tables, 0)
    again = archives.backup(server, tmp_path / "two.lsb")
    assert again.tables == made.tables
    archives.restore(third, tmp_path / "two.lsb")
    assert archives.backup(third, tmp_path / "three.lsb").tables == made.tables

    async def look() -> None:
        store = make_store(server)
        await store.open()
        [kept] = (await store.load_instances(ENGINE, ["i1"])).values()
        assert codec.decode(kept.variables[0, "order"])["总额"] == Decimal("12.50")
        [task] = (await store.tasks(ENGINE)).items
        assert task.candidate_groups == ("sales", "财务")
        assert len(await store.acquire_lanes("w", 300, 5)) == 256
        await store.close()

    asyncio.run(look())
    assert second.store_url != server.store_url


def test_store_with_data_is_not_overwritten_unless_that_is_said(tmp_path: Path) -> None:
    config = _config(tmp_path / "hub")
    asyncio.run(_fill(config))
    file = tmp_path / "b.lsb"
    made = archives.backup(config, file)
    with pytest.raises(Conflict, match="empty store"):
        archives.restore(config, file)
    assert archives.backup(config, tmp_path / "c.lsb").tables == made.tables
    archives.restore(config, file, over=True)
    assert archives.backup(config, tmp_path / "d.lsb").tables == made.tables


def _changed(file: Path, entry: str, content: bytes) -> Path:
    other = file.with_name("changed.lsb")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == entry else old.read(name))
    return other


def test_archive_that_was_changed_or_cut_is_refused_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    config, file = _config(tmp_path / "hub"), tmp_path / "b.lsb"
    asyncio.run(_fill(config))
    made = archives.backup(config, file)
    with zipfile.ZipFile(file) as archive:
        rows = archive.read("variable.rows")
    for wrong in (rows[:-3], rows.replace(b"order", b"0rder"), b""):
        with pytest.raises(ArchiveError):
            archives.restore(config, _changed(file, "variable.rows", wrong), over=True)
    (tmp_path / "cut.lsb").write_bytes(file.read_bytes()[:-30])
    with pytest.raises(ArchiveError):
        archives.verify(tmp_path / "cut.lsb")
    assert archives.backup(config, tmp_path / "c.lsb").tables == made.tables


def test_archive_of_an_older_program_fits_and_of_a_newer_one_does_not(tmp_path: Path) -> None:
    config, file = _config(tmp_path / "hub"), tmp_path / "b.lsb"
    asyncio.run(_fill(config))
    archives.backup(config, file)
    with Archive(file) as archive:
        manifest = archive.manifest
    facts = manifest.tables["system_state"]
    strange = replace(facts, columns=(*facts.columns, replace(facts.columns[0], name="mood")))
    newer = replace(manifest, tables={**manifest.tables, "system_state": strange})
    with pytest.raises(ArchiveError, match="mood"):
        archives.restore(_config(tmp_path / "x"), _changed(file, "manifest.json", newer.to_json()))
    older = replace(facts, columns=facts.columns[:-1])
    tables = {name: each for name, each in manifest.tables.items() if name != "record"}
    earlier = replace(manifest, tables={**tables, "system_state": older})
    archives.restore(_config(tmp_path / "y"), _changed(file, "manifest.json", earlier.to_json()))


def test_command_line_backs_up_and_restores(tmp_path: Path) -> None:
    config, file = _config(tmp_path / "hub"), tmp_path / "b.lsb"
    asyncio.run(_fill(config))
    run = CliRunner().invoke
    told = run(app, ["--data", str(config.data_dir), "--lang", "en", "backup", str(file), "--verify"])
    assert (told.exit_code, "The backup is in" in told.output) == (0, True), told.output
    told = run(app, ["--lang", "en", "restore", str(file), "--verify"])
    assert "is whole" in told.output
    told = run(app, ["--data", str(tmp_path / "new"), "--lang", "zh", "restore", str(file)])
    assert "存储已恢复" in told.output
    assert file.stat().st_mode & 0o077 == 0


async def test_hub_backs_up_in_a_child_every_night_and_keeps_the_newest(tmp_path: Path) -> None:
    config = _config(tmp_path / "hub")
    config = replace(config, backup=replace(config.backup, keep=2))
    await _fill(config)
    (tmp_path / "hub" / "backups").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "hub" / "backups" / f"hub-20250101-00000{number}.lsb").touch()
    hub = build(config, dict(os.environ))
    await hub.open()
    try:
        plan = hub.keeping.backups.plan()
        assert (plan.nightly, plan.at) == (True, "02:30")
        made = await hub.keeping.backups.make()
        assert made.counts["instance"] == 1
        left = sorted(path.name for path in hub.keeping.backups.folder.iterdir())
        assert left == ["hub-20250101-000002.lsb", made.file]
        assert [run.file for run in await hub.keeping.backups.runs(9)] == [made.file]
    finally:
        await hub.stop()
    assert isinstance(archives.verify(hub.keeping.backups.folder / made.file), Manifest)


@pytest.mark.needs("postgres")
async def test_runs_go_on_in_the_other_database_and_nothing_is_called_twice(tmp_path: Path, dsn: str) -> None:
    """The hub goes on calling after the backup and is killed; the backup knows nothing of that."""
    lab = CrashLab(str(tmp_path / "hub.sqlite"), tmp_path, 1, 7, instances=16, kills=0, stops=0)
    await lab.start()
    try:
        sending = asyncio.create_task(lab._send())
        await until_true(lambda: lab.log.exists() and len(lab.received()) >= 10, every_s=0.005)
        await sending
        config = _config(tmp_path, f"sqlite:///{tmp_path / 'hub.sqlite'}")
        made = await asyncio.to_thread(archives.backup, config, tmp_path / "hub.lsb")
        assert made.works
        # All were taken in; how many of them have begun by now is the hub's affair.
        assert made.rows_by_table["event"] == lab.instances
        seen = len(lab.received())
        wanted = min(seen + 20, 3 * lab.instances)
        await until_true(lambda: len(lab.received()) >= wanted, every_s=0.002)
        lab._kill("w0")
        called = len(lab.received())
        assert called > seen, "the hub did nothing after its backup"
        _, doubtful = await asyncio.to_thread(archives.restore, _config(tmp_path, dsn), tmp_path / "hub.lsb")
        print(f"{seen} calls at the backup, {called} at the kill, {doubtful} in doubt")
        lab.address = dsn
        lab.start_worker("w0")
        await lab._until_quiet()
        await lab.judge()
    finally:
        lab.end()
