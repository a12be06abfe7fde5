"""Errors, escalations and compensation: how they find who catches them.

An error goes outwards from its thrower: boundary events of each activity around it, event sub-processes of
each scope; at one place an event with the very code goes before one that takes any. It always interrupts.
An escalation goes the same way, but need not interrupt, and nobody need catch it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import closing, effects, events, telling, waiting
from lineshaft.bpmn.kernel.state import FLOW, PROCESS, ScopeState, Token
from lineshaft.bpmn.program import Node, Trigger

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


def _match(run: Run, candidates: list[Node], kind: str, code: str) -> Node | None:
    """Return the event that catches ``code``: the exact one first, then one without a code."""
    any_code = None
    for node in candidates:
        for trigger in node.triggers:
            if trigger.kind != kind:
                continue
            if trigger.code is None:
                any_code = any_code or node
            elif code_of(run, trigger) == code:
                return node
    return any_code


def code_of(run: Run, trigger: Trigger) -> str | None:
    """Return the code that an event catches: ``*`` for any, ``None`` where its expression has no value."""
    if trigger.code is None:
        return "*"
    try:
        return waiting.key_text(trigger.code.evaluate({}, run.now))
    except ExpressionError:
        return None


def _inner_events(container: Node) -> list[Node]:
    return [start for inner in container.event_subprocesses for start in inner.starts]


def _handlers_beside(container: Node, node: Node) -> list[Node]:
    """Return the start events that catch what comes out of ``node`` in its container.

    None where an interrupting event sub-process ended everything else there; never its own.
    """
    if node.container is container and node.type == "eventSubProcess" and node.starts[0].interrupting:
        return []
    return [start for start in _inner_events(container) if start.container is not node]


def find_catcher(
    run: Run, scope: ScopeState, token: Token, kind: str, code: str
) -> tuple[ScopeState, Token | None, Node] | None:
    """Return who catches: the scope, the token whose boundary it is (or ``None``), the event."""
    while True:
        node = run.nodes[token.element]
        if scope.kind != 3:
            boundaries = node.error_boundaries if kind == "error" else node.escalation_boundaries
            if boundaries:
                found = _match(run, list(boundaries), kind, code)
                if found is not None:
                    return scope, token, found
        container = run.nodes[scope.element]
        if scope.kind == FLOW:
            scope = run.touch(scope.parent)
        if container.event_subprocesses and scope.kind < 2:
            found = _match(run, _handlers_beside(container, node), kind, code)
            if found is not None:
                return scope, None, found
        if scope.kind == PROCESS:
            return None
        number = scope.id
        parent = run.touch(scope.parent)
        if scope.kind == 3:
            # A round stands directly in its loop's scope, which holds no tokens: go on from the loop's own.
            number, parent = parent.id, run.touch(parent.parent)
        scope, token = parent, parent.tokens[number]


def catchable(run: Run, scope: ScopeState, token: Token) -> tuple[str, ...]:
    """Return what would be caught if a called process ended with it: ``error:CODE``, ``error:*``, …"""
    found: set[str] = set(run.state.catches)
    while True:
        node = run.nodes[token.element]
        events_here = list(node.boundaries) + _handlers_beside(run.nodes[scope.element], node)
        for event in events_here:
            for trigger in event.triggers:
                if trigger.kind in ("error", "escalation"):
                    found.add(f"{trigger.kind}:{code_of(run, trigger)}")
        if scope.kind == PROCESS:
            return tuple(sorted(found))
        if scope.kind == FLOW:
            scope = run.read(scope.parent)
        number = scope.id
        parent = run.read(scope.parent)
        if number not in parent.tokens:
            number, parent = parent.id, run.read(parent.parent)
        scope, token = parent, parent.tokens[number]


def throw_error(
    run: Run, scope: ScopeState, token: Token, code: str, message: str, variables: Mapping[str, Any]
) -> None:
    """Throw an error at a token; uncaught, it is an incident there."""
    node = run.nodes[token.element]
    if node.notices:
        telling.rejected(run, scope, token, node, code=code, message=message)
    found = find_catcher(run, scope, token, "error", code)
    catches = run.state.catches or run.header.get("catches", ())
    if found is None and (f"error:{code}" in catches or "error:*" in catches):
        run.events.append(events.ErrorThrown(token.number, token.element, code, message, None))
        closing.end_instance(run, message, code, message)
        return
    caught_by = found[2].id if found is not None else None
    run.events.append(events.ErrorThrown(token.number, token.element, code, message, caught_by))
    if found is None:
        run.incident(
            scope,
            token,
            "error_uncaught",
            text(
                "Expected an event that catches the error {code}, but nobody catches it{message}",
                "应有捕获错误 {code} 的事件，但没有任何事件捕获它{message}",
                code=code or "(no code)",
                message=f": {message}" if message else "",
            ),
        )
        return
    where, holder, event = found
    values = _error_values(event, code, message, variables)
    if holder is not None:
        waiting.catch_boundary(run, where, holder, event, values)
    else:
        waiting.start_event_subprocess(run, where, event, values)


def _error_values(event: Node, code: str, message: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(variables)
    code_name = event.properties.get("@error_code_variable")
    message_name = event.properties.get("@error_message_variable")
    if code_name:
        values[code_name] = code
    if message_name:
        values[message_name] = message
    return values


def throw_escalation(
    run: Run, scope: ScopeState, token: Token, code: str, variables: Mapping[str, Any]
) -> bool:
    """Throw an escalation at a token; tell whether the token is still there."""
    found = find_catcher(run, scope, token, "escalation", code)
    caught_by = found[2].id if found is not None else None
    run.events.append(events.EscalationThrown(token.number, token.element, code, caught_by))
    if found is None:
        catches = run.state.catches or run.header.get("catches", ())
        if f"escalation:{code}" in catches or "escalation:*" in catches:
            run.effects.append(effects.Escalate(code, dict(variables)))
        return True
    where, holder, event = found
    values = dict(variables)
    name = event.properties.get("@escalation_code_variable")
    if name:
        values[name] = code
    if holder is not None:
        waiting.catch_boundary(run, where, holder, event, values)
    else:
        waiting.start_event_subprocess(run, where, event, values)
    return scope.tokens.get(token.number) is token
