"""Secrets planted wherever they can come in stand nowhere in the clear: database, logs, exports, problems."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app.config import read_config, shown
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.app.logs import JsonLines
from lineshaft.base.scope import Scope
from lineshaft.security import passwords
from lineshaft.security.roles import SHIPPED
from lineshaft.security.tokens import TokenWish

PLANTED = {
    "password": "planted-Passw0rd-xyzzy",
    "secret": "planted-secret-plugh-8841",
    "variable": "planted-environment-7719",
    "database": "planted-database-5512",
}


async def call(hub: Hub, method: str, path: str, body: object, token: str) -> tuple[int, bytes]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return await call_asgi(hub.application, method, path, headers, json.dumps(body).encode())


def content_of(folder: Path, beginning: str) -> bytes:
    """Return all files whose names begin so, but for the one with the master key."""
    found = [path for path in folder.iterdir() if path.is_file() and path.name.startswith(beginning)]
    return b"".join(path.read_bytes() for path in found if path.name != "master.keys")


async def test_planted_secrets_are_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_MEMORY_KIB", 64)
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(JsonLines())
    config = read_config(options={"data_dir": str(tmp_path)})
    hub = build(config, {"LINESHAFT_SECRET_CRM_KEY": PLANTED["variable"]})
    await hub.open()
    answers: list[bytes] = []
    _, token = await hub.guards.tokens.create(TokenWish("root", ["administrator"]), None)

    async def ask(method: str, path: str, body: Any) -> int:
        status, content = await call(hub, method, path, body, token)
        if "/tokens" not in path:
            answers.append(content)
        return status

    user = {"login": "li", "name": "L", "roles": list(SHIPPED)[:1], "password": PLANTED["password"]}
    assert await ask("POST", "/api/v1/users", user) == 201
    assert await ask("POST", "/api/v1/users", user) == 409
    assert await ask("PUT", "/api/v1/secrets/erp_key", {"value": PLANTED["secret"]}) == 200
    assert await ask("PUT", "/api/v1/secrets/ERP!", {"value": PLANTED["secret"]}) == 400
    assert await ask("PUT", "/api/v1/secrets/erp_key", {"value": [PLANTED["secret"]]}) == 400
    sign_in = {"login": "li", "password": PLANTED["password"], "code": PLANTED["secret"]}
    assert await ask("POST", "/api/v1/session", sign_in) == 200
    wrong = {"login": "li", "password": PLANTED["secret"]}
    assert await ask("POST", "/api/v1/session", wrong) == 403
    made = json.loads(
        (await call(hub, "POST", "/api/v1/tokens", {"name": "m", "roles": ["machine"]}, token))[1]
    )
    assert hub.secrets("erp_key") == PLANTED["secret"]
    assert hub.secrets("crm_key") == PLANTED["variable"]
    for path in (
        "/api/v1/secrets",
        "/api/v1/users",
        "/api/v1/audit",
        "/api/v1/audit/export",
        "/api/v1/nowhere",
    ):
        await ask("GET", path, None)
    await ask("GET", "/api/v1/secrets", None)
    await hub.stop()
    odd = read_config(options={"store.url": f"postgresql://hub:{PLANTED['database']}@h/db"})
    dumps = {
        "the database": content_of(tmp_path, "hub.db"),
        "answers": b"".join(answers),
        "the log": caplog.text.encode(),
        "the configuration": json.dumps(shown(odd), default=str).encode(),
        "what objects say of themselves": repr((hub.secrets, hub.guards.vault(), hub.config)).encode(),
        "the files beside it": content_of(tmp_path, ""),
    }
    searched = [*PLANTED.values(), made["token"], token, (tmp_path / "master.keys").read_text().strip()]
    assert b"erp_key" in dumps["answers"]
    assert len(dumps["the database"]) > 10_000
    for where, content in dumps.items():
        for secret in searched:
            assert secret.encode() not in content, (where, secret)
            assert json.dumps(secret)[1:-1].encode() not in content, (where, secret)


async def test_lost_master_key_is_told_where_the_secret_is_listed(tmp_path: Path) -> None:
    config = read_config(options={"data_dir": str(tmp_path)})
    hub = build(config, {})
    await hub.open()
    await hub.guards.secrets.put("erp_key", "value", hub.guards.own_caller())
    await hub.stop()
    (tmp_path / "master.keys").unlink()
    hub = build(config, {})
    await hub.open()
    assert "erp_key" not in hub.secrets
    assert "master key" in str(hub.guards.secrets.lost["erp_key"].message)
    _, token = await hub.guards.tokens.create(TokenWish("root", ["administrator"]), None)
    status, content = await call(hub, "GET", "/api/v1/secrets", None, token)
    assert status == 200
    assert "master key" in json.loads(content)["items"][0]["problem"]
    assert (await hub.store.audit_head(Scope("default"))).seq == 2
    await hub.stop()
