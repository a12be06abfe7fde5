"""Webhooks: is it genuine, what is in it, and what does the sender want to hear. Pure over a delivery.

``standard`` is Standard Webhooks 1.0 (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``;
HMAC-SHA256 over ``id.timestamp.body``). ``hmac`` is the common form with one header. ``wecom``, ``dingtalk``
and ``feishu`` are encrypted envelopes. The route that receives them stands elsewhere.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final
from urllib.parse import parse_qsl

from lineshaft.base.errors import ConfigError, ExpressionError, InputError, NotAllowed
from lineshaft.base.text import Text, text
from lineshaft.connectors.http import envelopes
from lineshaft.connectors.http.expressions import Names, fill
from lineshaft.connectors.http.facts import changes_of
from lineshaft.connectors.http.model import VerifyRule, WebhookRule
from lineshaft.connectors.http.signing import decode_key, keyed_hash
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.vault import Vault
from lineshaft.connectors.http.wire import Unreadable, decode, decode_json, encode_json
from lineshaft.connectors.http.xmltree import NotXml, read_xml
from lineshaft.sdk.webhook import WebhookAnswer

_MILLISECONDS_FROM: Final = 100_000_000_000


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery and everything that its rule needs; header names in small letters."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    now: datetime
    settings: Names
    zone: tzinfo
    vault: Vault
    nonce: Callable[[], str]

    def secret(self, rule: VerifyRule) -> str:
        """Return the secret that the rule refers to."""
        return self.vault(rule.secret.name) if rule.secret is not None else ""


def answer_to(rule: WebhookRule, delivered: Delivered) -> WebhookAnswer:
    """Verify a delivery and return its events, or the answer to a handshake.

    Raises:
        NotAllowed: It is not genuine, or too old.
        InputError: It is genuine, but cannot be read.
    """
    if rule.verify.kind in ("wecom", "dingtalk"):
        return _enveloped(rule, delivered)
    if rule.verify.kind == "feishu":
        return _feishu(rule, delivered)
    content: Any = None
    if rule.handshake is not None and not rule.handshake.signed:
        content = _content(rule, delivered)
        answered = _handshake(rule, delivered, content)
        if answered is not None:
            return answered
    verify(rule.verify, delivered)
    if content is None:
        content = _content(rule, delivered)
    answered = _handshake(rule, delivered, content)
    return answered if answered is not None else _told(rule, delivered, content)


def verify(rule: VerifyRule, delivered: Delivered) -> None:
    """Check the proof of a delivery; compared in constant time.

    Raises:
        NotAllowed: Missing, wrong, or older (or newer) than the tolerance.
    """
    if rule.kind == "none":
        return
    secret = delivered.secret(rule)
    if rule.kind == "standard":
        _verify_standard(rule, delivered, secret)
    elif rule.kind == "basic":
        user = (
            as_text(fill(rule.user, {"settings": delivered.settings}, delivered.vault)) if rule.user else ""
        )
        pair = base64.b64encode(f"{user}:{secret}".encode()).decode()
        _compare(f"Basic {pair}", [delivered.headers.get("authorization", "")])
    elif rule.kind == "token":
        _compare(secret, [_token_in(rule, delivered).removeprefix(rule.prefix)])
    else:
        _verify_hmac(rule, delivered, secret)


def _token_in(rule: VerifyRule, delivered: Delivered) -> str:
    if rule.query:
        return delivered.query.get(rule.query, "")
    if rule.field:
        try:
            value: Any = decode(delivered.body, delivered.headers.get("content-type", ""))
        except Unreadable:
            return ""
        for name in rule.field:
            value = value.get(name) if isinstance(value, Mapping) else None
        return as_text(value)
    return delivered.headers.get(rule.header.lower(), "")


def _verify_hmac(rule: VerifyRule, delivered: Delivered, secret: str) -> None:
    given = delivered.headers.get(rule.header.lower(), "")
    stamp = ""
    if rule.timestamp_header is not None:
        stamp = delivered.headers.get(rule.timestamp_header.lower(), "")
        _check_age(stamp, delivered.now, rule.tolerance_s)
    message = delivered.body
    names = {
        "body": delivered.body.decode("utf-8", "surrogateescape"),
        "headers": delivered.headers,
        "query": delivered.query,
    }
    if rule.timestamp is not None:
        stamp = as_text(rule.timestamp.lenient(names))
        _check_age(stamp, delivered.now, rule.tolerance_s)
    if rule.message is not None:
        try:
            message = as_text(rule.message.value({**names, "timestamp": stamp})).encode(
                "utf-8", "surrogateescape"
            )
        except ExpressionError:
            # What the signature is made of is not there.
            message, given = b"", ""
    key = decode_key(secret, rule.key_encoding)
    expected = rule.prefix + keyed_hash(key, message, rule.algorithm, rule.encoding)
    several = rule.encoding in ("hex", "HEX")
    _compare(expected, [part.strip() for part in given.split(",")] if several else [given])


def _verify_standard(rule: VerifyRule, delivered: Delivered, secret: str) -> None:
    headers = delivered.headers
    identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    _check_age(stamp, delivered.now, rule.tolerance_s)
    # A secret without the prefix is taken as it is: its bytes are the key.
    key = (
        decode_key(secret.removeprefix("whsec_"), "base64")
        if secret.startswith("whsec_")
        else secret.encode()
    )
    message = f"{identity}.{stamp}.".encode() + delivered.body
    expected = "v1," + keyed_hash(key, message, "sha256", "base64")
    _compare(expected, headers.get("webhook-signature", "").split())


def _check_age(stamp: str, now: datetime, tolerance_s: float) -> None:
    try:
        seconds = float(stamp)
        if seconds >= _MILLISECONDS_FROM:
            seconds /= 1000
        age = abs(now.timestamp() - seconds)
    except ValueError:
        age = float("inf")
    if not age <= tolerance_s:
        raise NotAllowed(
            text(
                "Expected a delivery signed within {tolerance_s} s, but its time stamp is {stamp}",
                "推送的时间戳 {stamp} 超出允许的 {tolerance_s} 秒",
                tolerance_s=int(tolerance_s),
                stamp=stamp or "-",
            ),
            code="webhook_stale",
            hint=text("compare the clocks of both systems", "请核对两边系统的时钟"),
        )


def _compare(expected: str, given: list[str]) -> None:
    wanted = expected.encode()
    if not any(hmac.compare_digest(wanted, one.encode("utf-8", "replace")) for one in given):
        raise _forged()


def _forged() -> NotAllowed:
    return NotAllowed(
        text("The signature of this delivery is wrong", "推送签名不正确"),
        code="webhook_signature",
        hint=text("compare the webhook's secret on both sides", "请核对两边的推送密钥"),
    )


# --- encrypted envelopes -------------------------------------------------------------------------


def _enveloped(rule: WebhookRule, delivered: Delivered) -> WebhookAnswer:
    """WeCom (XML, ``echostr`` by GET) and DingTalk (JSON; every answer is an envelope itself)."""
    query = delivered.query
    handshake = delivered.method == "GET" and "echostr" in query
    encrypted = query["echostr"] if handshake else _cipher_text(rule, delivered)
    given = query.get("msg_signature") or query.get("signature", "")
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    _compare(envelopes.signature(delivered.secret(rule.verify), stamp, nonce, encrypted), [given])
    _check_age(stamp, delivered.now, max(rule.verify.tolerance_s, 3600.0))
    aes_key = _aes_key(rule, delivered)
    try:
        message, receiver = envelopes.open_envelope(encrypted, aes_key)
    except envelopes.BrokenEnvelope as error:
        raise _unreadable(rule, error) from error
    wanted = rule.verify.receiver
    if wanted is not None:
        _compare(as_text(fill(wanted, {"settings": delivered.settings}, delivered.vault)), [receiver])
    if handshake:
        return WebhookAnswer(body=message, content_type="text/plain", handshake=True)
    content = _opened(rule, message)
    answered = _told(rule, delivered, content) if not _is_check(content) else WebhookAnswer(handshake=True)
    if rule.verify.kind == "dingtalk":
        return replace(answered, body=_sealed(rule, delivered, receiver), content_type="application/json")
    return replace(answered, body=answered.body or b"success", content_type="text/plain")


def _cipher_text(rule: WebhookRule, delivered: Delivered) -> str:
    try:
        if rule.verify.kind == "wecom" and delivered.body.lstrip().startswith(b"<"):
            (root,) = read_xml(delivered.body).values()
            return as_text(root.get("Encrypt"))
        return as_text(decode_json(delivered.body).get("encrypt"))
    except (Unreadable, NotXml, AttributeError, ValueError) as error:
        raise _forged() from error


def _aes_key(rule: WebhookRule, delivered: Delivered) -> str:
    if rule.verify.aes_key is None:
        raise ConfigError(text("The webhook has no aes_key", "推送未配置 aes_key"), code="secret_missing")
    return delivered.vault(rule.verify.aes_key.name)


def _opened(rule: WebhookRule, message: bytes) -> Any:
    try:
        if message.lstrip().startswith(b"<"):
            (root,) = read_xml(message).values()
            return root
        return decode_json(message)
    except (Unreadable, NotXml, ValueError) as error:
        raise _unreadable(rule, error) from error


def _is_check(content: Any) -> bool:
    return isinstance(content, Mapping) and content.get("EventType") in (
        "check_url",
        "check_create_suite_url",
    )


def _sealed(rule: WebhookRule, delivered: Delivered, receiver: str) -> bytes:
    """DingTalk hears "success" in an envelope of its own."""
    nonce = delivered.nonce()[:16]
    stamp = str(int(delivered.now.timestamp() * 1000))
    encrypted = envelopes.make_envelope(b"success", _aes_key(rule, delivered), receiver, nonce)
    signed = envelopes.signature(delivered.secret(rule.verify), stamp, nonce, encrypted)
    return encode_json({"msg_signature": signed, "timeStamp": stamp, "nonce": nonce, "encrypt": encrypted})


def _feishu(rule: WebhookRule, delivered: Delivered) -> WebhookAnswer:
    """Feishu: ``aes_key`` is the encrypt key, ``secret`` the verification token; either may be unset."""
    try:
        content = decode_json(delivered.body)
    except Unreadable as error:
        raise _unreadable(rule, error) from error
    if isinstance(content, Mapping) and "encrypt" in content:
        key = _aes_key(rule, delivered)
        headers = delivered.headers
        try:
            content = decode_json(envelopes.open_feishu(as_text(content["encrypt"]), key))
        except (envelopes.BrokenEnvelope, Unreadable) as error:
            raise _forged() from error
        if not _is_challenge(content):
            stamp, nonce = (
                headers.get("x-lark-request-timestamp", ""),
                headers.get("x-lark-request-nonce", ""),
            )
            expected = envelopes.feishu_signature(stamp, nonce, key, delivered.body)
            _compare(expected, [headers.get("x-lark-signature", "")])
            _check_age(stamp, delivered.now, max(rule.verify.tolerance_s, 3600.0))
    elif rule.verify.aes_key is not None:
        # Where a key is set everything comes encrypted.
        raise _forged()
    if rule.verify.secret is not None and isinstance(content, Mapping):
        head = content.get("header")
        given = head.get("token") if isinstance(head, Mapping) else content.get("token")
        _compare(delivered.secret(rule.verify), [as_text(given)])
    elif rule.verify.aes_key is None:
        raise _forged()
    if _is_challenge(content):
        return WebhookAnswer(body=encode_json({"challenge": content["challenge"]}), handshake=True)
    return _told(rule, delivered, content)


def _is_challenge(content: Any) -> bool:
    return (
        isinstance(content, Mapping) and content.get("type") == "url_verification" and "challenge" in content
    )


# --- what is in it -------------------------------------------------------------------------------


def _content(rule: WebhookRule, delivered: Delivered) -> Any:
    kind = delivered.headers.get("content-type", "")
    if not delivered.body:
        return {}
    try:
        content = decode(delivered.body, kind, rule.form)
        if isinstance(content, str) and rule.form == "auto":
            content = decode_json(delivered.body)
    except Unreadable as error:
        if (
            rule.form == "auto"
            and "=" in delivered.body[:200].decode("utf-8", "replace")
            and "json" not in kind
        ):
            return dict(parse_qsl(delivered.body.decode("utf-8", "replace"), keep_blank_values=True))
        raise _unreadable(rule, error) from error
    if isinstance(content, Mapping) and len(content) == 1 and isinstance(content.get("payload"), str):
        # A form with one field that holds the JSON.
        try:
            return decode_json(content["payload"].encode())
        except Unreadable:
            return content
    return content


def _names(delivered: Delivered, content: Any) -> dict[str, Any]:
    return {
        "body": content,
        "headers": delivered.headers,
        "query": delivered.query,
        "settings": delivered.settings,
    }


def _handshake(rule: WebhookRule, delivered: Delivered, content: Any) -> WebhookAnswer | None:
    shake = rule.handshake
    names = _names(delivered, content)
    if shake is None or shake.when.lenient(names) is not True:
        return None
    try:
        value = fill(shake.reply, names, delivered.vault)
    except ExpressionError as error:
        raise _unreadable(rule, error) from error
    body = as_text(value).encode() if shake.content_type.startswith("text/") else encode_json(value)
    return WebhookAnswer(body=body, content_type=shake.content_type, status=shake.status, handshake=True)


def _told(rule: WebhookRule, delivered: Delivered, content: Any) -> WebhookAnswer:
    names = _names(delivered, content)
    try:
        changes = changes_of(rule.event, names, delivered.zone)
        body = encode_json(fill(rule.reply, names, delivered.vault)) if rule.reply is not None else None
    except ExpressionError as error:
        raise _unreadable(rule, error) from error
    return WebhookAnswer(changes, body)


def _unreadable(rule: WebhookRule, error: Exception) -> InputError:
    shown: Text | str = error.message if isinstance(error, ExpressionError) else str(error)
    return InputError(
        text(
            "Expected an event of webhook {name}, but it cannot be read: {error}",
            "推送 {name} 的内容无法读取:{error}",
            name=rule.name,
            error=shown,
        ),
        code="webhook_unreadable",
    )
