"""Tokens and sessions that an earlier version kept in files go on working, from the store."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from lineshaft.app.config import read_config
from lineshaft.app.hub import build


async def test_files_of_an_earlier_version_are_taken_over_once(tmp_path: Path) -> None:
    shown = "lst_abc123_" + "5" * 64
    config = read_config(options={"data_dir": str(tmp_path)})
    hub = build(config, {})
    now = hub.clock.now()
    token = {
        "id": "abc123",
        "name": "screen",
        "digest": sha256(shown.encode()).hexdigest(),
        "roles": ["admin"],
        "created_at": now.isoformat(),
        "tenant": "default",
        "departments": ["north"],
        "expires_at": None,
    }
    session = {
        "digest": sha256(b"session:cookie").hexdigest(),
        "subject": "token:abc123",
        "created_at": now.isoformat(),
        "expires_at": now.isoformat(),
    }
    (tmp_path / "tokens.json").write_text(json.dumps({"tokens": [token]}))
    (tmp_path / "sessions.json").write_text(json.dumps({"sessions": [session]}))
    for _ in range(2):
        await hub.open()
        caller = await hub.guards.tokens.caller(shown, hub.clock.now())
        assert caller is not None
        assert caller.roles == {"administrator"}
        assert caller.scope.departments == {"north"}
        found = await hub.guards.sessions.find("cookie", hub.clock.now())
        assert found is not None
        assert found.caller.name == "screen"
        assert [each.id for each in await hub.guards.tokens.all()] == ["abc123"]
        assert _adopted(tmp_path) == [
            "sessions.json.adopted",
            "tokens.json.adopted",
        ]
        await hub.stop()
        hub = build(config, {})


def _adopted(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.adopted"))
