"""The rules of alerts as they hold now: those of the active release, and over them what users have set.

A user's rule is written like one of a pack (``sdk.watches``) and stands in the store, with every version that
it had; of two with one name the user's holds, and without it the pack's holds again. Each process reads them
anew before it looks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import DefinitionError, HubError, InputError, NotFound, Place, Problem
from lineshaft.base.text import text
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.sdk.alert_rules import USUAL, ApprovalRule, FailureRule, InterfaceRule, Tell
from lineshaft.sdk.watches import SECTIONS, DelayRule, Expectation, Rule, StuckRule, WatchSpec, read_watches
from lineshaft.security.records import changed_meanwhile, written
from lineshaft.store.rows import Record
from lineshaft.store.writes import PutRecord, Write

KIND: Final = "alert_rule"
VERSION: Final = "alert_rule_version"


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule as it holds now."""

    rule: Rule
    shipped: bool
    """The release has one of this name."""
    version: int
    """How often users changed it; 0: never."""
    changed_at: datetime | None = None
    changed_by: str = ""
    muted_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What a rule was once."""

    version: int
    at: datetime
    by: str
    definition: Mapping[str, Any] | None
    """``None``: the pack's held again."""


@dataclass(frozen=True, slots=True)
class _Set:
    """What users have set of one rule."""

    record: Record
    definition: Mapping[str, Any] | None
    muted_until: datetime | None
    by: str
    at: datetime


class AlertRules:
    """All rules of one tenant."""

    def __init__(self, runtime: Runtime, shipped: Callable[[], WatchSpec]) -> None:
        self._runtime = runtime
        self._shipped = shipped
        self._set: dict[str, _Set] = {}
        self._own: dict[str, Rule] = {}
        self._read: dict[str, int] = {}
        self._tells: tuple[WatchSpec, dict[str, Tell]] | None = None
        self._spec: tuple[WatchSpec, WatchSpec] | None = None

    @property
    def spec(self) -> WatchSpec:
        """What is watched, as of the last ``refresh``; rules that are switched off are not there."""
        shipped = self._shipped()
        if self._spec is None or self._spec[0] is not shipped:
            rules = [rule for rule in self._effective(shipped).values() if rule.tell.enabled]
            self._spec = (shipped, _spec_of(rules))
        return self._spec[1]

    def tell_of(self, rule: str) -> Tell:
        """Return what a rule says of telling people; a rule that is no more: what is usual."""
        shipped = self._shipped()
        if self._tells is None or self._tells[0] is not shipped:
            self._tells = (shipped, {name: each.tell for name, each in self._effective(shipped).items()})
        return self._tells[1].get(rule, USUAL)

    def is_muted(self, rule: str, now: datetime) -> bool:
        """Tell whether a rule is muted now."""
        known = self._set.get(rule)
        return known is not None and known.muted_until is not None and known.muted_until > now

    def _effective(self, shipped: WatchSpec) -> dict[str, Rule]:
        return {**{rule.id: rule for rule in shipped.rules}, **self._own}

    async def refresh(self) -> None:
        """Read what users have set."""
        runtime = self._runtime
        rows: list[Record] = []
        cursor: str | None = None
        while True:
            page = await runtime.store.records(runtime.scope, KIND, cursor=cursor, limit=500)
            rows += page.items
            cursor = page.next
            if cursor is None:
                break
        read = {row.id: row.version for row in rows}
        if read == self._read:
            return
        self._set = {row.id: _unpacked(row) for row in rows}
        self._own = {}
        for name, known in self._set.items():
            if known.definition is not None:
                try:
                    self._own[name] = read_rule(name, known.definition)
                except HubError as error:
                    # An older version let it through; the pack's holds, and somebody hears why.
                    runtime.observer.trouble(f"alert rule {name}", error)
        self._read, self._spec, self._tells = read, None, None

    async def listed(self) -> list[KeptRule]:
        """Return all rules, in the order in which they are written."""
        await self.refresh()
        shipped = self._shipped()
        names = {rule.id for rule in shipped.rules}
        found = []
        for name, rule in self._effective(shipped).items():
            known = self._set.get(name)
            if known is None:
                found.append(KeptRule(rule, name in names, 0))
                continue
            found.append(
                KeptRule(rule, name in names, known.record.version, known.at, known.by, known.muted_until)
            )
        return found

    async def one(self, name: str) -> KeptRule:
        """Return a rule; raises ``NotFound``."""
        for kept in await self.listed():
            if kept.rule.id == name:
                return kept
        raise NotFound(text("There is no alert rule {name}.", "没有预警规则 {name}。", name=name))

    async def versions(self, name: str) -> list[RuleVersion]:
        """Return what users made of a rule, newest first."""
        runtime = self._runtime
        page = await runtime.store.records(runtime.scope, VERSION, owner=name, limit=100)
        found = []
        for row in page.items:
            content = values.decode(row.content)
            found.append(RuleVersion(content["version"], row.at, content["by"], content["definition"]))
        return found

    # -- changing ------------------------------------------------------------------------------------------

    async def put(
        self, name: str, definition: Mapping[str, Any], by: str, *, version: int | None, note: Write
    ) -> KeptRule:
        """Let a rule be as ``definition`` says.

        Args:
            name: ``kind/name``; what the definition says must fit.
            definition: As in a pack's file, without the section's name.
            by: Who says so.
            version: Of the rule that was read; ``None``: whatever there is.
            note: The audit log's line.

        Raises:
            DefinitionError: It cannot be used; lists all problems.
            Conflict: Somebody else was faster.
        """
        read_rule(name, definition)
        known = await self._known(name, version)
        kept = known.muted_until if known is not None else None
        await self._write(name, known, definition, kept, by, note)
        return await self.one(name)

    async def reset(self, name: str, by: str, note: Write) -> None:
        """Let the pack's rule hold again, or have none where no pack has one.

        Raises:
            NotFound: Users have not set it.
        """
        known = await self._known(name, None)
        if known is None or known.definition is None:
            raise NotFound(text("Nobody has changed the rule {name}.", "规则 {name} 未被修改过。", name=name))
        await self._write(name, known, None, None, by, note)
        await self.refresh()

    async def mute(self, name: str, until: datetime | None, by: str, note: Write) -> KeptRule:
        """Tell nobody of a rule's alerts until then; ``None``: tell them again."""
        await self.one(name)
        known = await self._known(name, None)
        definition = known.definition if known is not None else None
        await self._write(name, known, definition, until, by, note)
        return await self.one(name)

    async def _known(self, name: str, version: int | None) -> _Set | None:
        row = await self._runtime.store.record(self._runtime.scope, KIND, name)
        if version is not None and version != (row.version if row is not None else 0):
            raise changed_meanwhile(name)
        return _unpacked(row) if row is not None else None

    async def _write(
        self,
        name: str,
        known: _Set | None,
        definition: Mapping[str, Any] | None,
        muted_until: datetime | None,
        by: str,
        *notes: Write,
    ) -> None:
        runtime = self._runtime
        now = runtime.clock.now()
        version, first_at = (known.record.version, known.record.at) if known is not None else (0, now)
        plain = _plain(definition) if definition is not None else None
        content = {"definition": plain, "muted_until": muted_until, "by": by, "at": now}
        row = Record(runtime.tenant, KIND, name, version + 1, first_at, content=values.encode(content))
        writes: list[Write] = [PutRecord(row, version), *notes]
        before = known.definition if known is not None else None
        if plain != before:
            told = values.encode({"version": version + 1, "by": by, "definition": plain})
            past = Record(
                runtime.tenant, VERSION, f"{name}/{version + 1:06d}", 1, now, owner=name, content=told
            )
            writes.append(PutRecord(past, 0))
        if not await written(runtime.store, *writes):
            raise changed_meanwhile(name)
        await self.refresh()


