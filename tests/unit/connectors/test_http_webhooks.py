"""Webhooks: only what is genuine and fresh is taken in."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import InputError, NotAllowed, NotFound
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.http.connector import HttpConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.webhook import WebhookReceiver

NOW = datetime.fromtimestamp(1614265330, UTC)
MANIFEST = b"""
format: 1
name: crm
webhooks:
  standard:
    verify: {kind: standard, secret: secret:hook}
    id: 'headers.webhook-id'
    type: '"crm." + string(body.test)'
    subject: string(body.test)
  orders:
    verify: {kind: hmac, secret: secret:hook, header: X-Signature, prefix: "sha256="}
    each: body.events
    when: item.kind != "noise"
    id: item.id
    type: '"crm.order." + item.kind'
    subject: item.no
    occurred_at: item.at
    data: {order: item, amount: item.amount}
    documents:
      - {kind: sales_order, number: item.no, local_id: item.no, version: item.v}
"""
MANIFEST = MANIFEST.replace(b"'headers.webhook-id'", b"'get value(headers, \"webhook-id\")'")


def receiver(secret: str) -> HttpConnector:
    definition = HTTP.read(MANIFEST, "crm.yaml")
    connector = definition.connect(
        Connection("crm", {"base_url": "http://crm"}, {"hook": secret}.__getitem__, FixedClock())
    )
    assert isinstance(connector, WebhookReceiver)
    return connector


STANDARD = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY = b'{"test": 2432232314}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_example_of_standard_webhooks_is_genuine() -> None:
    (change,) = receiver(SECRET).receive("standard", STANDARD, BODY, NOW)
    assert (change.id, change.type) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", "crm.2432232314")


def test_one_of_several_signatures_is_enough_while_keys_are_changed() -> None:
    headers = {**STANDARD, "webhook-signature": "v1,bm90aGluZw== " + STANDARD["webhook-signature"]}
    assert receiver(SECRET).receive("standard", headers, BODY, NOW)


@pytest.mark.parametrize(
    ("headers", "body", "shift_s"),
    [
        (STANDARD, BODY + b" ", 0),
        ({**STANDARD, "webhook-signature": ""}, BODY, 0),
        ({**STANDARD, "webhook-signature": "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, BODY, 0),
        ({**STANDARD, "Webhook-Id": "msg_other"}, BODY, 0),
        ({**STANDARD, "webhook-timestamp": "nan"}, BODY, 0),
        ({}, BODY, 0),
        (STANDARD, BODY, 301),
        (STANDARD, BODY, -301),
    ],
)
def test_what_is_not_genuine_or_not_fresh_is_not_allowed(
    headers: dict[str, str], body: bytes, shift_s: int
) -> None:
    with pytest.raises(NotAllowed):
        receiver(SECRET).receive("standard", headers, body, NOW + timedelta(seconds=shift_s))


def signed(body: bytes, secret: str = "plain-secret") -> dict[str, str]:
    return {"x-signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def test_a_delivery_may_hold_several_events() -> None:
    events = [
        {
            "id": "e1",
            "kind": "confirmed",
            "no": "XS-1",
            "at": "2026-01-05T08:00:00+08:00",
            "amount": 0.10,
            "v": 3,
        },
        {"id": "e2", "kind": "noise", "no": "XS-2", "at": None, "amount": 1, "v": 1},
        {"id": "e3", "kind": "changed", "no": "XS-1", "at": None, "amount": 1, "v": 4},
    ]
    body = json.dumps({"events": events}, ensure_ascii=False).encode()
    first, second = receiver("plain-secret").receive("orders", signed(body), body, NOW)
    assert (first.id, first.type, first.subject) == ("e1", "crm.order.confirmed", "XS-1")
    assert first.occurred_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert first.data["amount"] == Decimal("0.1")
    assert isinstance(first.data["amount"], Decimal)
    assert (first.documents[0].kind, first.documents[0].source_version) == ("sales_order", 3)
    assert (second.id, second.occurred_at) == ("e3", None)


@pytest.mark.parametrize(
    ("zone", "settings", "hour"),
    [("UTC", {}, 8), ("Asia/Shanghai", {}, 0), ("UTC", {"time_zone": "Asia/Shanghai"}, 0)],
)
def test_a_time_without_an_offset_is_of_the_systems_zone(
    zone: str, settings: dict[str, str], hour: int
) -> None:
    text = MANIFEST.replace(
        b"name: crm\n", f"name: crm\ntime_zone: {zone}\nsettings: {{time_zone: {{}}}}\n".encode()
    )
    connection = Connection(
        "crm", {"base_url": "http://crm", **settings}, {"hook": "s"}.__getitem__, FixedClock()
    )
    events = [{"id": "e", "kind": "x", "no": "1", "at": "2026-01-05 08:00:00", "amount": 1, "v": 1}]
    body = json.dumps({"events": events}).encode()
    (change,) = (
        HTTP.read(text, "crm.yaml").connect(connection).receive("orders", signed(body, "s"), body, NOW)
    )
    assert change.occurred_at == datetime(2026, 1, 5, hour, tzinfo=UTC)


def test_a_wrong_hmac_is_not_allowed() -> None:
    body = b'{"events": []}'
    with pytest.raises(NotAllowed):
        receiver("plain-secret").receive("orders", signed(body, "other"), body, NOW)


@pytest.mark.parametrize(
    "body", [b"{", b'{"events": [{"id": "e1"}]}', b'{"events": [{"id": "", "kind": "x", "no": "1"}]}']
)
def test_what_is_genuine_but_cannot_be_read_is_an_input_error(body: bytes) -> None:
    with pytest.raises(InputError):
        receiver("plain-secret").receive("orders", signed(body), body, NOW)


def test_an_unknown_webhook_is_not_found() -> None:
    with pytest.raises(NotFound):
        receiver("plain-secret").receive("none", {}, b"{}", NOW)
