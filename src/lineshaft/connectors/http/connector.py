"""A manifest at work: the sdk's ``Connector`` over HTTP.

It prepares requests, adds credentials, sends, judges the answer and takes the facts out of it. It never
retries; the one thing it does twice is a request that the target turned away because the session had ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from lineshaft.base.errors import (
    ConfigError,
    ConnectorError,
    ExpressionError,
    Invalid,
    NotFound,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.authenticating import Authenticator, Vault, make_authenticator
from lineshaft.connectors.http.expressions import Names, as_text, fill
from lineshaft.connectors.http.facts import documents_of, zone_of
from lineshaft.connectors.http.judging import Case, Expired, judge, open_answer
from lineshaft.connectors.http.model import AnswerRule, KeyPlacement, Manifest, RequestRule, SessionAuth
from lineshaft.connectors.http.polling import read_changes
from lineshaft.connectors.http.transport import Prepared, Reply, Transport
from lineshaft.connectors.http.webhooks import events_of, verify
from lineshaft.connectors.http.wire import encode
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.outcomes import Change, ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec

_READ_TIMEOUT_S: Final = 30.0
_CLOCK_SKEW_S_MAX: Final = 300


class HttpConnector:
    """One connected HTTP application."""

    def __init__(self, manifest: Manifest, connection: Connection) -> None:
        self._manifest = manifest
        self._connection = connection
        self._settings = settings_of(manifest, connection)
        self._zone = zone_of(as_text(self._settings.get("time_zone") or manifest.time_zone))
        self._vault = Vault(connection)
        base_url = as_text(self._settings["base_url"])
        self._transport = Transport(
            connection.system,
            base_url,
            concurrency_max=manifest.spec.concurrency_max,
            connect_timeout_s=manifest.connect_timeout_s,
            keep_alive_s=manifest.keep_alive_s,
        )
        self._auth: Authenticator = make_authenticator(
            manifest.auth, self._vault, connection, self._login, urlsplit(base_url).path.rstrip("/")
        )

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Make the session; nothing is connected yet."""
        self._transport.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def check(self) -> list[CheckStep]:
        """Reach the target, log in, make the declared harmless request, compare the clocks."""
        rule = self._manifest.check
        if rule is None:
            request, answers = None, AnswerRule()
        else:
            request, answers = rule.request, rule.answers
        reach, login = Text("Reach", "连通"), Text("Log in", "登录")
        read, clock = Text("Read", "读取"), Text("Clock", "时钟")
        try:
            if isinstance(self._manifest.auth, SessionAuth):
                await self._auth.apply(Prepared("GET", "/"), self._settings)
            if request is None:
                reply = await self._transport.exchange(
                    Prepared("GET", "/"), timeout_s=_READ_TIMEOUT_S, reads_only=True
                )
            else:
                names = {"settings": self._settings}
                _, reply = await self._judged(request, answers, names, "check", reads_only=True)
        except ConnectorError as error:
            if error.code == "wrong_credentials":
                return [_good(reach), CheckStep(login, False, error.message)]
            if isinstance(error, Unavailable) and error.vendor_code is None:
                return [CheckStep(reach, False, error.message)]
            return [_good(reach), _good(login), CheckStep(read, False, error.message)]
        steps = [_good(reach), _good(login), _good(read)]
        skew = self._skew(reply)
        if skew is not None:
            steps.append(
                CheckStep(
                    clock,
                    abs(skew) <= _CLOCK_SKEW_S_MAX,
                    text("{skew} s apart", "相差 {skew} 秒", skew=int(skew)),
                )
            )
        return steps

    async def describe(self) -> list[ResourceSpec]:
        """Return the declared resources."""
        return list(self._manifest.spec.resources)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one record, or ``None``."""
        rule = self._manifest.resources.get(resource)
        if rule is None or rule.read is None:
            raise self._unknown("resource", resource)
        names = {"id": record_id, "settings": self._settings}
        what = f"{resource}.read"
        reply = await self._send(rule.read.request, names, what, reads_only=True, timeout_s=_READ_TIMEOUT_S)
        case = self._case(what, reads_only=True)
        answer_names = open_answer(reply, {**names, "payload": {}, "key": ""}, case)
        if rule.read.missing is not None:
            if rule.read.missing.lenient(answer_names) is True:
                return None
        elif reply.status == 404:
            return None
        self._judge(rule.read.answers, reply, answer_names, case)
        record = answer_names["answer"]
        if rule.read.record is not None:
            try:
                record = rule.read.record.value(answer_names)
            except ExpressionError as error:
                raise Invalid(error.message, code="answer_unreadable") from error
        return record if isinstance(record, Mapping) or record is None else {"value": record}

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return one page of what changed."""
        rule = self._manifest.resources.get(resource)
        if rule is None or rule.changes is None:
            raise self._unknown("resource", resource)
        changes = rule.changes

        async def fetch(names: Names) -> Names:
            answer_names, _ = await self._judged(
                changes.request, changes.answers, names, f"{resource}.changes", reads_only=True
            )
            return answer_names

        return await read_changes(
            changes, cursor, self._settings, self._connection.clock, fetch, zone=self._zone
        )

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        rule = self._manifest.operations.get(operation)
        if rule is None:
            raise self._unknown("operation", operation)
        names = {"payload": payload, "key": context.key, "settings": self._settings}
        answer_names, _ = await self._judged(
            rule.request,
            rule.answers,
            names,
            operation,
            reads_only=rule.reads_only,
            timeout_s=min(context.timeout_s, rule.timeout_s),
            sending=context.sending,
            key=rule.key,
        )
        try:
            return Outcome(
                self._answer(rule.answer, answer_names),
                as_text(rule.number.value(answer_names)) or None if rule.number is not None else None,
                documents_of(rule.documents, answer_names),
                rule.repeated is not None and rule.repeated.lenient(answer_names) is True,
            )
        except ExpressionError as error:
            raise self._unreadable(operation, error, reads_only=rule.reads_only) from error

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Look for an earlier write with the same key."""
        rule = self._manifest.operations.get(operation)
        if rule is None or rule.probe is None:
            raise self._unknown("probe", operation)
        probe = rule.probe
        names = {"payload": payload, "key": context.key, "settings": self._settings}
        answer_names, _ = await self._judged(
            probe.request,
            probe.answers,
            names,
            f"{operation} (probe)",
            reads_only=True,
            timeout_s=context.timeout_s,
        )
        try:
            if probe.found.value(answer_names) is not True:
                return None
            return Outcome(
                self._answer(probe.answer, answer_names),
                as_text(probe.number.value(answer_names)) or None if probe.number is not None else None,
                documents_of(probe.documents, answer_names),
                repeated=True,
            )
        except ExpressionError as error:
            raise self._unreadable(operation, error, reads_only=True) from error

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item; item *n* has the key ``key/n``."""
        gate = asyncio.Semaphore(self._manifest.spec.concurrency_max)

        async def one(index: int, item: Mapping[str, Any]) -> ItemOutcome:
            own = CallContext(f"{context.key}/{index}", context.attempt, context.timeout_s, context.sending)
            async with gate:
                try:
                    return ItemOutcome(outcome=await self.call(operation, item, own))
                except ConnectorError as error:
                    return ItemOutcome(error=error)

        return list(await asyncio.gather(*(one(index, item) for index, item in enumerate(items))))

    def receive(self, trigger: str, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Change]:
        """Verify a webhook's delivery and return its events."""
        rule = self._manifest.webhooks.get(trigger)
        if rule is None:
            raise NotFound(text("There is no webhook {name}", "没有推送 {name}", name=trigger))
        small = {name.lower(): value for name, value in headers.items()}
        secret = self._vault(rule.verify.secret.name) if rule.verify.secret is not None else ""
        verify(rule.verify, small, body, secret, now)
        return events_of(rule, small, body, self._settings, self._zone)

    # --- sending ---------------------------------------------------------------------------------

    async def _judged(
        self,
        request: RequestRule,
        answers: AnswerRule,
        names: Names,
        what: str,
        *,
        reads_only: bool,
        timeout_s: float = _READ_TIMEOUT_S,
        sending: Callable[[], None] | None = None,
        key: KeyPlacement | None = None,
    ) -> tuple[dict[str, Any], Reply]:
        """Send and judge; once more after a new login where the session had ended."""
        full = {"payload": {}, "key": "", **names}
        for last in (False, True):
            reply = await self._send(
                request, names, what, reads_only=reads_only, timeout_s=timeout_s, sending=sending, key=key
            )
            case = self._case(what, reads_only=reads_only)
            answer_names = open_answer(reply, full, case)
            try:
                if self._auth.expired(answer_names):
                    raise Expired
                judge(answers, reply, answer_names, case)
                return answer_names, reply
            except Expired:
                if last or not self._auth.forget():
                    break
        raise Unavailable(
            text(
                "{system} does not accept the credentials for {what}",
                "{system} 不接受当前凭据:{what}",
                system=self._connection.system,
                what=what,
            ),
            code="wrong_credentials",
            vendor_code=str(reply.status),
        )

    async def _send(
        self,
        request: RequestRule,
        names: Names,
        what: str,
        *,
        reads_only: bool,
        timeout_s: float,
        sending: Callable[[], None] | None = None,
        key: KeyPlacement | None = None,
    ) -> Reply:
        try:
            prepared = self._prepare(request, names, key)
        except ExpressionError as error:
            raise Invalid(
                text(
                    "{system}, {what}: the request cannot be made: {error}",
                    "{system},{what}:无法生成请求:{error}",
                    system=self._connection.system,
                    what=what,
                    error=error,
                ),
                code="request_incomplete",
                hint=error.hint,
            ) from error
        await self._auth.apply(prepared, self._settings)
        return await self._transport.exchange(
            prepared, timeout_s=timeout_s, reads_only=reads_only, sending=sending
        )

    async def _login(self, request: RequestRule, names: Names) -> Reply:
        prepared = self._prepare(request, names, None)
        return await self._transport.exchange(prepared, timeout_s=_READ_TIMEOUT_S, reads_only=True)

    def _prepare(self, rule: RequestRule, names: Names, key: KeyPlacement | None) -> Prepared:
        prepared = Prepared(rule.method, rule.path.fill(names))
        if rule.query is not None:
            query = fill(rule.query, names, self._vault)
            pairs = [
                (name, as_text(one))
                for name, value in query.items()
                for one in (value if isinstance(value, list) else [value])
                if one is not None
            ]
            prepared.query = urlencode(pairs)
        if rule.headers is not None:
            headers = fill(rule.headers, names, self._vault)
            prepared.headers.update(
                {name: _header(as_text(value)) for name, value in headers.items() if value is not None}
            )
        if rule.body is not None:
            body = fill(rule.body, names, self._vault)
            if key is not None and key.field:
                body = _placed(body, key.field, names["key"])
            prepared.body, content_type = encode(body, rule.encoding)
            prepared.headers.setdefault("Content-Type", content_type)
        if key is not None and key.header is not None:
            prepared.headers[key.header] = _header(names["key"])
        return prepared

    # --- answers ---------------------------------------------------------------------------------

    def _judge(self, answers: AnswerRule, reply: Reply, names: Names, case: Case) -> None:
        try:
            judge(answers, reply, names, case)
        except Expired as error:
            self._auth.forget()
            raise Unavailable(
                text(
                    "{system}: the session has ended", "{system}:会话已失效", system=self._connection.system
                ),
                code="wrong_credentials",
                vendor_code=str(reply.status),
            ) from error

    def _answer(self, template: Any, names: Names) -> Mapping[str, Any]:
        value = names["answer"] if template is None else fill(template, names, self._vault)
        if isinstance(value, Mapping):
            return value
        return {} if value is None else {"answer": value}

    def _unreadable(self, what: str, error: ExpressionError, *, reads_only: bool) -> ConnectorError:
        """The target has done it, but its answer is not as declared: a write is not known to be recorded."""
        case = self._case(what, reads_only=reads_only)
        message = text(
            "{system} has answered {what}, but not as declared: {error}",
            "{system} 已应答 {what},但与声明不符:{error}",
            system=self._connection.system,
            what=what,
            error=error,
        )
        if reads_only:
            return Invalid(message, code="answer_unreadable", hint=error.hint)
        return case.unknown(message, code="answer_unreadable")

    def _case(self, what: str, *, reads_only: bool) -> Case:
        return Case(
            self._connection.system,
            what,
            reads_only=reads_only,
            now=self._connection.clock.now(),
            redact=self._vault.redact,
        )

    def _skew(self, reply: Reply) -> float | None:
        try:
            at = parsedate_to_datetime(reply.headers["date"])
        except (KeyError, ValueError):
            return None
        return (at - self._connection.clock.now()).total_seconds()

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        return Invalid(
            text(
                "{system} has no {kind} {name}",
                "{system} 没有 {kind} {name}",
                system=self._connection.system,
                kind=kind,
                name=name,
            ),
            code=f"{kind}_unknown",
            hint=text("it is declared in the system's manifest", "应在系统清单中声明"),
        )