def read_rule(name: str, definition: Mapping[str, Any]) -> Rule:
    """Return the rule that a definition says.

    Raises:
        DefinitionError: It cannot be used.
        InputError: It is not the rule ``name``.
    """
    kind = name.partition("/")[0]
    section = SECTIONS.get(kind)
    if section is None:
        raise InputError(
            text(
                "Expected the kind of a rule to be one of {kinds}, but it is {kind}.",
                "规则类型应为 {kinds} 之一,实际为 {kind}。",
                kinds=", ".join(SECTIONS),
                kind=kind,
            ),
            code="alert_rule_kind",
        )
    content = json.dumps({"format": 1, section: [_plain(definition)]}, ensure_ascii=False, default=float)
    [rule] = read_watches([(name, content.encode())]).rules
    problems = expression_problems([rule])
    if problems:
        raise DefinitionError(problems)
    if rule.id != name:
        raise InputError(
            text(
                "Expected the rule {name}, but the definition is of {found}.",
                "规则名应为 {name},定义中却是 {found}。",
                name=name,
                found=rule.id,
            ),
            code="alert_rule_name",
        )
    return rule


def expression_problems(rules: Iterable[Rule]) -> list[Problem]:
    """Compile what rules say of events, so that a slip is found before it is kept."""
    problems = []
    for each in rules:
        if not isinstance(each, Expectation):
            continue
        written = {"when": each.when, "key": each.key, "due": each.due, "person": each.person}
        for name, source in {**written, "expect.when": each.until}.items():
            try:
                if source is not None:
                    feel.compile(source)
            except feel.FeelSyntaxError as error:
                place = Place(file="watches", path=f"expectations.{each.name}.{name}")
                problems.append(Problem("watch_expression", error.message, place))
    return problems


def _spec_of(rules: Iterable[Rule]) -> WatchSpec:
    found = list(rules)
    return WatchSpec(
        tuple(rule for rule in found if isinstance(rule, StuckRule)),
        tuple(rule for rule in found if isinstance(rule, DelayRule)),
        tuple(rule for rule in found if isinstance(rule, Expectation)),
        tuple(rule for rule in found if isinstance(rule, ApprovalRule)),
        tuple(rule for rule in found if isinstance(rule, FailureRule)),
        tuple(rule for rule in found if isinstance(rule, InterfaceRule)),
    )


def _unpacked(row: Record) -> _Set:
    content = values.decode(row.content)
    return _Set(row, content["definition"], content["muted_until"], content["by"], content["at"])


def _plain(value: Any) -> Any:
    """Return a definition as JSON's own kinds: whole numbers stay whole."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal | float):
        exact = Decimal(str(value))
        return int(exact) if exact == exact.to_integral_value() else exact
    return value
