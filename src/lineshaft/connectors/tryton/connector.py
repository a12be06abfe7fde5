"""A Tryton at work: the sdk's ``Connector`` over its JSON-RPC.

It never retries. Each write is announced before its first byte; what a lost answer means is *unknown*, and
a sale is then looked for by our number. Not for what Tryton has besides sales, productions, shipments,
parties and products.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from lineshaft.base.errors import ConnectorError, Invalid, Refused
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.transport import Transport
from lineshaft.connectors.tryton import polling
from lineshaft.connectors.tryton.codes import Codes
from lineshaft.connectors.tryton.documents import production_facts, sale_fact, shipment_facts
from lineshaft.connectors.tryton.manifest import TrytonManifest
from lineshaft.connectors.tryton.orders import needed_text, optional_text, read_order
from lineshaft.connectors.tryton.records import Record, Records
from lineshaft.connectors.tryton.reserving import MODEL as _SHIPMENT
from lineshaft.connectors.tryton.reserving import TARGET as _ASSIGN
from lineshaft.connectors.tryton.reserving import Reserving
from lineshaft.connectors.tryton.sales import MODEL as SALE
from lineshaft.connectors.tryton.sales import TARGETS as SALE_TARGETS
from lineshaft.connectors.tryton.sales import Sales
from lineshaft.connectors.tryton.session import Session, Warned, time_left
from lineshaft.connectors.tryton.steps import Step, Steps
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import Change, ChangePage, CheckStep, DocumentFact, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.settings import checked_settings
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec

_PRODUCTION: Final = "production"
_MODELS: Final = {"sale": SALE, "production": _PRODUCTION, "shipment": _SHIPMENT}

_READY: Final = (Step("draft", {"request"}), Step("wait", {"draft"}), Step("assign_try", {"waiting"}))
_TARGETS: Final[Mapping[str, tuple[tuple[Step, ...], tuple[str, ...]]]] = {
    **SALE_TARGETS,
    "production.run": ((*_READY, Step("run", {"assigned"})), ("running", "done")),
    "production.do": ((Step("do", {"running"}),), ("done",)),
    "shipment.assign": _ASSIGN,
    "shipment.pick": ((Step("pick", {"assigned"}),), ("picked", "packed", "shipped", "done")),
    "shipment.pack": ((Step("pack", {"picked"}),), ("packed", "shipped", "done")),
    "shipment.do": ((Step("do", {"packed", "shipped"}),), ("done",)),
}

Handler = Callable[[Mapping[str, Any], CallContext], Awaitable[Outcome]]


class TrytonConnector:
    """One connected Tryton database."""

    def __init__(self, manifest: TrytonManifest, connection: Connection) -> None:
        self._manifest = manifest
        self._system = connection.system
        settings = settings_of(manifest, connection)
        self._transport = Transport(
            connection.system,
            settings["base_url"],
            concurrency_max=manifest.spec.concurrency_max,
            connect_timeout_s=manifest.connect_timeout_s,
            keep_alive_s=manifest.keep_alive_s,
        )
        secrets = (manifest.user_secret, manifest.password_secret)
        self._session = Session(connection, self._transport, settings["database"], secrets)
        self._records = Records(self._session)
        self._codes = Codes(self._session)
        self._steps = Steps(self._session, manifest)
        self._reserving = Reserving(self._session, self._records, self._steps)
        self._sales = Sales(self._session, manifest, self._codes, self._records, self._steps)
        self._handlers: dict[str, Handler] = {
            "sale.save": self._save,
            "sale.view": self._view,
            "sale.find": self._find,
            "code_map.find": self._code_map,
            "party.save": self._save_party,
            "product.save": self._save_product,
            "production.query": self._productions,
            "shipment.query": self._shipments,
            "shipment.assign_part": self._assign_part,
        }

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Make the HTTP session; nothing is connected yet."""
        self._transport.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def check(self) -> list[CheckStep]:
        """Reach the server, log in, look whether the user works for a company, read a sale."""
        reach, login = Text("Reach", "连通"), Text("Log in", "登录")
        company, read = Text("Company", "公司"), Text("Read", "读取")
        try:
            await self._session.log_in()
        except ConnectorError as error:
            if error.code in ("wrong_credentials", "database_missing"):
                return [_good(reach), CheckStep(login, False, error.message)]
            return [CheckStep(reach, False, error.message)]
        if not self._session.context.get("company"):
            words = text("the user has no company in its preferences", "该用户的偏好设置中没有公司")
            return [_good(reach), _good(login), CheckStep(company, False, words)]
        try:
            await self._session.search(SALE, [], ["state"], limit=1)
        except ConnectorError as error:
            return [_good(reach), _good(login), _good(company), CheckStep(read, False, error.message)]
        return [_good(each) for each in (reach, login, company, read)]

    async def describe(self) -> list[ResourceSpec]:
        """Return the declared resources."""
        return list(self._manifest.spec.resources)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one record by its id in Tryton, or by its number; a sale by our number."""
        model = self._model(resource)
        if record_id.isdecimal() and len(record_id) < 10:
            found = await self._read(model, [int(record_id)])
            if found:
                return found[0]
        if resource == "sale":
            return await self._sales.find(record_id)
        rows = await self._session.search(model, [["number", "=", record_id]], ["id"], limit=1)
        found = await self._read(model, [row["id"] for row in rows])
        return found[0] if found else None

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return one page of what changed, oldest first; without a cursor from now on."""
        model = self._model(resource)
        if cursor is None:
            start = await polling.beginning(self._session, model)
            return ChangePage((), polling.encode_position(start))
        position = polling.decode_position(cursor)
        stamps, following, more = await polling.next_stamps(
            self._session, model, position, self._manifest.overlap_s
        )
        key = f"{resource}_id"
        records = {int(each[key]): each for each in await self._read(model, [each.id for each in stamps])}
        found = tuple(
            Change(
                f"{resource}-{stamp.id}-{stamp.at.isoformat()}",
                f"{self._manifest.spec.name}.{resource}.{records[stamp.id]['state']}",
                # The order's own number, so that everything about one order keeps its order.
                records[stamp.id]["reference"] or records[stamp.id]["number"],
                {resource: records[stamp.id], "reference": records[stamp.id]["reference"]},
                stamp.at,
                self._facts(resource, records[stamp.id]),
            )
            for stamp in stamps
            if stamp.id in records
        )
        return ChangePage(found, polling.encode_position(following), more)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        token = time_left.set(context.timeout_s)
        try:
            if operation in _TARGETS:
                return await self._step(operation, payload, context)
            handler = self._handlers.get(operation)
            if handler is None:
                raise self._unknown("operation", operation)
            return await handler(payload, context)
        except Warned as question:
            raise Refused(
                text("{system}: {words}", "{system}:{words}", system=self._system, words=question.words),
                vendor_code=f"UserWarning:{question.kind}",
                vendor_text=question.words,
            ) from None
        finally:
            time_left.reset(token)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Look for a sale with our number."""
        if operation != "sale.save":
            raise self._unknown("probe", operation)
        found = await self._sales.find(read_order(payload).reference)
        return None if found is None else self._saved(found, payload, repeated=True)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item, one after the other; item *n* has the key ``key/n``."""
        return await write_each(partial(self.call, operation), items, context)

    # -- operations ------------------------------------------------------------------------------------------

    async def _save(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        sale, repeated = await self._sales.save(read_order(payload), context.sending)
        return self._saved(sale, payload, repeated=repeated)

    def _saved(self, sale: Record, payload: Mapping[str, Any], *, repeated: bool) -> Outcome:
        answer = {name: sale[name] for name in ("sale_id", "number", "state")}
        fact = sale_fact(sale, optional_text(payload, "follows"))
        return Outcome(answer, sale["number"], (fact,), repeated)

    async def _step(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        resource = operation.partition(".")[0]
        record = self._id(payload, f"{resource}_id")
        steps, reached = _TARGETS[operation]
        model = self._model(resource)
        repeated = await self._steps.walk(model, record, steps, reached, context.sending)
        (found,) = await self._read(model, [record])
        return self._stepped(resource, found, repeated=repeated)

    async def _assign_part(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        shipment = self._id(payload, "shipment_id")
        repeated = await self._reserving.assign_part(shipment, context.sending)
        (found,) = await self._read(_SHIPMENT, [shipment])
        return self._stepped("shipment", found, repeated=repeated)

    def _stepped(self, resource: str, found: Record, *, repeated: bool) -> Outcome:
        names = (f"{resource}_id", "number", "state", *(("lines",) if resource == "shipment" else ()))
        answer = {name: found[name] for name in names}
        return Outcome(answer, found["number"], self._facts(resource, found), repeated)

    async def _view(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        record = self._id(payload, "sale_id")
        found = await self._records.sales([record])
        if not found:
            raise Invalid(
                text(
                    "{system} has no sale {record}",
                    "{system} 中没有销售订单 {record}",
                    system=self._system,
                    record=record,
                ),
                code="not_found",
            )
        return Outcome({"sale": found[0]}, found[0]["number"], (sale_fact(found[0]),))

    async def _find(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        found = await self._sales.find(needed_text(payload, "reference"))
        return Outcome({"found": found is not None, "sale": found}, found["number"] if found else None)

    async def _code_map(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        codes = payload.get("codes")
        if not isinstance(codes, list | tuple):
            raise Invalid(text("Expected a list of codes", "应有编码列表"), code="field_missing")
        rows = await self._codes.rows(needed_text(payload, "kind"), [str(code) for code in codes])
        return Outcome({"rows": [{"outer": row["outer"], "code": row["code"]} for row in rows]})

    async def _save_party(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        code, repeated = await self._codes.save_party(_document(payload), context.sending)
        return Outcome({"code": code}, code, repeated=repeated)

    async def _save_product(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        code, repeated = await self._codes.save_product(_document(payload), context.sending)
        return Outcome({"code": code}, code, repeated=repeated)

    async def _productions(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        ids = await self._records.production_ids(self._id(payload, "sale_id"))
        return self._rows("production", await self._records.productions(ids))

    async def _shipments(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        ids = await self._records.shipment_ids(self._id(payload, "sale_id"))
        return self._rows("shipment", await self._records.shipments(ids))

    def _rows(self, resource: str, rows: list[Record]) -> Outcome:
        facts = tuple(fact for row in rows for fact in self._facts(resource, row))
        return Outcome({"rows": rows}, documents=facts)

    # -- records ---------------------------------------------------------------------------------------------

    def _model(self, resource: str) -> str:
        model = _MODELS.get(resource)
        if model is None:
            raise self._unknown("resource", resource)
        return model

    async def _read(self, model: str, ids: Sequence[int]) -> list[Record]:
        if not ids:
            return []
        if model == SALE:
            return await self._records.sales(ids)
        if model == _PRODUCTION:
            return await self._records.productions(ids)
        return await self._records.shipments(ids)

    def _facts(self, resource: str, record: Record) -> tuple[DocumentFact, ...]:
        if resource == "sale":
            return (sale_fact(record),)
        if resource == "production":
            return production_facts(self._system, record)
        return shipment_facts(self._system, record)

    def _id(self, payload: Mapping[str, Any], name: str) -> int:
        written = needed_text(payload, name)
        if not written.isdecimal():
            raise Invalid(
                text(
                    "Expected an id for {name}, but it is {value}",
                    "{name} 应为编号,实际为 {value}",
                    name=name,
                    value=written,
                ),
                code="field_invalid",
            )
        return int(written)

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        return Invalid(
            text(
                "{system} has no {kind} {name}",
                "{system} 没有 {kind} {name}",
                system=self._system,
                kind=kind,
                name=name,
            ),
            code=f"{kind}_unknown",
            hint=text(
                "it has: {names}", "可用:{names}", names=", ".join(each.name for each in self.spec.operations)
            ),
        )


def settings_of(manifest: TrytonManifest, connection: Connection) -> dict[str, str]:
    """Return the connection's settings.

    Raises:
        ConfigError: A required setting is missing, one is not known, or the address is none.
    """
    address = str(connection.settings.get("base_url") or "http://")
    wrong = () if urlsplit(address).scheme in ("http", "https") else ("base_url",)
    settings = checked_settings(connection, manifest.settings, wrong=wrong)
    return {name: str(value) for name, value in settings.items()}


def _document(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    document = payload.get("document")
    if not isinstance(document, Mapping):
        raise Invalid(text("Expected document, but it is missing", "缺少 document"), code="field_missing")
    return document


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
