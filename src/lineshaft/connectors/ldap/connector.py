"""A manifest of kind ``ldap`` at work: the sdk's ``Connector`` over a directory.

Entries are found by their key, a field whose value is unique; so every write can be done again and says then
that it was done before. It never retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from lineshaft.base.errors import (
    ConnectorError,
    ExpressionError,
    MissingReference,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.ldap.describing import described
from lineshaft.connectors.ldap.judging import Broken, Case, Denied, Unreached
from lineshaft.connectors.ldap.lines import Address, Attributes, Found, Line, Lines
from lineshaft.connectors.ldap.model import ChangesRule, LdapManifest, OperationRule, ResourceRule
from lineshaft.connectors.ldap.polling import (
    Position,
    Sweep,
    change_of,
    decode_position,
    departed,
    encode_position,
    greater,
    marker_filter,
    marker_of,
    meet,
    own_id,
)
from lineshaft.connectors.ldap.reader import MODES
from lineshaft.connectors.ldap.values import (
    Unfit,
    encode,
    filter_value,
    joined,
    name_value,
    record_of,
    same,
    written,
)
from lineshaft.mapping.leaves import as_text
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import Change, ChangePage, CheckStep, DocumentFact, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.secret_names import without_secrets
from lineshaft.sdk.settings import checked_settings
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec
from lineshaft.sdk.undeclared import declared, undeclared

_READ_TIMEOUT_S: Final = 30.0
_FOUND_MAX: Final = 1000
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_OWN: Final = ("entryUUID", "objectGUID")


@dataclass(slots=True)
class _Progress:
    """Whether a write has been announced: decides what a lost line means."""

    sent: bool = False


@dataclass(slots=True)
class _Work:
    """One call under way: its line, its case, and how a write is announced."""

    line: Line
    case: Case
    progress: _Progress
    sending: Callable[[], None]

    def announce(self) -> None:
        """Say that a write leaves now."""
        self.sending()
        self.progress.sent = True


class LdapConnector:
    """One connected directory."""

    def __init__(self, manifest: LdapManifest, connection: Connection) -> None:
        self._manifest = manifest
        self._connection = connection
        self._settings = settings_of(manifest, connection)
        self._lines = Lines(self._address, manifest.spec.concurrency_max)
        self._sweeps: dict[str, Sweep] = {}

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet."""

    async def close(self) -> None:
        """Close every line."""
        sweeps, self._sweeps = list(self._sweeps.values()), {}
        for sweep in sweeps:
            self._lines.drop(sweep.line)
        await self._lines.close()

    async def check(self) -> list[CheckStep]:
        """Reach the server (and its certificate), log in, look for every resource's base."""
        reach, login = Text("Reach", "连通"), Text("Log in", "登录")
        steps: list[CheckStep] = []
        name = reach
        try:
            async with self._work("check") as work:
                steps = [_good(reach), _good(login)]
                for spec in self.spec.resources:
                    name = text(
                        "Read {en}", "读取 {zh}", en=spec.label.in_language("en"),
                        zh=spec.label.in_language("zh"),
                    )  # fmt: skip
                    rule = self._manifest.resources[spec.name]
                    await self._lines.run(
                        partial(
                            work.line.search, self._base(rule), rule.filter,
                            [self._attribute(rule, rule.key)], subtree=rule.subtree, limit=1,
                        )
                    )  # fmt: skip
                    steps.append(_good(name))
        except ConnectorError as error:
            if not steps and error.code == "wrong_credentials":
                return [_good(reach), CheckStep(login, False, error.message)]
            return [*steps, CheckStep(name, False, error.message)]
        return steps

    async def describe(self) -> list[ResourceSpec]:
        """Return the resources with what the directory's own schema says of their classes."""
        async with self._work("describe") as work:
            schema = await self._lines.run(work.line.schema)
        return [described(spec, self._manifest.resources[spec.name], schema) for spec in self.spec.resources]

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one entry by its key."""
        rule = self._resource(resource)
        async with self._work(f"{resource}.read") as work:
            entry = await self._one(work, rule, record_id)
            return None if entry is None else self._record(rule, entry)

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return one page of the sweep that ``cursor`` stands in, or of a new one."""
        rule = self._resource(resource)
        changes = rule.changes
        if changes is None:
            raise self._unknown("changes", resource)
        position = decode_position(cursor) if cursor is not None else Position()
        if cursor is None and changes.from_now:
            now = written(self._connection.clock.now())
            return ChangePage((), encode_position(Position(now if changes.by != "uSNChanged" else "")))
        case = self._case(f"{resource}.changes")
        sweep = await self._sweep(rule, position, case)
        names = [*self._attributes(rule), changes.by, *_OWN]
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                page = await self._lines.run(
                    partial(
                        sweep.line.page, self._base(rule), sweep.wanted, names, subtree=rule.subtree,
                        size=changes.page, cookie=sweep.cookie,
                    )
                )  # fmt: skip
        except (Broken, TimeoutError):
            self._drop(resource)
            raise case.lost(sent=False) from None
        except Denied as no:
            self._drop(resource)
            raise case.denied(no, sent=False) from None
        except BaseException:
            self._drop(resource)
            raise
        try:
            found = tuple(change_of(rule, changes, each, self._manifest.resources) for each in page.entries)
        except Unfit as unfit:
            self._drop(resource)
            raise case.invalid(unfit.message, "value_unfit") from None
        except ExpressionError as error:
            self._drop(resource)
            raise case.invalid(error.message, "records_unreadable", error.hint) from None
        for each, change in zip(page.entries, found, strict=True):
            sweep.high = greater(changes, sweep.high, marker_of(changes, each))
            if changes.deleted:
                meet(sweep, each, change)
        sweep.cookie, sweep.page = page.cookie, sweep.page + 1
        if page.cookie:
            here = Position(sweep.since, sweep.name, sweep.page, sweep.before)
            return ChangePage(found, encode_position(here), True)
        gone: list[Change] = []
        known: dict[str, tuple[str, str]] = {}
        if changes.deleted:
            gone, known = departed(rule, changes, sweep, await self._standing(rule, changes, sweep, case))
        self._sweeps.pop(resource)
        await self._lines.run(sweep.line.close)
        return ChangePage((*found, *gone), encode_position(Position(sweep.high, known=known)))

    async def _standing(
        self, rule: ResourceRule, changes: ChangesRule, sweep: Sweep, case: Case
    ) -> dict[str, str]:
        """Return the DN of every entry that stands now, by its own id."""
        found: dict[str, str] = {}
        cookie = b""
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                while True:
                    page = await self._lines.run(
                        partial(
                            sweep.line.page, self._base(rule), rule.filter, _OWN, subtree=rule.subtree,
                            size=changes.page, cookie=cookie,
                        )
                    )  # fmt: skip
                    found |= {own_id(each): each.dn for each in page.entries}
                    cookie = page.cookie
                    if not cookie:
                        return found
        except (Broken, TimeoutError):
            self._drop(rule.name)
            raise case.lost(sent=False) from None
        except Denied as no:
            self._drop(rule.name)
            raise case.denied(no, sent=False) from None

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        rule = self._operation(operation)
        names = {"payload": payload, "key": context.key}
        timeout_s = min(context.timeout_s, rule.timeout_s)
        case = self._case(operation)
        wanted = self._wanted(rule, names, case)
        async with self._work(operation, timeout_s, context.sending) as work:
            match rule.action:
                case "find":
                    return await self._find(work, rule, wanted)
                case "put" | "add":
                    return await self._put(work, rule, wanted)
                case "modify":
                    return await self._modify(work, rule, wanted)
                case "delete":
                    return await self._delete(work, rule, wanted)
                case "password":
                    return await self._password(work, rule, wanted)
                case _:
                    return await self._membership(work, rule, wanted)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Every write is known by its key; raises ``Invalid``."""
        raise self._unknown("probe", operation)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item; item *n* has the key ``key/n``."""
        return await write_each(
            partial(self.call, operation), items, context, at_once=self.spec.concurrency_max
        )

    # -- operations -------------------------------------------------------------------------------

    async def _find(self, work: _Work, rule: OperationRule, wanted: _Wanted) -> Outcome:
        resource = self._manifest.resources[rule.resource]
        parts = [resource.filter]
        if wanted.key:
            parts.append(f"({self._attribute(resource, resource.key)}={filter_value(wanted.key)})")
        for name, value in wanted.values.items():
            for each in await self._encoded(work, resource, name, value):
                shown = filter_value(each.decode())
                parts.append(f"({resource.fields[name].attribute}={shown})")
        entries = await self._lines.run(
            partial(
                work.line.search, self._base(resource), f"(&{''.join(parts)})", self._attributes(resource),
                subtree=resource.subtree, limit=_FOUND_MAX,
            )
        )  # fmt: skip
        records = [{**self._record(resource, each), "dn": each.dn} for each in entries]
        answer = {
            "found": bool(records), "count": len(records), "record": next(iter(records), None),
            "records": records,
        }  # fmt: skip
        return Outcome(answer)

    async def _put(self, work: _Work, rule: OperationRule, wanted: _Wanted) -> Outcome:
        resource = self._manifest.resources[rule.resource]
        key = as_text(wanted.values[resource.key])
        attributes = await self._attribute_values(work, resource, wanted.values)
        entry = await self._one(work, resource, key)
        if entry is not None:
            different = self._different(resource, attributes, entry)
            if not different:
                return self._outcome(resource, key, entry.dn, repeated=True)
            if rule.action == "add":
                raise Refused(
                    text(
                        "{system}: {dn} is there already, with other values: {names}",
                        "{system}:{dn} 已存在,且内容不同:{names}",
                        system=self._connection.system,
                        dn=entry.dn,
                        names=", ".join(sorted(different)),
                    ),
                    code="entry_exists",
                )
            return await self._replace(work, resource, key, entry.dn, different)
        own = as_text(wanted.values[resource.rdn])
        if not own or not key:
            raise work.case.invalid(text("the entry has no name", "条目缺少名称"), "request_incomplete")
        dn = joined(f"{self._attribute(resource, resource.rdn)}={name_value(own)}", self._base(resource))
        given = {name: values for name, values in attributes.items() if values}
        work.announce()
        if await self._lines.run(partial(work.line.add, dn, resource.classes, given)):
            raise Unavailable(
                text(
                    "{system}: {dn} was made by somebody else meanwhile, or is known by another key",
                    "{system}:{dn} 已被他人创建,或以其他键存在",
                    system=self._connection.system,
                    dn=dn,
                ),
                code="changed_meanwhile",
                vendor_code="68",
            )
        return self._outcome(resource, key, dn)

    async def _modify(self, work: _Work, rule: OperationRule, wanted: _Wanted) -> Outcome:
        resource = self._manifest.resources[rule.resource]
        attributes = await self._attribute_values(work, resource, wanted.values)
        entry = await self._needed(work, resource, wanted.key)
        different = self._different(resource, attributes, entry)
        if not different:
            return self._outcome(resource, wanted.key, entry.dn, repeated=True)
        return await self._replace(work, resource, wanted.key, entry.dn, different)

    async def _replace(
        self, work: _Work, resource: ResourceRule, key: str, dn: str, different: Attributes
    ) -> Outcome:
        changes = {name: ("replace", values) for name, values in different.items()}
        work.announce()
        await self._modified(work, dn, changes)
        return self._outcome(resource, key, dn)

    async def _delete(self, work: _Work, rule: OperationRule, wanted: _Wanted) -> Outcome:
        resource = self._manifest.resources[rule.resource]
        entry = await self._one(work, resource, wanted.key)
        if entry is None:
            return Outcome({"key": wanted.key}, wanted.key or None, repeated=True)
        work.announce()
        gone = await self._lines.run(partial(work.line.delete, entry.dn))
        return self._outcome(resource, wanted.key, entry.dn, repeated=gone != 0, status="deleted")

    async def _password(self, work: _Work, rule: OperationRule, wanted: _Wanted) -> Outcome:
        resource = self._manifest.resources[rule.resource]
        entry = await self._needed(work, resource, wanted.key)
        work.announce()
        if rule.style == "extended":
            if await self._lines.run(partial(work.line.set_password, entry.dn, wanted.password)):
                raise self._meanwhile(entry.dn)
        else:
            # Active Directory takes it in quotes, as UTF-16 ([MS-ADTS] 3.1.1.3.1.5).
            ours = rule.style == "active_directory"
            name = "unicodePwd" if ours else "userPassword"
            value = f'"{wanted.password}"'.encode("utf-16-le") if ours else wanted.password.encode()
            await self._modified(work, entry.dn, {name: ("replace", [value])})
        return self._outcome(resource, wanted.key, entry.dn)

    async def _membership(self, work: _Work, rule: OperationRule, wanted: _Wanted) -> Outcome:
        """Put somebody into a group or take them out: one at a time, so that others' changes stay."""
        resource = self._manifest.resources[rule.resource]
        field = resource.fields[rule.members]
        joins = rule.action == "join"
        values = await self._encoded(work, resource, rule.members, wanted.member)
        if not values:
            raise work.case.invalid(text("there is no member", "缺少成员"), "request_incomplete")
        entry = await self._needed(work, resource, wanted.key)
        small = {name.lower(): found for name, found in entry.attributes.items()}
        now = list(small.get(field.attribute.lower(), ()))
        there = [each for each in values if any(same(field, [each], [one]) for one in now)]
        changing = [each for each in values if (each in there) != joins]
        if not changing:
            return self._outcome(resource, wanted.key, entry.dn, repeated=True)
        work.announce()
        change = ("add" if joins else "delete", changing)
        code = await self._modified(work, entry.dn, {field.attribute: change})
        return self._outcome(resource, wanted.key, entry.dn, repeated=code in (16, 20))

    async def _modified(
        self, work: _Work, dn: str, changes: Mapping[str, tuple[str, Sequence[bytes]]]
    ) -> int:
        code = await self._lines.run(partial(work.line.modify, dn, changes))
        if code == 32:
            raise self._meanwhile(dn)
        lists = any(kind != "replace" for kind, _ in changes.values())
        if code and not lists:
            raise work.case.denied(Denied(code, ""), sent=True)
        return code

    def _meanwhile(self, dn: str) -> Unavailable:
        return Unavailable(
            text(
                "{system}: {dn} is gone meanwhile", "{system}:{dn} 已被删除", system=self._connection.system,
                dn=dn,
            ),
            code="changed_meanwhile",
            vendor_code="32",
        )  # fmt: skip

    def _different(self, resource: ResourceRule, wanted: Attributes, entry: Found) -> Attributes:
        small = {name.lower(): values for name, values in entry.attributes.items()}
        fields = {field.attribute: field for field in resource.fields.values()}
        return {
            name: values
            for name, values in wanted.items()
            if not same(fields[name], values, small.get(name.lower(), ()))
        }

    # -- finding ----------------------------------------------------------------------------------

    async def _one(self, work: _Work, rule: ResourceRule, key: str) -> Found | None:
        """Return the entry that is known by ``key``."""
        if not key:
            return None
        wanted = f"(&{rule.filter}({self._attribute(rule, rule.key)}={filter_value(key)}))"
        entries = await self._lines.run(
            partial(
                work.line.search, self._base(rule), wanted, self._attributes(rule), subtree=rule.subtree,
                limit=2,
            )
        )  # fmt: skip
        if len(entries) > 1:
            raise work.case.invalid(
                text(
                    "expected one entry of {resource} known by {key}, but there are several",
                    "{resource} 中键为 {key} 的条目应唯一,实际有多个",
                    resource=rule.name,
                    key=key,
                ),
                "several_entries",
            )
        return next(iter(entries), None)

    async def _needed(self, work: _Work, rule: ResourceRule, key: str) -> Found:
        entry = await self._one(work, rule, key)
        if entry is None:
            raise self._missing(rule, key)
        return entry

    def _missing(self, rule: ResourceRule, key: str) -> MissingReference:
        return MissingReference(
            text(
                "{system} has no entry of {resource} known by {key}",
                "{system} 中没有 {resource} {key}",
                system=self._connection.system,
                resource=rule.name,
                key=key or "-",
            ),
            reference=f"{rule.name}:{self._connection.system}:{key}",
        )

    async def _attribute_values(
        self, work: _Work, rule: ResourceRule, values: Mapping[str, Any]
    ) -> dict[str, list[bytes]]:
        return {
            rule.fields[name].attribute: await self._encoded(work, rule, name, value)
            for name, value in values.items()
        }

    async def _encoded(self, work: _Work, rule: ResourceRule, name: str, value: Any) -> list[bytes]:
        """Return an attribute's values; what links to other entries becomes their names."""
        field = rule.fields[name]
        if field.link is not None:
            target = self._manifest.resources[field.link]
            many = value if isinstance(value, list | tuple) else [value]
            names = []
            for each in many:
                if each is not None and each != "":
                    names.append((await self._needed(work, target, as_text(each))).dn)
            value = names
        try:
            return encode(field, value)
        except Unfit as unfit:
            raise work.case.invalid(unfit.message, "value_unfit") from None

    def _record(self, rule: ResourceRule, entry: Found) -> dict[str, Any]:
        return record_of(rule, entry.attributes, self._manifest.resources)

    # -- the frame of all work --------------------------------------------------------------------

    @asynccontextmanager
    async def _work(
        self, what: str, timeout_s: float = _READ_TIMEOUT_S, sending: Callable[[], None] | None = None
    ) -> AsyncIterator[_Work]:
        """Give a line; turn what goes wrong on it into the class that decides what follows."""
        progress, case = _Progress(), self._case(what)
        try:
            async with asyncio.timeout(timeout_s), self._lines.line(timeout_s) as line:
                yield _Work(line, case, progress, sending or _nothing)
        except Unreached as error:
            raise case.unreached(str(error)) from None
        except Denied as no:
            raise case.denied(no, sent=progress.sent) from None
        except (Broken, TimeoutError):
            raise case.lost(sent=progress.sent) from None
        except Unfit as unfit:
            raise case.invalid(unfit.message, "value_unfit") from None

    async def _sweep(self, rule: ResourceRule, position: Position, case: Case) -> Sweep:
        """Return the sweep to go on with; where it is not under way here, a new one from its beginning."""
        assert rule.changes is not None
        sweep = self._sweeps.get(rule.name)
        if sweep is not None and (sweep.name, sweep.page) == (position.sweep, position.page):
            return sweep
        self._drop(rule.name)
        try:
            line = await self._lines.make()
        except Unreached as error:
            raise case.unreached(str(error)) from None
        except Denied as no:
            raise case.denied(no, sent=False) from None
        line.wait(_READ_TIMEOUT_S)
        wanted = marker_filter(rule, rule.changes, position.since)
        sweep = Sweep(self._connection.nonce(), line, wanted, position.since, position.since)
        sweep.before, sweep.known = position.known, dict(position.known)
        self._sweeps[rule.name] = sweep
        return sweep

    def _drop(self, resource: str) -> None:
        sweep = self._sweeps.pop(resource, None)
        if sweep is not None:
            self._lines.drop(sweep.line)

    # -- small things -----------------------------------------------------------------------------

    def _wanted(self, rule: OperationRule, names: Mapping[str, Any], case: Case) -> _Wanted:
        resource = self._manifest.resources[rule.resource]
        given = {**rule.where, **rule.values}
        try:
            wanted = _Wanted(
                rule.key.words(names) if rule.key is not None else "",
                {name: value.value(names) for name, value in given.items()},
                rule.password.words(names) if rule.password is not None else "",
                rule.member.value(names) if rule.member is not None else None,
            )
        except ExpressionError as error:
            raise case.invalid(error.message, "request_incomplete", error.hint) from error
        if rule.action == "find":
            wanted.values = {name: value for name, value in wanted.values.items() if value is not None}
        elif rule.action in ("put", "add"):
            wanted.key = as_text(wanted.values.get(resource.key))
        if rule.action != "find" and not wanted.key:
            raise case.invalid(text("the key is empty", "键为空"), "request_incomplete")
        if rule.action == "password" and not wanted.password:
            raise case.invalid(text("the password is empty", "密码为空"), "request_incomplete")
        return wanted

    def _outcome(
        self, rule: ResourceRule, key: str, dn: str, *, repeated: bool = False, status: str = ""
    ) -> Outcome:
        document = DocumentFact(rule.name, key, dn, status=status)
        return Outcome({"key": key, "dn": dn}, key, (document,), repeated)

    def _base(self, rule: ResourceRule) -> str:
        return joined(rule.base, str(self._settings["base"]))

    def _attribute(self, rule: ResourceRule, field: str) -> str:
        return rule.fields[field].attribute

    def _attributes(self, rule: ResourceRule) -> list[str]:
        return [field.attribute for field in rule.fields.values()]

    def _address(self) -> Address:
        settings, secret = self._settings, self._connection.secret
        host = str(settings["host"])
        tls = str(settings.get("tls") or ("off" if host in _LOOPBACK else "starttls"))
        user, password = self._manifest.user_secret, self._manifest.password_secret
        return Address(
            host,
            int(settings.get("port") or (636 if tls == "implicit" else 389)),
            tls,
            str(settings["ca_file"]) if settings.get("ca_file") else None,
            secret(user) if user is not None else "",
            secret(password) if password is not None else "",
            self._manifest.connect_timeout_s,
        )

    def _case(self, what: str) -> Case:
        redact = partial(without_secrets, names=self._manifest.secrets, secret=self._connection.secret)
        return Case(self._connection.system, what, redact)

    def _operation(self, name: str) -> OperationRule:
        return declared(self._manifest.operations, self._connection.system, "operation", name)

    def _resource(self, name: str) -> ResourceRule:
        return declared(self._manifest.resources, self._connection.system, "resource", name)

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        hint = text("it is declared in the system's manifest", "应在系统清单中声明")
        return undeclared(self._connection.system, kind, name, hint)


@dataclass(slots=True)
class _Wanted:
    """What a call asks for, computed."""

    key: str
    values: dict[str, Any]
    password: str
    member: Any


def settings_of(manifest: LdapManifest, connection: Connection) -> dict[str, Any]:
    """Return the connection's settings.

    Raises:
        ConfigError: A required setting is missing, one is not known, or a password would go in the clear.
    """
    settings = connection.settings
    wrong = []
    tls = settings.get("tls")
    if tls not in (None, "", *MODES):
        wrong.append(f"tls: {tls}")
    if tls == "off" and settings.get("host") not in _LOOPBACK and manifest.password_secret is not None:
        wrong.append("tls: off (a password does not go over the network in the clear 密码不得明文传输)")
    return checked_settings(connection, manifest.settings, wrong=wrong)


def _nothing() -> None:
    """A reading announces nothing."""


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
