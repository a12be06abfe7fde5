"""The schema's way through time: Alembic revisions for both SQL makes, forward only.

A revision is a file of its own in ``versions`` and is never changed once released; it imports nothing of
``lineshaft.store.schema``, which moves on. A test proves that the revisions lead to that schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from lineshaft.base.errors import SchemaTooNew, SchemaTooOld, StoreError
from lineshaft.base.text import text

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
"""All revisions, oldest first. A new one is added here and as a file in ``versions``."""
REACH: Final = "0004"
"""The oldest revision whose program may work on this schema: what came since is added, not changed."""


def upgrade(connection: sa.Connection) -> None:
    """Bring the database behind ``connection`` to the newest revision, within its transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _note_reach(connection)


def _note_reach(connection: sa.Connection) -> None:
    """Tell older programs whether they may work on this schema; they read it when they open the store."""
    now = "0" if connection.dialect.name == "sqlite" else "clock_timestamp()"
    connection.exec_driver_sql("DELETE FROM record WHERE tenant = '' AND kind = 'schema'")
    columns = "tenant, kind, id, version, at, owner, state, content"
    values = f"'', 'schema', 'reach', 1, {now}, '', '{REACH}', ''"
    connection.exec_driver_sql(f"INSERT INTO record ({columns}) VALUES ({values})")  # noqa: S608 - our own


REACH_QUERY: Final = "SELECT state FROM record WHERE tenant = '' AND kind = 'schema' AND id = 'reach'"
"""What ``mismatch`` is to be given as ``reach``."""


def mismatch(revision: str | None, reach: str | None = None) -> StoreError | None:
    """Return what is wrong with a database at ``revision``, or ``None`` where this program may work on it.

    ``reach`` is the oldest revision whose program may, as the newer program that migrated it has said.
    """
    if revision == REVISIONS[-1]:
        return None
    if revision is not None and revision > REVISIONS[-1] and reach is not None and reach <= REVISIONS[-1]:
        return None
    if revision is None or revision in REVISIONS:
        return SchemaTooOld(
            text(
                "Expected the database at revision {wanted}, but it is at {found}; run the migrations "
                "(lineshaft migrate).",
                "数据库结构版本应为 {wanted}，但实际为 {found}；请先运行迁移（lineshaft migrate）。",
                wanted=REVISIONS[-1],
                found=revision or "-",
            )
        )
    return SchemaTooNew(
        text(
            "Expected the database at revision {wanted}, but it is at {found}, which this program does not "
            "know; install the newer program.",
            "数据库结构版本应为 {wanted}，但实际为 {found}，本程序无法识别；请安装更新版本的程序。",
            wanted=REVISIONS[-1],
            found=revision,
        )
    )
