"""Webhooks of WeCom, DingTalk and Feishu, and other proofs: published vectors, handshakes, forgeries."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import NotAllowed
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.http import envelopes as env
from lineshaft.connectors.http.connector import HttpConnector
from lineshaft.connectors.http.signing import keyed_hash, sign
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.webhook import Delivery, WebhookAnswer

AES = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
ECHO = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q=="
STAMP = "1411443780"
NOW = datetime.fromtimestamp(int(STAMP) + 5, UTC)
SECRETS = {"token": "123456", "aes": AES, "encrypt": "test key", "hook": "test-secret", "wrong": "other"}


def answer(manifest: str, delivery: Delivery, now: datetime = NOW) -> WebhookAnswer:
    text = f"format: 1\nname: oa\nwebhooks:\n  hook:\n    verify: {manifest}\n"
    if "type:" not in manifest:
        text += "    id: string(body.id)\n    type: '\"oa.changed\"'\n    subject: string(body.id)\n"
    connection = Connection(
        "oa", {"base_url": "http://oa"}, SECRETS.__getitem__, FixedClock(), lambda: "n" * 32
    )
    connector = HTTP.read(text.encode(), "oa.yaml").connect(connection)
    assert isinstance(connector, HttpConnector)
    return connector.answer("hook", delivery, now)


ONE = b'{"id": 1}'
SIGNED = base64.b64encode(hmac.digest(b"test-secret", ONE, "sha256")).decode()
WECOM = "{kind: wecom, secret: secret:token, aes_key: secret:aes, receiver: '\"wx49f0ab532d5d035a\"'}"
DINGTALK = "{kind: dingtalk, secret: secret:token, aes_key: secret:aes, receiver: '\"app-key\"'}"
FEISHU = "{kind: feishu, aes_key: secret:encrypt}"


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        (
            "test-secret", "appKey41832a3d2df94989b500da6a22268747timestamp1568098531823",
            "Vyqsw6IGDHokpuJCPgJN2BoUphMnWpALCXriKgF35t0=",
        ),
        ("SECtest", "1700000000000\nSECtest", "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g="),
        ("1700000000\ntest-secret", "", "mbm4Y4oluIPQ00qlBIhX8vAZ0EKv3nw0LuTb91jPL84="),
        (
            "test-secret", '{"doctype":"Sales Order","name":"SO-1"}',
            "shXN8LFAeZd5Vsm54knLgWrDsLcnc67IhEIJq1v3Q8g=",
        ),
    ],
)  # fmt: skip
def test_keyed_hashes_as_the_vendors_make_them(key: str, message: str, expected: str) -> None:
    assert keyed_hash(key.encode(), message.encode(), "sha256", "base64") == expected
    assert sign("hmac-sha256", key.encode(), message.encode(), "base64") == expected


def test_feishu_opens_and_signs_as_published() -> None:
    assert env.open_feishu("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", "test key") == b"hello world"
    signed = env.feishu_signature("1700000000", "nonce1", "test key", b'{"encrypt":"x"}')
    assert signed == "0750079ced63fb99ad83cf61c58f8d8134dfc0246555d095fd0b47d6721f2819"


def test_wecom_asks_for_the_address_and_hears_its_word() -> None:
    assert env.signature("123456", STAMP, "437374425", ECHO) == "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96"
    query = {
        "msg_signature": "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96", "timestamp": STAMP,
        "nonce": "437374425", "echostr": ECHO,
    }  # fmt: skip
    told = answer(WECOM, Delivery({}, b"", query, "GET"))
    assert (told.body, told.handshake, told.content_type) == (b"5927782489442352469", True, "text/plain")
    with pytest.raises(NotAllowed):
        answer(WECOM, Delivery({}, b"", {**query, "nonce": "437374426"}, "GET"))
    with pytest.raises(NotAllowed):
        answer(WECOM.replace("5035a", "5035b").replace("d035a", "d035b"), Delivery({}, b"", query, "GET"))


def sealed(message: bytes, receiver: str, kind: str) -> Delivery:
    encrypted = env.make_envelope(message, AES, receiver, "any")
    query = {
        "timestamp": STAMP,
        "nonce": "n1",
        "msg_signature": env.signature("123456", STAMP, "n1", encrypted),
    }
    body = {"encrypt": encrypted}
    content = json.dumps(body).encode()
    if kind == "wecom":
        content = f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
    return Delivery({}, content, query)


def test_a_wecom_event_is_opened() -> None:
    told = answer(WECOM, sealed("<xml><id>批-7</id></xml>".encode(), "wx49f0ab532d5d035a", "wecom"))
    assert [change.subject for change in told.changes] == ["批-7"]
    assert told.body == b"success"


def test_dingtalk_hears_success_in_an_envelope_of_its_own() -> None:
    told = answer(DINGTALK, sealed(b'{"EventType": "bpms_instance_change", "id": 7}', "app-key", "dingtalk"))
    assert [change.subject for change in told.changes] == ["7"]
    assert told.body is not None
    heard = json.loads(told.body)
    assert heard["msg_signature"] == env.signature(
        "123456", heard["timeStamp"], heard["nonce"], heard["encrypt"]
    )
    assert env.open_envelope(heard["encrypt"], AES) == (b"success", "app-key")
    check = answer(DINGTALK, sealed(b'{"EventType": "check_url"}', "app-key", "dingtalk"))
    assert check.handshake
    assert check.changes == []


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_a_forged_envelope_is_turned_away(kind: str) -> None:
    manifest, receiver = {"wecom": (WECOM, "wx49f0ab532d5d035a"), "dingtalk": (DINGTALK, "app-key")}[kind]
    good = sealed(b'{"id": 1}', receiver, kind)
    for query in ({**good.query, "msg_signature": "0" * 40}, {**good.query, "timestamp": "1411443781"}, {}):
        with pytest.raises(NotAllowed):
            answer(manifest, Delivery({}, good.body, query))
    with pytest.raises(NotAllowed):
        answer(manifest, Delivery({}, b"{}", good.query))


def feishu(content: Any) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key, vector = hashlib.sha256(b"test key").digest(), b"0123456789abcdef"
    plain = json.dumps(content).encode()
    plain += bytes([16 - len(plain) % 16]) * (16 - len(plain) % 16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    encrypted = base64.b64encode(vector + encryptor.update(plain) + encryptor.finalize()).decode()
    return json.dumps({"encrypt": encrypted}).encode()


def test_feishu_is_answered_its_challenge_and_its_events_are_verified() -> None:
    challenge = feishu({"type": "url_verification", "challenge": "c-1", "token": "123456"})
    told = answer(FEISHU, Delivery({}, challenge))
    assert (told.body, told.handshake) == (b'{"challenge":"c-1"}', True)
    body = feishu({"id": 9})
    headers = {
        "X-Lark-Request-Timestamp": STAMP, "X-Lark-Request-Nonce": "n",
        "X-Lark-Signature": env.feishu_signature(STAMP, "n", "test key", body),
    }  # fmt: skip
    assert [change.subject for change in answer(FEISHU, Delivery(headers, body)).changes] == ["9"]
    with pytest.raises(NotAllowed):
        answer(FEISHU, Delivery({**headers, "X-Lark-Signature": "0" * 64}, body))
    with pytest.raises(NotAllowed):
        answer(FEISHU, Delivery({}, b'{"id": 9}'))
    token = "{kind: feishu, secret: secret:token}"
    assert answer(token, Delivery({}, b'{"id": 1, "token": "123456"}')).changes
    with pytest.raises(NotAllowed):
        answer(token, Delivery({}, b'{"id": 1, "token": "x"}'))


@pytest.mark.parametrize(
    ("verify", "good", "bad"),
    [
        (
            "{kind: token, secret: secret:hook, query: key}",
            Delivery({}, ONE, {"key": "test-secret"}),
            Delivery({}, ONE, {"key": "x"}),
        ),
        (
            "{kind: token, secret: secret:hook, field: auth.token}",
            Delivery({}, b'{"id": 1, "auth": {"token": "test-secret"}}'),
            Delivery({}, ONE),
        ),
        (
            "{kind: basic, user: '\"hub\"', secret: secret:hook}",
            Delivery({"Authorization": "Basic " + base64.b64encode(b"hub:test-secret").decode()}, ONE),
            Delivery({}, ONE),
        ),
        (
            "{kind: hmac, secret: secret:hook, header: X-Frappe-Webhook-Signature, encoding: base64}",
            Delivery({"X-Frappe-Webhook-Signature": SIGNED}, ONE),
            Delivery({"X-Frappe-Webhook-Signature": "x"}, ONE),
        ),
    ],
)  # fmt: skip
def test_other_proofs(verify: str, good: Delivery, bad: Delivery) -> None:
    assert answer(verify, good).changes
    with pytest.raises(NotAllowed):
        answer(verify, bad)


def test_a_handshake_is_answered_as_declared_and_a_form_may_hold_the_json() -> None:
    verify = (
        "{kind: none}\n    handshake: {when: body.challenge != null, reply: {challenge: body.challenge}}\n"
        "    reply: {errcode: 0}"
    )
    told = answer(verify, Delivery({"Content-Type": "application/json"}, b'{"challenge": "abc"}'))
    assert (told.body, told.handshake) == (b'{"challenge":"abc"}', True)
    form = Delivery({"Content-Type": "application/x-www-form-urlencoded"}, b"payload=%7B%22id%22%3A+5%7D")
    told = answer(verify, form)
    assert ([change.subject for change in told.changes], told.body) == (["5"], b'{"errcode":0}')
