"""Secrets planted wherever they can come in stand nowhere in the clear: database, logs, exports, problems."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app import archives
from lineshaft.app.config import read_config, shown
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.app.logs import JsonLines
from lineshaft.base.scope import Scope
from lineshaft.security import passwords, totp
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


ERP = """format: 1
connector: http
name: erp
label: {zh: ERP, en: ERP}
version: "1"
settings:
  base_url: {label: {zh: 地址, en: Address}}
auth: {kind: bearer, token: secret:erp_key}
operations:
  order.create:
    label: {zh: 建单, en: Create}
    method: POST
    path: /orders
    safety: {kind: none}
check: {method: GET, path: /check}
"""
ENTRIES = {
    "secret of a connection": "LINESHAFT_SECRET_ERP_KEY",
    "client secret of the identity provider": "LINESHAFT_SECRET_OIDC_CLIENT",
    "bind password of the directory": "LINESHAFT_SECRET_LDAP_BIND",
    "password of the mail server": "LINESHAFT_SECRET_SMTP_PASSWORD",
    "key of the tracking links": "LINESHAFT_SECRET_TRACKING_KEY",
    "key of the subscriptions": "LINESHAFT_SECRET_SUBSCRIPTIONS_KEY",
}
"""Secrets that come in by the environment."""
OPTIONS: dict[str, Any] = {
    "console.environment": "test",
    "subscriptions.hosts": ["127.0.0.1:9"],
    "security.oidc_issuer": "https://127.0.0.1:9/firm",
    "security.oidc_client_id": "hub",
    "security.oidc_client_secret": "secret:oidc_client",
    "security.ldap_url": "ldap://127.0.0.1:9",
    "security.ldap_base": "dc=firm",
    "security.ldap_bind_dn": "cn=hub",
    "security.ldap_bind_password": "secret:ldap_bind",
    "alerts.mail_to": ["it@firm.example"],
    "alerts.mail_from": "hub@firm.example",
    "alerts.smtp_host": "127.0.0.1",
    "alerts.smtp_port": 9,
    "alerts.smtp_user": "secret:smtp_password",
    "alerts.smtp_password": "secret:smtp_password",
}


class Entries:
    """A hub into which a secret comes by every entry there is, and everything it said meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.planted = {name: f"planted-{place}-4451-{name[:3]}-xyz" for place, name in enumerate(ENTRIES)}
        variables = {ENTRIES[name]: value for name, value in self.planted.items()}
        systems = {"LINESHAFT_SYSTEMS_ERP_BASE_URL": "http://127.0.0.1:9"}
        options = {"data_dir": str(folder), **OPTIONS}
        self.config = read_config(options=options, environment=systems)
        self.hub = build(self.config, variables)
        self.said: list[bytes] = []
        self.token = ""

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", token: str = "", shows: bool = False
    ) -> tuple[int, Any]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {token or self.token}"}
        if key:
            headers["idempotency-key"] = key
        content = b"" if body is None else json.dumps(body).encode()
        status, found = await call_asgi(self.hub.application, method, f"/api/v1{path}", headers, content)
        if not shows:
            self.said.append(found)
        return status, json.loads(found) if method == "POST" and found else None

    async def once(self, name: str, path: str, body: Any, field: str) -> Any:
        """Let the hub make something that it shows this once, asked twice with one key."""
        status, made = await self.ask("POST", path, body, key=name, shows=True)
        assert status in (200, 201), (name, made)
        assert (await self.ask("POST", path, body, key=name, shows=True))[1] == made
        self.planted[name] = made[field]
        return made

    async def enter(self) -> None:
        _, self.token = await self.hub.guards.tokens.create(TokenWish("root", ["administrator"]), None)
        self.planted["token of an administrator"] = self.token
        made = await self.once("token", "/tokens", {"name": "m", "roles": ["machine"]}, "token")
        await self.once("rotated token", f"/tokens/{made['id']}/rotate", {}, "token")
        wish = {"name": "s", "url": "http://127.0.0.1:9/"}
        kept = await self.once("secret of a subscription", "/subscriptions", wish, "secret")
        await self.once("renewed secret", f"/subscriptions/{kept['id']}/secret", {}, "secret")
        self.planted["sealed secret"] = "planted-sealed-9172-abc"
        value = {"value": self.planted["sealed secret"]}
        assert (await self.ask("PUT", "/secrets/crm_key", value))[0] == 200
        await self._of_a_person()
        await self._by_connections()

    async def _of_a_person(self) -> None:
        """A password, a phone's secret, its recovery codes; and a sign-in that asks the directory outside."""
        self.planted["password"] = "planted-password-3319-qq"
        user = {"login": "li", "name": "L", "roles": ["clerk"], "password": self.planted["password"]}
        assert (await self.ask("POST", "/users", user, key="user"))[0] == 201
        for name in ("secret of a phone", "offer of a phone"):
            secret, address, offer = self.hub.guards.signing_in.new_totp("li")
            self.planted[name] = secret if name.startswith("secret") else offer
        code = totp.code_at(secret, totp.step_at(self.hub.clock.now()))
        self.planted["secret of a phone"] = secret
        assert secret in address
        codes = await self.hub.guards.signing_in.confirm_totp("li", offer, code)
        self.planted |= {f"recovery code {place}": each for place, each in enumerate(codes)}
        for login in ("li", "nobody"):
            sign_in = {"login": login, "password": self.planted["password"], "code": codes[0]}
            await self.ask("POST", "/session", sign_in)
        await self.ask("GET", "/session/oidc")

    async def _by_connections(self) -> None:
        """Calls that fail, with secrets in their headers; what fails is told."""
        title = "title: {zh: 包, en: P}"
        files = [
            {"path": "pack.yaml", "text": f"format: 1\nname: p\nversion: 1.0.0\n{title}\n"},
            {"path": "systems/erp.yaml", "text": ERP},
        ]
        assert (await self.ask("POST", "/releases", {"files": files}))[0] == 201
        for system in ("erp", "alerts"):
            await self.ask("POST", f"/systems/{system}/check", {})

    async def look(self) -> None:
        """Read everything that can be read."""
        for path in (
            "/secrets", "/users", "/tokens", "/subscriptions", "/audit?limit=500", "/audit/export", "/me",
            "/releases/active/export", "/systems", "/status", "/proposals", "/feed", "/retention", "/nowhere",
        ):  # fmt: skip
            await self.ask("GET", path)
        await self.ask("POST", "/persons/export", {"known_by": ["li"]})
        await self.ask("PUT", "/secrets/crm_key", {"value": [self.planted["sealed secret"]]})
        await self.ask("GET", "/me", token=self.planted["token"] + "x")


async def test_secrets_of_every_entry_are_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Database, log, backup, exports, answers and problems, whichever way a secret came in."""
    monkeypatch.setattr(passwords, "_MEMORY_KIB", 64)
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(JsonLines())
    folder = tmp_path / "data"
    found = Entries(folder)
    await found.hub.start()
    await found.enter()
    await found.look()
    await found.hub.stop()
    await asyncio.to_thread(archives.backup, found.config, tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        saved = b"".join(archive.read(name) for name in archive.namelist())
    places = {
        "the database": content_of(folder, "hub.db"),
        "the backup": saved,
        "answers, exports and problems": b"".join(found.said),
        "the log": caplog.text.encode(),
        "the configuration": json.dumps(shown(found.config), default=str).encode(),
    }
    assert b"crm_key" in saved
    assert len(found.planted) > 20
    assert b"token.rotated" in places["answers, exports and problems"]
    for where, content in places.items():
        for name, secret in found.planted.items():
            assert secret.encode() not in content, (where, name)
            assert base64.b64encode(secret.encode())[:-4] not in content, (where, name)


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
