"""The ``webhooks`` of a manifest. Pure."""

from __future__ import annotations

from typing import Final, Literal, cast

from lineshaft.connectors.http.model import HandshakeRule, VerifyRule, WebhookRule
from lineshaft.connectors.http.reading import WEBHOOK_NAMES, read_event
from lineshaft.connectors.http.sections import Sections
from lineshaft.connectors.http.signing import ENCODINGS, KEY_ENCODINGS
from lineshaft.connectors.http.wire import FORMS
from lineshaft.sdk.schema import Table
from lineshaft.sdk.spec import TriggerSpec

VERIFIERS: Final = ("hmac", "standard", "token", "basic", "wecom", "dingtalk", "feishu", "none")
_WITH_SECRET: Final = frozenset({"hmac", "standard", "token", "basic", "wecom", "dingtalk"})
_ENVELOPES: Final = frozenset({"wecom", "dingtalk"})


class Webhooks:
    """Reads webhooks."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections
        self._compiler = sections.compiler

    def read(self, name: str, table: Table) -> tuple[WebhookRule | None, TriggerSpec]:
        """Read one webhook."""
        self._sections.name(name, table)
        verify_table = table.table("verify", required=True)
        verify = self._verify(verify_table) if verify_table is not None else None
        types = table.texts("event_types")
        form = table.choice("form", FORMS, "auto") or "auto"
        handshake_table = table.table("handshake")
        handshake = self._handshake(handshake_table) if handshake_table is not None else None
        reply = self._compiler.template(table.take("reply"), WEBHOOK_NAMES)
        event = read_event(table, self._compiler, WEBHOOK_NAMES, self._sections.documents)
        table.done()
        trigger = TriggerSpec(name, "webhook", types)
        if verify is None or event is None:
            return None, trigger
        return WebhookRule(name, verify, event, handshake, reply, form), trigger

    def _handshake(self, table: Table) -> HandshakeRule | None:
        when = self._compiler.expression(table.take("when", required=True), WEBHOOK_NAMES)
        reply = self._compiler.template(table.take("reply", required=True), WEBHOOK_NAMES)
        kind = table.text("content_type") or "application/json"
        status = table.integer("status", 200, least=200)
        signed = table.flag("signed", default=True)
        table.done()
        if when is None or reply is None:
            return None
        return HandshakeRule(when, reply, kind, status, signed)

    def _verify(self, table: Table) -> VerifyRule | None:
        kind = table.choice("kind", VERIFIERS)
        compiler = self._compiler
        secret = compiler.secret(table.take("secret", required=kind in _WITH_SECRET), "secret")
        field, query = table.text("field"), table.text("query")
        elsewhere = kind == "token" and (field is not None or query is not None)
        header = table.text("header", required=kind in ("hmac", "token") and not elsewhere) or ""
        prefix = table.text("prefix") or ""
        algorithm = table.choice("algorithm", ("sha256", "sha1", "sha512", "md5"), "sha256") or "sha256"
        encoding = table.choice("encoding", ENCODINGS, "hex") or "hex"
        key_encoding = table.choice("key_encoding", KEY_ENCODINGS, "text") or "text"
        message = compiler.expression(table.take("message"), {"body", "timestamp", "headers", "query"})
        stamp = table.text("timestamp_header")
        timestamp = compiler.expression(table.take("timestamp"), {"body", "headers", "query"})
        tolerance = table.number("tolerance_s", 300.0)
        aes_key = compiler.secret(table.take("aes_key", required=kind in _ENVELOPES), "aes_key")
        receiver = compiler.template(table.take("receiver"), {"settings"}, secrets=True)
        user = compiler.template(table.take("user", required=kind == "basic"), {"settings"}, secrets=True)
        table.done()
        if kind is None:
            return None
        return VerifyRule(
            cast(
                'Literal["hmac", "standard", "token", "basic", "wecom", "dingtalk", "feishu", "none"]', kind
            ),
            secret,
            header,
            query or "",
            tuple(field.split(".")) if field else (),
            prefix,
            algorithm,
            encoding,
            key_encoding,
            message,
            stamp,
            300.0 if tolerance is None else tolerance,
            aes_key,
            receiver,
            user,
            timestamp,
        )