def settings_of(manifest: Manifest, connection: Connection) -> dict[str, Any]:
    """Return the connection's settings with the manifest's defaults.

    Raises:
        ConfigError: A required setting is missing, or one is not known.
    """
    known = {field.name for field in manifest.settings}
    unknown = sorted(set(connection.settings) - known)
    settings = {field.name: None for field in manifest.settings} | dict(manifest.defaults)
    settings |= dict(connection.settings)
    missing = [
        field.name for field in manifest.settings if field.required and settings[field.name] in (None, "")
    ]
    if unknown or missing:
        raise ConfigError(
            text(
                "Expected the settings {known} for {system}; missing: {missing}; unknown: {unknown}",
                "{system} 的设置应为 {known};缺少:{missing};多余:{unknown}",
                system=connection.system,
                known=", ".join(sorted(known)),
                missing=", ".join(missing) or "-",
                unknown=", ".join(unknown) or "-",
            ),
            code="settings_invalid",
        )
    if urlsplit(as_text(settings["base_url"])).scheme not in ("http", "https"):
        raise ConfigError(
            text(
                "Expected base_url of {system} to begin with http:// or https://",
                "{system} 的 base_url 应以 http:// 或 https:// 开头",
                system=connection.system,
            ),
            code="settings_invalid",
        )
    return settings


def _placed(body: Any, path: tuple[str, ...], key: str) -> Any:
    if not isinstance(body, Mapping):
        raise ExpressionError(
            text("Expected a body with fields, to carry the key", "请求体应为键值表,才能携带幂等键")
        )
    name, rest = path[0], path[1:]
    return {**body, name: _placed(body.get(name) or {}, rest, key) if rest else key}


def _header(value: str) -> str:
    """Return a header's value; what HTTP cannot carry is percent-encoded (RFC 8187's way for non-ASCII)."""
    if value.isascii() and value.isprintable():
        return value
    return quote(value, safe=" !#$&'()*+,/:;=?@[]\"<>{}|~^`\\%")


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
