"""A manifest at work: the sdk's ``Connector`` over HTTP.

It prepares requests, adds credentials, sends, judges the answer and takes the facts out of it. It never
retries; the one thing it does twice is a request that the target turned away because the session had ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from lineshaft.base.errors import ConfigError, ConnectorError, ExpressionError, Invalid, NotFound, Unavailable
from lineshaft.base.text import text
from lineshaft.connectors.http.authenticating import Credentials, make_authenticator
from lineshaft.connectors.http.calling import Asked, Caller
from lineshaft.connectors.http.checking import Checker
from lineshaft.connectors.http.contract import fits
from lineshaft.connectors.http.describing import Describer
from lineshaft.connectors.http.details import detail_of
from lineshaft.connectors.http.expressions import Names
from lineshaft.connectors.http.facts import zone_of
from lineshaft.connectors.http.judging import Expired, judge, open_answer
from lineshaft.connectors.http.model import ChangesRule, Manifest, OperationRule, ReadRule, ResourceRule
from lineshaft.connectors.http.operating import Operator
from lineshaft.connectors.http.polling import Source, read_changes
from lineshaft.connectors.http.preparing import Preparer
from lineshaft.connectors.http.settings import security_of, settings_of
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Exchange, Reply, Transport
from lineshaft.connectors.http.vault import Vault
from lineshaft.connectors.http.versions import product_of, refused, unsupported
from lineshaft.connectors.http.webhooks import Delivered, answer_to
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import Change, ChangePage, CheckStep, ItemOutcome, Outcome, ProductFact
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec
from lineshaft.sdk.undeclared import declared, undeclared
from lineshaft.sdk.webhook import Delivery, WebhookAnswer

_DOWNLOAD_TIMEOUT_S = 3600.0


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
            security=security_of(self._settings),
        )
        prepare = Preparer(base_url, self._vault, nulls=manifest.nulls, every_request=manifest.every_request)
        auth = make_authenticator(
            manifest.auth, self._vault, connection, prepare, self._login, base_url=base_url
        )
        self._credentials = Credentials(auth)
        self._caller = Caller(
            connection.system,
            self._settings,
            connection.clock,
            transport=self._transport,
            auth=auth,
            vault=self._vault,
            prepare=prepare,
        )
        self._operator = Operator(self._caller)
        self._version_known = manifest.product is None or manifest.product.request is None
        self._version_problem: Unavailable | None = None

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    def watch(self, told: Callable[[Exchange], None] | None) -> None:
        """Tell every exchange with the target from now on: for a traffic log, or a recording."""
        self._transport.tape = told

    def redact(self, words: str) -> str:
        """Return ``words`` without any of the connection's secrets."""
        return self._vault.redact(words)

    async def open(self) -> None:
        """Make the session; nothing is connected yet."""
        self._transport.open()

    async def close(self) -> None:
        """Log out where the manifest says how, and close every connection."""
        await self._credentials.close(self._settings)
        await self._transport.close()

    async def check(self) -> list[CheckStep]:
        """Find the host, connect, log in, read, look at the right to write, at the version and the clock."""
        self._credentials.forgive()
        return await Checker(self._manifest, self._caller).steps()

    async def describe(self) -> list[ResourceSpec]:
        """Return the resources with the fields that the live system shows."""
        return await Describer(self._manifest, self._caller).resources()

    async def product(self) -> ProductFact | None:
        """Ask which version the product is now; where it is one the manifest was made for, writes may go."""
        rule = self._manifest.product
        if rule is None or rule.request is None:
            return None
        found = await product_of(rule, self._caller)
        self._version_problem = None if found.supported else refused(rule, self._caller.system, found.version)
        self._version_known = True
        return found

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one record, or ``None``."""
        rule = self._resource(resource)
        if rule.read is None:
            raise self._without(resource, "read")
        asked = Asked(f"{resource}.read", True)
        found = await self._found(rule.read, record_id, asked)
        if found is None:
            return None
        record = found["answer"]
        if rule.read.record is not None:
            try:
                record = rule.read.record.value(found)
            except ExpressionError as error:
                raise Invalid(error.message, code="answer_unreadable") from error
        if record is not None and rule.strict:
            fits(rule, record, self._caller.system)
        return record if isinstance(record, Mapping) or record is None else {"value": record}

    async def _found(self, rule: ReadRule, record_id: str, asked: Asked) -> dict[str, Any] | None:
        """Send a reading of one record; ``None`` where there is none. Once more after a new login."""
        for last in (False, True):
            names = self._caller.names(id=record_id)
            prepared, reply = await self._caller.send(rule.request, names, asked)
            case = self._caller.case(asked)
            answer_names = open_answer(reply, names, case, prepared.form_of(rule.answers.form))
            try:
                if self._caller.auth.expired(answer_names):
                    raise Expired
                if rule.missing is not None:
                    if rule.missing.lenient(answer_names) is True:
                        return None
                elif reply.status in (404, 410):
                    return None
                judge(rule.answers, reply, answer_names, case)
                return answer_names
            except Expired:
                if last or not self._caller.auth.forget(prepared.session):
                    break
        raise self._caller.turned_away(asked.what, reply)

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return one page of what changed."""
        rule = self._resource(resource)
        if rule.changes is None:
            raise self._without(resource, "changes")
        source = self._source(rule, rule.changes)
        return await read_changes(
            rule.changes, cursor, self._settings, self._connection.clock, source, zone=self._zone
        )

    def _source(self, rule: ResourceRule, changes: ChangesRule) -> Source:
        asked = Asked(f"{rule.name}.changes", True)

        async def fetch(names: Names) -> tuple[Names, Reply]:
            link = names["token"] if changes.paging.kind == "link" else None
            own = Asked(asked.what, True, link=link)
            return await self._caller.judged(changes.request, changes.answers, names, own)

        async def detail(record: Any) -> Any:
            assert changes.detail is not None
            names = self._caller.names(item=record)
            return await detail_of(self._caller, changes.detail, names, Asked(f"{rule.name}.detail", True))

        return Source(
            fetch,
            detail if changes.detail is not None else None,
            (lambda record: fits(rule, record, self._caller.system)) if rule.strict else None,
        )

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        rule = self._operation(operation)
        await self._right_version()
        return await self._operator.call(rule, payload, context)

    async def upload(
        self,
        operation: str,
        payload: Mapping[str, Any],
        context: CallContext,
        stream: Callable[[], AsyncIterator[bytes]],
    ) -> Outcome:
        """Carry out an operation whose body is a file's content, piece by piece; memory stays flat."""
        return await self._operator.call(self._operation(operation), payload, context, stream)

    async def download(self, resource: str, record_id: str) -> AsyncIterator[bytes]:
        """Yield a file's content in pieces as they come.

        Raises:
            NotFound: There is no such file.
            Unavailable: It broke off.
        """
        rule = self._resource(resource)
        if rule.download is None:
            raise self._without(resource, "download")
        asked = Asked(f"{resource}.download", True)
        prepared = await self._caller.make(rule.download, self._caller.names(id=record_id), asked)
        async for part in self._transport.download(prepared, timeout_s=_DOWNLOAD_TIMEOUT_S):
            if isinstance(part, bytes):
                yield part
            elif part.status == 404:
                raise NotFound(text("There is no file {name}", "没有文件 {name}", name=record_id))
            elif part.status >= 300:
                case = self._caller.case(asked)
                judge(self._defaults(rule), part, open_answer(part, self._caller.names(), case), case)

    def _defaults(self, rule: ResourceRule) -> Any:
        for each in (rule.read, rule.changes, rule.sample):
            if each is not None:
                return each.answers
        from lineshaft.connectors.http.model import AnswerRule

        return AnswerRule()

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Look for an earlier write with the same key."""
        rule = self._manifest.operations.get(operation)
        if rule is None or rule.probe is None:
            raise undeclared(self._connection.system, "probe", operation)
        return await self._operator.probe(rule, payload, context)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item; item *n* has the key ``key/n``, or all go in one request."""
        rule = self._operation(operation)
        await self._right_version()
        if rule.batch is not None:
            return await self._operator.batch(rule, rule.batch, items, context)
        most = self._manifest.spec.concurrency_max
        return await write_each(partial(self._operator.call, rule), items, context, at_once=most)

    def receive(self, trigger: str, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Change]:
        """Verify a webhook's delivery and return its events."""
        return self.answer(trigger, Delivery(headers, body), now).changes

    def answer(self, trigger: str, delivery: Delivery, now: datetime) -> WebhookAnswer:
        """Verify a delivery or a handshake, and return its events and what the sender wants to hear."""
        rule = self._manifest.webhooks.get(trigger)
        if rule is None:
            raise NotFound(text("There is no webhook {name}", "没有推送 {name}", name=trigger))
        small = {name.lower(): value for name, value in delivery.headers.items()}
        delivered = Delivered(
            delivery.method, small, dict(delivery.query), delivery.body, now, self._settings, self._zone,
            self._vault, self._connection.nonce,
        )  # fmt: skip
        return answer_to(rule, delivered)

    async def _right_version(self) -> None:
        """Look once which version the product is; refuse to write where the manifest was not made for it."""
        if not self._version_known:
            product = self._manifest.product
            assert product is not None
            self._version_problem = await unsupported(product, self._caller)
            self._version_known = True
        if self._version_problem is not None:
            raise self._version_problem.with_traceback(None)

    async def _login(self, prepared: Any) -> Reply:
        return await self._caller.exchange(prepared)

    def _operation(self, name: str) -> OperationRule:
        return declared(self._manifest.operations, self._connection.system, "operation", name)

    def _resource(self, name: str) -> ResourceRule:
        return declared(self._manifest.resources, self._connection.system, "resource", name)

    def _without(self, resource: str, key: str) -> ConnectorError:
        return Invalid(
            text(
                "{system}: the resource {name} has no `{key}` in the manifest",
                "{system}:清单中资源 {name} 没有 `{key}`",
                system=self._connection.system,
                name=resource,
                key=key,
            ),
            code=f"{key}_missing",
            hint=text(
                "add it there, see docs/reference/manifest.md", "请在清单中添加,见 docs/reference/manifest.md"
            ),
        )


__all__ = ["ConfigError", "HttpConnector"]
