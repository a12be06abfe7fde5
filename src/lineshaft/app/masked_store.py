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

from lineshaft.base.scope import Scope
from lineshaft.feel import codec as values
from lineshaft.sdk.sensitive import SensitiveSpec
from lineshaft.security.fields import STARS, Masking, reveal, without_numbers
from lineshaft.store import rows
from lineshaft.store.port import Activity, Backlog, Cause, Page, Store

_PLAIN: Final = (
    rows.AuditEntry,
    rows.AuditHead,
    rows.Binding,
    rows.Cursor,
    rows.Definition,
    rows.DocumentLink,
    rows.History,
    rows.Instance,
    rows.Job,
    rows.Party,
    rows.Record,
    rows.Release,
    rows.Subscription,
    rows.SystemState,
    Backlog,
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
            return answer if scope is None else await self._shown(scope, answer)

        return read

    async def _shown(self, scope: Scope, answer: Any) -> Any:
        if isinstance(answer, Page):
            return Page([await self._shown(scope, each) for each in answer.items], answer.next)
        if isinstance(answer, list):
            return [await self._shown(scope, each) for each in answer]
        if isinstance(answer, dict):
            return {key: await self._shown(scope, each) for key, each in answer.items()}
        if answer is None or isinstance(answer, _PLAIN):
            return answer
        if isinstance(answer, rows.Incident):
            return await self._incident(scope, answer)
        mask = _MASKS.get(type(answer))
        if mask is None:
            if type(answer).__name__ in _FIGURES:
                return answer
            raise TypeError(f"Expected to know what is sensitive in {type(answer).__name__}")
        hidden = scope.masked_in(getattr(_row_of(answer), "department", None))
        masking = Masking(self._spec(), hidden, _system_of(answer))
        made = mask(answer, masking)
        reveal(masking.shown)
        return made

    async def _incident(self, scope: Scope, row: rows.Incident) -> rows.Incident:
        """Mask what an incident quotes: the values stand in the variables of its instance."""
        hidden = scope.masked_in(row.department)
        if not hidden:
            return row
        stored = await self._store.load_instances(scope, [row.instance_id])
        masking = Masking(self._spec(), hidden)
        for each in stored.values():
            _instance(each, masking)
        return replace(row, message=masking.words(row.message) or "")


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


def _message(row: rows.Message, masking: Masking) -> rows.Message:
    return replace(row, payload=_packed(row.payload, masking) or b"")


def _fact(row: rows.Fact, masking: Masking) -> rows.Fact:
    return replace(row, payload=_packed(row.payload, masking) or b"")


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
    rows.Fact: _fact,
    Cause: _cause,
    Activity: _activity,
}
