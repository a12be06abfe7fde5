"""A signed delivery is taken in once, however it comes; an unsigned one is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.packs import files_in, folder_of
from lineshaft.engine.releases import files_of

from .conftest import Client, FixedTokens

SECRET = "plain-secret"
ORDER: dict[str, Any] = {
    "order_no": "XS-1",
    "status": "confirmed",
    "version": 1,
    "account_name": "北辰",
    "gross_amount": "100.00",
    "currency": "CNY",
    "lines": [
        {
            "line_no": 1,
            "model": "BX-F210",
            "quantity": "100",
            "unit": "套",
            "status": "open",
            "gross_amount": "100.00",
        }
    ],
}
DELIVERY = {
    "id": "evt_17",
    "type": "order.confirmed",
    "time": "2026-01-05T08:00:00+08:00",
    "subject": "XS-1",
    "version": 1,
    "data": {"order": ORDER},
}


@pytest.fixture
async def api() -> AsyncIterator[Client]:
    environment = {
        "LINESHAFT_STORE_URL": "memory:",
        "LINESHAFT_SYSTEMS_CRM_BASE_URL": "http://127.0.0.1:9",
        "LINESHAFT_SYSTEMS_ERP_BASE_URL": "http://127.0.0.1:9",
        "LINESHAFT_SECRET_CRM_TOKEN": "t",
        "LINESHAFT_SECRET_CRM_WEBHOOK": SECRET,
        "LINESHAFT_SECRET_ERP_APP_ID": "a",
        "LINESHAFT_SECRET_ERP_APP_SECRET": "s",
    }
    hub = build(read_config(environment=environment), environment, tokens=FixedTokens())
    await hub.open()
    files = files_in(folder_of("order-to-delivery"))
    # The systems and what takes their events in: without the rest a pack is ready far sooner.
    told = {
        name: each for name, each in files.items() if name.startswith(("pack.yaml", "systems/", "flows/"))
    }
    await hub.publish(files_of(told), by="test", note="")
    yield Client(hub)
    await hub.stop()


def signed(client: Client, body: bytes, secret: str = SECRET, age_s: int = 0) -> dict[str, str]:
    stamp = str(int(client.hub.clock.now().timestamp()) - age_s)
    digest = hmac.new(secret.encode(), f"evt_17.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": "evt_17",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


async def deliver(client: Client, headers: dict[str, str], body: bytes) -> Any:
    return await client("POST", "/hooks/crm/orders", body, token=None, headers=headers)


async def test_signed_delivery_is_taken_in_once(api: Client) -> None:
    body = json.dumps(DELIVERY).encode()

    first = await deliver(api, signed(api, body), body)
    second = await deliver(api, signed(api, body), body)

    assert (first.status, second.status) == (202, 202)
    assert first.json["items"][0]["verdict"] == "accepted"
    assert second.json["items"][0]["verdict"] == "duplicate"


@pytest.mark.parametrize(("secret", "age_s", "code"), [
    ("other", 0, "webhook_signature"), (SECRET, 3600, "webhook_stale"), (SECRET, -3600, "webhook_stale"),
])  # fmt: skip
async def test_delivery_that_proves_nothing_is_turned_away_and_not_kept(
    api: Client, secret: str, age_s: int, code: str
) -> None:
    body = json.dumps(DELIVERY).encode()

    answer = await deliver(api, signed(api, body, secret, age_s), body)

    assert (answer.status, answer.json["code"]) == (401, code)
    assert (await api("GET", "/api/v1/events")).json["items"] == []


async def test_changed_body_is_turned_away(api: Client) -> None:
    body = json.dumps(DELIVERY).encode()
    headers = signed(api, body)

    assert (await deliver(api, headers, body.replace(b"100.00", b"900.00"))).status == 401


async def test_genuine_nonsense_is_refused_as_such(api: Client) -> None:
    body = b'{"type": "order.confirmed"}'

    assert (await deliver(api, signed(api, body), body)).status == 400


async def test_document_that_an_event_tells_of_is_found_at_once(api: Client) -> None:
    body = json.dumps(DELIVERY).encode()
    await deliver(api, signed(api, body), body)

    found = (await api("GET", "/api/v1/trace/XS-1")).json

    (document,) = found["documents"]
    assert (document["system"], document["kind"], document["status"]) == ("crm", "sales_order", "confirmed")
    assert [each["quantity"] for each in document["lines"]] == ["100"]
    assert [each["type"] for each in found["events"]] == ["crm.sales_order.confirmed"]


async def test_rule_of_one_hook_is_set_holds_at_once_and_is_taken_away(api: Client) -> None:
    """H2: the client of these tests has no address, so that no network holds it."""
    body = json.dumps(DELIVERY).encode()

    async def deliver() -> int:
        return (await api("POST", "/hooks/crm/orders", body, token=None, headers=signed(api, body))).status

    rule = "/api/v1/hook-addresses/crm/orders"
    assert await deliver() == 202
    made = await api("PUT", rule, {"addresses": ["10.1.2.3/16", "10.1.0.0/16"]})
    assert (made.status, made.json["addresses"]) == (200, ["10.1.0.0/16"])
    assert await deliver() == 403
    # Another hook of the same system is not meant.
    other = await api("POST", "/hooks/crm/strange", {}, token=None)
    assert other.json["code"] != "address_not_allowed"
    [listed] = (await api("GET", "/api/v1/hook-addresses")).json["items"]
    assert (listed["hook"], listed["configured"], listed["set_by"]) == ("crm/orders", False, "admin")
    assert (await api("DELETE", rule)).status == 200
    assert await deliver() == 202
    assert (await api("DELETE", rule)).status == 404
    noted = (await api("GET", "/api/v1/audit?action=hook.")).json["items"]
    assert [each["action"] for each in noted] == [
        "hook.addresses_removed",
        "hook.refused",
        "hook.addresses_set",
    ]


async def test_rule_for_nothing_and_of_no_address_is_refused(api: Client) -> None:
    for hook, addresses, code in (
        ("cmr", ["10.0.0.0/8"], "hook_unknown"),
        ("crm/ordres", ["10.0.0.0/8"], "hook_unknown"),
        ("crm", ["10.0.0.0/33"], "address_invalid"),
        ("crm", [], "addresses_invalid"),
    ):
        answer = await api("PUT", f"/api/v1/hook-addresses/{hook}", {"addresses": addresses})
        assert (answer.status, answer.json["code"]) == (400, code)
    denied = await api("PUT", "/api/v1/hook-addresses/crm", {"addresses": ["::/0"]}, token="viewer-token")
    assert denied.status == 403


async def test_systems_are_ready_when_they_are_configured(api: Client) -> None:
    systems = (await api("GET", "/api/v1/systems")).json["items"]

    states = {each["name"]: each["state"] for each in systems}
    assert {name: state for name, state in states.items() if state == "ok"} == {"crm": "ok", "erp": "ok"}
    assert set(states.values()) == {"ok", "degraded"}, "what the pack brings and nobody has connected says so"


async def test_pause_is_seen_with_its_reason_and_who_did_it(api: Client) -> None:
    await api("POST", "/api/v1/systems/erp/pause", {"reason": "month end"})
    paused = (await api("GET", "/api/v1/systems/erp")).json
    await api("POST", "/api/v1/systems/erp/resume", {})
    resumed = (await api("GET", "/api/v1/systems/erp")).json

    assert (paused["state"], paused["reason"], paused["changed_by"]) == ("paused", "month end", "admin")
    assert resumed["state"] == "ok"
