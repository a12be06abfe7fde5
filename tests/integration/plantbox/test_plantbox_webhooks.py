"""The CRM's signed webhooks: shape, signature, retries, doubles, late ones, and what survives a kill."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from pathlib import Path

import pytest

from integration.plantbox.conftest import Hook, Plant, System, _receiver, crm_order, until

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def started(plant: Plant, data: Path, url: str, *options: str) -> System:
    return plant.start(
        "crm", data, "--webhook", url, "--webhook-secret", SECRET, "--webhook-retry", "0.05", *options
    )


def confirm(crm: System) -> str:
    order = crm.crm("POST", "orders", crm_order()).json
    return str(crm.crm("POST", f"orders/{order['id']}/confirm").json["order_no"])


def verify(headers: dict[str, str], body: bytes) -> None:
    """Check the signature by the specification alone, not by the sender's code."""
    content = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    wanted = "v1," + base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == wanted


def test_a_confirmed_order_is_told_signed_and_as_the_feed_tells_it(
    plant: Plant, tmp_path: Path, hook: Hook
) -> None:
    crm = started(plant, tmp_path, hook.url)
    number = confirm(crm)
    headers, body = hook.next()
    verify(headers, body)
    event = json.loads(body)
    assert (event["type"], event["subject"]) == ("order.confirmed", number)
    assert event["id"] == headers["webhook-id"]
    assert event == crm.crm("GET", "changes?type=order.confirmed").json["items"][0]


def test_a_refused_webhook_comes_again_under_the_same_id_until_it_is_taken(
    plant: Plant, tmp_path: Path, hook: Hook
) -> None:
    hook.plan.extend([500, 503, 302])
    crm = started(plant, tmp_path, hook.url)
    confirm(crm)
    got = [hook.next() for _ in range(4)]
    assert len({headers["webhook-id"] for headers, _ in got}) == 1
    for headers, body in got:
        verify(headers, body)
    assert until(lambda: crm.admin("GET", "outbox")["states"] == {"delivered": 1})


def test_a_gone_receiver_ends_that_message(plant: Plant, tmp_path: Path, hook: Hook) -> None:
    hook.plan.append(410)
    crm = started(plant, tmp_path, hook.url)
    confirm(crm)
    hook.next()
    assert until(lambda: crm.admin("GET", "outbox")["states"] == {"refused": 1})
    crm.admin("POST", "outbox/redeliver")
    hook.next()
    assert until(lambda: crm.admin("GET", "outbox")["states"] == {"delivered": 1})


def test_a_duplicate_comes_twice_under_one_id(plant: Plant, tmp_path: Path, hook: Hook) -> None:
    crm = started(plant, tmp_path, hook.url, "--fault", "duplicate_webhook:count=1")
    confirm(crm)
    first, second = hook.next(), hook.next()
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    confirm(crm)
    assert hook.next()[0]["webhook-id"] != first[0]["webhook-id"]


def test_a_late_webhook_is_overtaken_by_a_later_one(plant: Plant, tmp_path: Path, hook: Hook) -> None:
    crm = started(plant, tmp_path, hook.url, "--fault", "late_webhook:count=1,ms=700")
    late = confirm(crm)
    until(lambda: crm.admin("GET", "outbox")["states"] == {"late": 1})
    early = confirm(crm)
    assert [json.loads(hook.next()[1])["subject"] for _ in range(2)] == [early, late]
    assert until(lambda: crm.admin("GET", "outbox")["states"] == {"delivered": 2})


def test_a_webhook_can_carry_a_code_that_nobody_knows(plant: Plant, tmp_path: Path, hook: Hook) -> None:
    crm = started(plant, tmp_path, hook.url, "--fault", "wrong_code:match=webhook.*,count=1")
    number = confirm(crm)
    headers, body = hook.next()
    verify(headers, body)
    assert json.loads(body)["data"]["order"]["lines"][0]["model"] == "BX-F210-UNKNOWN"
    assert crm.crm("GET", f"orders/{number}").json["lines"][0]["model"] == "BX-F210"


@pytest.mark.parametrize("late", [False, True])
def test_what_waits_in_the_outbox_survives_a_kill(plant: Plant, tmp_path: Path, late: bool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/hook"
    options = ("--fault", "late_webhook:ms=600000") if late else ()
    crm = started(plant, tmp_path, url, *options)
    number = confirm(crm)
    if late:
        until(lambda: crm.admin("GET", "outbox")["states"] == {"late": 1})
    crm.kill()
    hook = Hook(port=port)
    server = _receiver(hook)
    started(plant, tmp_path, url)
    server.timeout = 20
    server.handle_request()
    headers, body = hook.next()
    server.server_close()
    verify(headers, body)
    assert json.loads(body)["subject"] == number
