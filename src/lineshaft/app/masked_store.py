"""The store as people and programs outside read it: what their scope masks is masked in every answer.

Every read of the port that takes a scope goes through here, whatever it is called: the answer is taken apart
by the classes of its rows. A class that is neither in ``_MASKS`` nor known to hold nothing sensitive is
refused, so that a new one cannot be forgotten. The engine works on the store inside.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, cast

import msgspec

from lineshaft.base.scope import Scope
from lineshaft.bpmn.kernel import codec as kernel_codec
from lineshaft.feel import codec as values
from lineshaft.sdk.sensitive import SensitiveSpec
from lineshaft.security.fields import Masking, reveal, without_numbers
from lineshaft.security.masked_texts import STARS
from lineshaft.store import rows
from lineshaft.store.port import Activity, Backlog, Cause, FlowBacklog, Page, Store

_PLAIN: Final = (
    rows.AuditEntry,
    rows.AuditHead,
    rows.Binding,
    rows.BindingChange,
    rows.Awaited,
    rows.Cursor,
    rows.Definition,
    rows.DocumentLink,
    rows.Instance,
    rows.Job,
    rows.Party,
    rows.Record,
    rows.Release,
    rows.Subscription,
    rows.SystemState,
    Backlog,
    FlowBacklog,
    str,
    int,
    datetime,
)
"""Classes that hold no values of documents, or are read by the hub itself only (jobs, records)."""


class MaskedStore:
    """A store like the one inside, within what a scope may see of fields."""

    def __init__(self, store: Store, spec: Callable[[], SensitiveSpec]) -> None:
        self._store = store
        self._spec = spec

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def read(*arguments: Any, **named: Any) -> Any:
            scope = next((each for each in arguments if isinstance(each, Scope)), named.get("scope"))
            answer = await found(*arguments, **named)
            return answer if scope is None else await self._shown(scope, answer, {})

        return read

    async def _shown(self, scope: Scope, answer: Any, held: dict[str, Masking]) -> Any:
        """Return an answer as the scope sees it; ``held``: what instances hold, for texts that quote it."""
        if isinstance(answer, Page):
            return Page([await self._shown(scope, each, held) for each in answer.items], answer.next)
        if isinstance(answer, list):
            return [await self._shown(scope, each, held) for each in answer]
        if isinstance(answer, dict):
            return {key: await self._shown(scope, each, held) for key, each in answer.items()}
        if answer is None or isinstance(answer, _PLAIN):
            return answer
        if isinstance(answer, rows.Incident):
            quoting = await self._quoting(scope, answer.instance_id, answer.department, held)
            message = quoting.words(answer.message) if quoting is not None else answer.message
            return replace(answer, message=message or "")
        if isinstance(answer, rows.History):
            return await self._history(scope, answer, held)
        if isinstance(answer, rows.Fact):
            return await self._fact(scope, answer, held)
        mask = _MASKS.get(type(answer))
        if mask is None:
            if type(answer).__name__ in _FIGURES:
                return answer
            raise TypeError(f"Expected to know what is sensitive in {type(answer).__name__}")
        hidden = scope.masked_in(getattr(_row_of(answer), "department", None))
        masking = Masking(self._spec(), hidden, _system_of(answer), _kind_of(answer))
        made = mask(answer, masking)
        reveal(masking.shown)
        return made

    async def _history(self, scope: Scope, row: rows.History, held: dict[str, Masking]) -> rows.History:
        """Mask what a step's facts quote."""
        if not scope.masked_in(row.department):
            return row
        facts = kernel_codec.decode_events(row.events)
        made = []
        for each in facts:
            said = {name: getattr(each, name) for name in ("message", "reason") if getattr(each, name, None)}
            quoting = await self._quoting(scope, row.instance_id, row.department, held) if said else None
            if quoting is not None:
                changes = {name: quoting.words(words) or "" for name, words in said.items()}
                each = msgspec.structs.replace(each, **changes)
            made.append(each)
        return row if made == facts else replace(row, events=kernel_codec.encode_events(made))

    async def _fact(self, scope: Scope, row: rows.Fact, held: dict[str, Masking]) -> rows.Fact:
        """Mask what a fact of the event feed says; its texts may quote what its instance holds."""
        hidden = scope.masked_in(row.department)
        data = values.decode(row.payload) if hidden and row.payload else None
        if not isinstance(data, dict):
            return row
        instance_id = data.get("instance_id")
        quoting = await self._quoting(scope, instance_id, row.department, held) if instance_id else None
        masking = quoting if quoting is not None else Masking(self._spec(), hidden)
        said = {name: data[name] for name in ("message", "name") if isinstance(data.get(name), str)}
        made = masking.value({**data, **{name: masking.words(words) for name, words in said.items()}})
        return row if made == data else replace(row, payload=values.encode(made))

    async def _quoting(
        self, scope: Scope, instance_id: str, department: str | None, held: dict[str, Masking]
    ) -> Masking | None:
        """Return what knows the hidden values that an instance holds and sends; ``None``: none are."""
        hidden = scope.masked_in(department)
        if not hidden:
            return None
        masking = held.get(instance_id)
        if masking is None:
            masking = held[instance_id] = Masking(self._spec(), hidden)
            for each in (await self._store.load_instances(scope, [instance_id])).values():
                _instance(each, masking)
            sent = await self._store.effects(scope, instance_id=instance_id, limit=_QUOTED_MAX)
            for effect in sent.items:
                masking.system = effect.system
                _effect(effect, masking)
            masking.system = ""
        return masking


