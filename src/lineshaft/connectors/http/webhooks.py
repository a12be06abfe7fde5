"""Webhooks: is it genuine, and which events are in it. Pure functions over headers and body.

``standard`` is Standard Webhooks 1.0 (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``;
HMAC-SHA256 over ``id.timestamp.body``). ``hmac`` is the common form with one header. The route that receives
them stands elsewhere.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, tzinfo

from lineshaft.base.errors import ExpressionError, InputError, NotAllowed
from lineshaft.base.text import text
from lineshaft.connectors.http.authenticating import decode_key, keyed_hash
from lineshaft.connectors.http.expressions import Names, as_text
from lineshaft.connectors.http.facts import changes_of
from lineshaft.connectors.http.model import VerifyRule, WebhookRule
from lineshaft.connectors.http.wire import Unreadable, decode_json
from lineshaft.sdk.outcomes import Change


def verify(rule: VerifyRule, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """Check the signature of a delivery. Header names are in small letters; compared in constant time.

    Raises:
        NotAllowed: Missing, wrong, or older (or newer) than the tolerance.
    """
    if rule.kind == "none":
        return
    if rule.kind == "standard":
        _verify_standard(rule, headers, body, secret, now)
        return
    given = headers.get(rule.header.lower(), "")
    if rule.kind == "token":
        _compare(secret, [given.removeprefix(rule.prefix)])
        return
    stamp = ""
    if rule.timestamp_header is not None:
        stamp = headers.get(rule.timestamp_header.lower(), "")
        _check_age(stamp, now, rule.tolerance_s)
    message = body
    if rule.message is not None:
        names = {"body": body.decode("utf-8", "surrogateescape"), "timestamp": stamp, "headers": headers}
        message = as_text(rule.message.value(names)).encode("utf-8", "surrogateescape")
    expected = rule.prefix + keyed_hash(secret.encode(), message, rule.algorithm, rule.encoding)
    _compare(expected, [part.strip() for part in given.split(",")] if rule.encoding == "hex" else [given])


def _verify_standard(
    rule: VerifyRule, headers: Mapping[str, str], body: bytes, secret: str, now: datetime
) -> None:
    identity, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    _check_age(stamp, now, rule.tolerance_s)
    # A secret without the prefix is taken as it is: its bytes are the key.
    key = (
        decode_key(secret.removeprefix("whsec_"), "base64")
        if secret.startswith("whsec_")
        else secret.encode()
    )
    message = f"{identity}.{stamp}.".encode() + body
    expected = "v1," + keyed_hash(key, message, "sha256", "base64")
    _compare(expected, headers.get("webhook-signature", "").split())


def _check_age(stamp: str, now: datetime, tolerance_s: float) -> None:
    try:
        age = abs(now.timestamp() - float(stamp))
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
        raise NotAllowed(
            text("The signature of this delivery is wrong", "推送签名不正确"),
            code="webhook_signature",
            hint=text("compare the webhook's secret on both sides", "请核对两边的推送密钥"),
        )


def events_of(
    rule: WebhookRule, headers: Mapping[str, str], body: bytes, settings: Names, zone: tzinfo
) -> list[Change]:
    """Return the events of a genuine delivery.

    Raises:
        InputError: It cannot be read.
    """
    try:
        content = decode_json(body)
        return changes_of(rule.event, {"body": content, "headers": headers, "settings": settings}, zone)
    except (Unreadable, ExpressionError) as error:
        raise InputError(
            text(
                "Expected an event of webhook {name}, but it cannot be read: {error}",
                "推送 {name} 的内容无法读取:{error}",
                name=rule.name,
                error=error,
            ),
            code="webhook_unreadable",
        ) from error
