"""Node notifications: what a step asks the engine to tell people of an element.

Telling never holds a process up: an expression without a value shows as a dash, a condition without one is
not met, and whoever cannot be named is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from lineshaft.base.errors import ExpressionError
from lineshaft.bpmn.expressions import Feel, Value
from lineshaft.bpmn.kernel import effects
from lineshaft.bpmn.kernel.state import ITERATION, ScopeState, Token
from lineshaft.bpmn.notices import ASSIGNEE, NoticeEvent, receivers
from lineshaft.bpmn.program import Node
from lineshaft.feel.printer import string_of

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run

NO_VALUE: Final = "-"
_SHOWN_MAX: Final = 500
"""Characters of one value in a text: a list of ten thousand rows is no notice."""


def entered(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    """Tell that an element begins. Of a loop: of each task of a person, of anything else the whole."""
    if _is_whole(scope, node):
        _tell(run, "entered", scope, token, node)


def left(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    """Tell that an element ended as it should, or that its end means a refusal."""
    if not _is_whole(scope, node):
        return
    refusal = node.notices.get("rejected")
    if refusal is not None and refusal.when is not None and _tell(run, "rejected", scope, token, node):
        return
    _tell(run, "done", scope, token, node)


def rejected(run: Run, scope: ScopeState, token: Token, node: Node, *, code: str, message: str) -> None:
    """Tell that an element ended in a business error, or was returned by a person."""
    _tell(run, "rejected", scope, token, node, more={"error": {"code": code, "message": message}})


def late(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    """Tell that the time of an element has passed."""
    _tell(run, "late", scope, token, node)


def prepared(
    run: Run,
    event: NoticeEvent,
    scope: ScopeState,
    token: Token,
    node: Node,
    *,
    more: Mapping[str, Any] | None = None,
) -> effects.Notify | None:
    """Return what is to be told of an event, now; ``None`` where nothing is, or nobody is named."""
    notice = node.notices.get(event)
    if notice is None:
        return None
    found = run.context(notice.names, scope, token)
    context = {"business_key": run.state.business_key, **(more or {}), **found}
    # An error is what it is told of: a refusal by an error needs no condition beside it.
    if notice.when is not None and not more and _value(run, notice.when, context) is not True:
        return None
    names: list[str] = []
    for name in receivers(_value(run, notice.to, context)):
        names += _people(run, scope, token, node) if name == ASSIGNEE else [name]
    to = tuple(dict.fromkeys(names))
    if not to:
        return None

    def shown(expression: Feel) -> str:
        value = string_of(_value(run, expression, context))
        return NO_VALUE if value is None or value == "" else value[:_SHOWN_MAX]

    return effects.Notify(
        token.number,
        node.id,
        event,
        node.name or node.id,
        to,
        notice.subject.filled(shown),
        notice.text.filled(shown),
        found,
    )


def _tell(
    run: Run,
    event: NoticeEvent,
    scope: ScopeState,
    token: Token,
    node: Node,
    *,
    more: Mapping[str, Any] | None = None,
) -> bool:
    effect = prepared(run, event, scope, token, node, more=more)
    if effect is not None:
        run.effects.append(effect)
    return effect is not None


def _is_whole(scope: ScopeState, node: Node) -> bool:
    return node.loop is None or (scope.kind == ITERATION) == (node.type == "userTask")


def _people(run: Run, scope: ScopeState, token: Token, node: Node) -> tuple[str, ...]:
    """Return whom a task is with: its assignee, else everybody who may take it."""
    corrected = (token.extra or {}).get("task", {})

    def of(source: Value | None, name: str) -> tuple[str, ...]:
        if name in corrected:
            return receivers(corrected[name])
        if source is None:
            return ()
        return receivers(_value(run, source, run.context(source.names, scope, token)))

    work = node.work
    return of(work.assignee, "assignee") or (
        *of(work.users, "candidate_users"),
        *of(work.groups, "candidate_groups"),
    )


def _value(run: Run, source: Value, context: Mapping[str, Any]) -> Any:
    try:
        return source.evaluate({name: context[name] for name in source.names if name in context}, run.now)
    except ExpressionError:
        return None
