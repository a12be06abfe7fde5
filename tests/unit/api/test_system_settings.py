"""Where a system is reached is kept in the hub: shown, changed, told to all; the file goes before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from unit.api.conftest import Client
from unit.api.test_promotion import ERP, PACK, Named

FILES = [
    {"path": "pack.yaml", "text": PACK.format(version="1.0.0")},
    {"path": "systems/erp.yaml", "text": ERP},
    {"path": "systems/mes.yaml", "text": ERP.replace("name: erp", "name: mes").replace("erp_key", "mes_key")},
]
PATH = "/api/v1/systems/erp/settings"
ADDRESS = "http://127.0.0.1:9"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Client]:
    file = tmp_path / "hub.toml"
    file.write_text('[systems.mes]\nbase_url = "http://127.0.0.1:8"\n', encoding="utf-8")
    options = {"store.url": "memory:", "console.environment": "test"}
    built = build(read_config(file=file, options=options), {"LINESHAFT_SECRET_ERP_KEY": "k"}, tokens=Named())
    await built.open()
    client = Client(built)
    made = await client("POST", "/api/v1/releases", {"files": FILES}, token="engineer:e")
    assert made.status == 201, made.content
    yield client
    await built.stop()


async def test_a_system_is_connected_as_soon_as_its_address_is_kept(hub: Client) -> None:
    before = (await hub("GET", PATH, token="administrator:z")).json
    [address] = [each for each in before["settings"] if each["name"] == "base_url"]
    assert (address["value"], address["origin"], address["required"]) == (None, "", True)
    assert before["problem"]
    assert before["secrets"] == [{"name": "erp_key", "given": True}]
    kept = await hub("PUT", PATH, {"values": {"base_url": ADDRESS}}, token="administrator:z")
    [address] = [each for each in kept.json["settings"] if each["name"] == "base_url"]
    assert (address["value"], address["origin"], kept.json["problem"]) == (ADDRESS, "kept", None)
    gone = await hub("PUT", PATH, {"values": {"base_url": ""}}, token="administrator:z")
    assert gone.json["problem"]


async def test_the_configuration_goes_before_what_is_kept(hub: Client) -> None:
    path = PATH.replace("erp", "mes")
    kept = (await hub("PUT", path, {"values": {"base_url": ADDRESS}}, token="administrator:z")).json
    [address] = [each for each in kept["settings"] if each["name"] == "base_url"]
    assert (address["value"], address["origin"]) == ("http://127.0.0.1:8", "configuration")
    assert kept["secrets"] == [{"name": "mes_key", "given": False}]


async def test_a_setting_that_no_system_asks_for_is_refused_by_name(hub: Client) -> None:
    refused = await hub("PUT", PATH, {"values": {"base_ulr": ADDRESS}}, token="administrator:z")
    assert (refused.status, refused.json["code"]) == (400, "setting_unknown")
    assert "base_ulr" in str(refused.json)


async def test_who_may_not_manage_secrets_sees_no_address_and_changes_none(hub: Client) -> None:
    for method, body in (("GET", None), ("PUT", {"values": {"base_url": ADDRESS}})):
        assert (await hub(method, PATH, body, token="sales:s")).status == 403


async def test_that_settings_were_changed_stands_in_the_audit_log_without_them(hub: Client) -> None:
    await hub("PUT", PATH, {"values": {"base_url": ADDRESS}}, token="administrator:z")
    lines = (await hub("GET", "/api/v1/audit?action=system.settings", token="administrator:a")).json["items"]
    assert [(each["actor"], each["subject"]) for each in lines] == [("z", "erp")]
    assert ADDRESS not in str(lines)
