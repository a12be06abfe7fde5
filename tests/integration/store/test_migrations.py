"""Migrations lead to the schema that the program describes, whoever runs them and how often."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from lineshaft.base.errors import SchemaTooNew, SchemaTooOld
from lineshaft.store import migrations, schema
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore
from support import store_rows as a
from support.store_process import Place, Process
from support.store_rows import ENGINE

FOLDER = Path(migrations.__file__).parent


def test_revisions_are_listed_in_their_order_and_named_well() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    scripts = list(reversed(list(ScriptDirectory.from_config(config).walk_revisions())))
    assert tuple(script.revision for script in scripts) == migrations.REVISIONS
    for script in scripts:
        assert re.fullmatch(rf"v{script.revision}_[a-z_]+\.py", Path(script.path).name)
        assert "lineshaft" not in Path(script.path).read_text(encoding="utf-8")


# -- SQLite --------------------------------------------------------------------------------------------


def _sqlite_schema(path: Path) -> dict[str, Any]:
    connection = sqlite3.connect(path)
    try:
        names = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if row[0] not in {"alembic_version"} and not row[0].startswith("sqlite_")
        ]
        out: dict[str, Any] = {}
        for name in names:
            indexes = connection.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql <> ''", (name,)
            )
            out[name] = {
                "columns": connection.execute(f"PRAGMA table_xinfo({name})").fetchall(),
                "sql": sorted(" ".join(row[0].split()) for row in indexes),
            }
        return out
    finally:
        connection.close()


async def test_migrated_sqlite_schema_equals_a_fresh_one(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "migrated.sqlite")
    await store.migrate()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    schema.metadata.create_all(engine)
    engine.dispose()
    migrated = _sqlite_schema(tmp_path / "migrated.sqlite")
    assert migrated == _sqlite_schema(tmp_path / "fresh.sqlite")
    assert set(migrated) == set(schema.metadata.tables)


# -- PostgreSQL ----------------------------------------------------------------------------------------

_COLUMNS = """
SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' ORDER BY 1, 2
"""
_INDEXES = """
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1
"""
_TABLES = """
SELECT c.relname, c.relkind::text, c.reloptions, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
WHERE c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' ORDER BY 1
"""


async def _postgres_schema(dsn: str) -> dict[str, Any]:
    connection = await asyncpg.connect(dsn)
    try:
        queries = {"columns": _COLUMNS, "indexes": _INDEXES, "tables": _TABLES}
        return {name: [tuple(row) for row in await connection.fetch(sql)] for name, sql in queries.items()}
    finally:
        await connection.close()


async def test_migrated_postgres_schema_equals_a_fresh_one(fresh_postgres_dsn: str) -> None:
    dsn = fresh_postgres_dsn
    await PostgresStore(dsn).migrate()
    migrated = await _postgres_schema(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as fresh:
        await fresh.run_sync(schema.metadata.create_all)
    await engine.dispose()
    assert migrated == await _postgres_schema(dsn)
    names = {row[0] for row in migrated["tables"]}
    assert names == set(schema.metadata.tables) | {"event_rest", "history_rest"}


# -- both ----------------------------------------------------------------------------------------------


def test_processes_that_migrate_at_once_all_succeed(place: Place) -> None:
    processes = [Process(place) for _ in range(4)]
    try:
        for process in processes:
            process.tell("migrate")
            process.tell("open")
        answers = [(process.answer(), process.answer()) for process in processes]
        assert answers == [("migrated", "open")] * 4
    finally:
        for process in processes:
            process.kill()


async def test_migration_of_a_current_database_changes_nothing(place: Place) -> None:
    store = place.store()
    await store.open()
    await store.migrate()
    assert (await store.counts(ENGINE))["active"] == 0
    await store.close()


def _bring_to(connection: sa.Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_effects_of_an_older_schema_are_found_after_the_migration(place: Place) -> None:
    made = [
        a.effect(f"i1/{n}/1", instance_id="i1", business_key="SO-1", created_at=a.at(n), status=status)
        for n, status in enumerate(["done", "parked", "attempted", "dead"])
    ]
    rows = [{each.name: getattr(row, each.name) for each in fields(row)} for row in made]

    def fill(connection: sa.Connection) -> None:
        _bring_to(connection, "0002")
        connection.execute(sa.insert(schema.effect), rows)

    if place.make == "sqlite":
        engine = sa.create_engine(f"sqlite:///{place.address}")
        with engine.begin() as connection:
            fill(connection)
        engine.dispose()
    else:
        other = create_async_engine(str(place.address).replace("postgresql://", "postgresql+asyncpg://"))
        async with other.begin() as opened:
            await opened.run_sync(fill)
        await other.dispose()
    store = place.store()
    await store.migrate()
    await store.open()
    for asked in ({}, {"instance_id": "i1"}, {"business_key": "SO-1"}):
        assert (await store.effects(ENGINE, **asked)).items == made[::-1]
    assert await store.open_effects(ENGINE, a.ALL, a.at(0), 9) == [made[2]]
    await store.close()


async def _set_revision(place: Place, revision: str | None) -> None:
    if revision is None:
        await _execute(place, "DELETE FROM alembic_version")
        return
    await _execute(place, f"UPDATE alembic_version SET version_num = '{revision}'")
    # Nor does the newer program let older ones work on it.
    await _execute(place, f"UPDATE record SET state = '{revision}' WHERE kind = 'schema' AND id = 'reach'")


async def _execute(place: Place, sql: str) -> None:
    if place.make == "sqlite":
        connection = sqlite3.connect(place.address)
        connection.execute(sql)
        connection.commit()
        connection.close()
    else:
        other = await asyncpg.connect(place.address)
        await other.execute(sql)
        await other.close()


async def test_open_refuses_a_schema_of_another_version(place: Place) -> None:
    store = place.store()
    await store.open()
    await store.close()
    await _set_revision(place, "9999")
    with pytest.raises(SchemaTooNew, match="9999"):
        await store.open()
    await _set_revision(place, None)
    with pytest.raises(SchemaTooOld, match="migrate"):
        await store.open()


async def test_two_nodes_open_an_empty_database_at_once(place: Place) -> None:
    stores = [place.store() for _ in range(3)]
    await asyncio.gather(*[store.open() for store in stores])
    for store in stores:
        assert (await store.counts(ENGINE))["active"] == 0
        await store.close()
