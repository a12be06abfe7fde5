"""Failed items on the command line: by their cause, and sent again after a look at exactly these."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from integration.app.test_alerts import Target, hub_of, send
from integration.app.test_command_line import Command, command
from integration.app.test_factory import eventually
from lineshaft.base.scope import Scope

__all__ = ["command"]


async def make_letters(folder: Path, port: int) -> None:
    """Leave three orders that the ERP cannot take for one reason."""
    erp = Target()
    erp.refuses = True
    await erp.come()
    hub = await hub_of(folder, erp, port, "en")
    try:
        await send(hub, "SO-1", "SO-2", "SO-3")
        scope = Scope("default")

        async def count() -> int:
            return len((await hub.store.dead_letters(scope)).items)

        await eventually(count, lambda found: found == 3)
    finally:
        await hub.stop()
        await erp.go()


HERE = ("--config", "hub.toml", "--data", ".")


def letters(command: Command, status: str) -> list[str]:
    page = json.loads(command(*HERE, "dead-letters", "list", "--status", status, "--json").stdout)
    return sorted(each["business_key"] for each in page["items"])


@pytest.mark.timeout(60)
def test_all_of_one_cause_are_shown_and_only_then_sent(
    command: Command, tmp_path: Path, unused_tcp_port: int
) -> None:
    asyncio.run(make_letters(tmp_path, unused_tcp_port))

    (cause,) = json.loads(command(*HERE, "dead-letters", "causes", "--json").stdout)["items"]
    zh = command("--lang", "zh", *HERE, "dead-letters", "causes").stdout
    look = command("--lang", "zh", *HERE, "dead-letters", "replay", "--cause", cause["cause"])
    nameless = command(*HERE, "dead-letters", "replay", "--cause", cause["cause"], "--yes")
    kept = letters(command, "open")
    sent = command(
        *HERE, "dead-letters", "replay", "--cause", cause["cause"], "--yes", "--reason", "unit put right"
    )
    again = json.loads(command(*HERE, "dead-letters", "replay", "--cause", cause["cause"], "--json").stdout)

    assert cause["count"] == 3
    assert "原因编号" in zh
    assert look.status == 0
    assert "共 3 笔异常单据" in look.stdout
    assert all(f"SO-{number}" in look.stdout for number in (1, 2, 3))
    assert "尚未重放" in look.stdout
    assert (nameless.status, "--reason" in nameless.stderr) == (2, True)
    assert kept == ["SO-1", "SO-2", "SO-3"]
    assert (sent.status, "3 of 3" in sent.stdout) == (0, True)
    assert again == {"count": 0, "items": []}
    assert letters(command, "replayed") == ["SO-1", "SO-2", "SO-3"]


def test_what_to_replay_must_be_said_once(command: Command) -> None:
    for arguments in ([], ["x", "--cause", "y"], ["x", "y", "--payload", "z.json"]):
        refused = command("dead-letters", "replay", *arguments)
        assert refused.status == 2
        assert "--cause" in refused.stderr