_QUOTED_MAX: Final = 200
"""Calls of an instance whose values its incidents and history may quote."""


def masked(store: Store, spec: Callable[[], SensitiveSpec]) -> Store:
    """Return ``store`` as somebody with a scope may read it."""
    return cast(Store, MaskedStore(store, spec))


_FIGURES: Final = frozenset({"Slice"})
"""Answers that are figures of the store itself."""


def _row_of(answer: Any) -> Any:
    return answer.instance if isinstance(answer, rows.StoredInstance) else answer


def _system_of(row: Any) -> str:
    for name in ("system", "source"):
        found = getattr(row, name, None)
        if isinstance(found, str):
            return found
    if isinstance(row, rows.DocumentLine):
        return row.document_id.partition("/")[0]
    return ""


def _kind_of(row: Any) -> str:
    if isinstance(row, rows.Document):
        return row.kind
    return row.document_id.split("/")[1] if isinstance(row, rows.DocumentLine) else ""


def _packed(content: bytes | None, masking: Masking) -> bytes | None:
    if not content:
        return content
    found = values.decode(content)
    made = masking.value(found)
    return content if made is found else values.encode(made)


def _event(row: rows.Event, masking: Masking) -> rows.Event:
    return replace(row, payload=_packed(row.payload, masking) or b"", note=masking.words(row.note))


def _instance(row: rows.StoredInstance, masking: Masking) -> rows.StoredInstance:
    variables = {}
    for (scope, name), content in row.variables.items():
        found = values.decode(content)
        made = masking.named(name, found)
        variables[scope, name] = content if made is found else values.encode(made)
    return rows.StoredInstance(row.instance, row.scopes, variables)


def _effect(row: rows.Effect, masking: Masking) -> rows.Effect:
    request, evidence = _packed(row.request, masking) or b"", _packed(row.evidence, masking)
    return replace(row, request=request, evidence=evidence, error_text=masking.words(row.error_text))


def _task(row: rows.Task, masking: Masking) -> rows.Task:
    payload = _packed(row.payload, masking) or b""
    return replace(row, payload=payload, name=masking.words(row.name) or "")


def _letter(row: rows.DeadLetter, masking: Masking) -> rows.DeadLetter:
    payload = _packed(row.payload, masking) or b""
    return replace(row, payload=payload, error_text=masking.words(row.error_text) or "")


def _document(row: rows.Document, masking: Masking) -> rows.Document:
    return replace(row, payload=_packed(row.payload, masking) or b"")


def _line(row: rows.DocumentLine, masking: Masking) -> rows.DocumentLine:
    if row.amount is None:
        return row
    return row if masking.named("amount", row.amount) is row.amount else replace(row, amount=STARS)


def _message(row: Any, masking: Masking) -> Any:
    return replace(row, payload=_packed(row.payload, masking) or b"")


def _flow_record(row: rows.FlowRecord, masking: Masking) -> rows.FlowRecord:
    return replace(row, content=_packed(row.content, masking) or b"")


def _cause(row: Cause, masking: Masking) -> Cause:
    return replace(row, error_text=without_numbers(row.error_text) or "") if masking.hidden else row


def _activity(row: Activity, masking: Masking) -> Activity:
    return replace(row, error_text=without_numbers(row.error_text)) if masking.hidden else row


_MASKS: Final[Mapping[type, Callable[[Any, Masking], Any]]] = {
    rows.Event: _event,
    rows.StoredInstance: _instance,
    rows.Effect: _effect,
    rows.Task: _task,
    rows.DeadLetter: _letter,
    rows.Document: _document,
    rows.DocumentLine: _line,
    rows.Message: _message,
    rows.FlowItem: _message,
    rows.FlowRecord: _flow_record,
    # What waits is shown by its numbers only.
    rows.Parked: lambda row, masking: replace(row, payload=b""),
    Cause: _cause,
    Activity: _activity,
}
