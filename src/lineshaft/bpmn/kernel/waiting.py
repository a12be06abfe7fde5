"""Timers and subscriptions: opening and closing them, and what happens when one is reached.

A wait belongs to a token (its own event, its boundary events, the events after an event-based gateway) or
to a scope (the start events of its event sub-processes). It names the event that would catch it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import closing, effects, events, schedule, telling
from lineshaft.bpmn.kernel.state import ACTIVE, EMBEDDED, ENTERING, ScopeState, Token, Wait
from lineshaft.bpmn.program import Node, Trigger

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run

WAITING_KINDS = frozenset({"message", "timer", "signal", "conditional"})


class NameMissing(ExpressionError):
    """A message's or signal's name or key has no value."""

    default_code = "subscription_invalid"


def open_boundaries(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    """Open what the boundary events of an activity wait for; none stays open if one cannot be.

    Raises:
        ExpressionError: A name, key or time has no usable value.
    """
    planned = [
        plan(run, scope, token, boundary, trigger, once=boundary.interrupting)
        for boundary in node.waiting_boundaries
        for trigger in boundary.triggers
        if trigger.kind in WAITING_KINDS
    ]
    commit(run, scope, token, planned)


def open_own(run: Run, scope: ScopeState, token: Token, catchers: Iterable[Node]) -> None:
    """Open what a token itself waits for: at its own event or at the events after its gateway.

    Raises:
        ExpressionError: As in ``open_boundaries``.
    """
    planned = [
        plan(run, scope, token, node, trigger, once=True)
        for node in catchers
        for trigger in node.triggers
        if trigger.kind in WAITING_KINDS
    ]
    commit(run, scope, token, planned)


def open_scope_events(run: Run, scope: ScopeState, node: Node) -> None:
    """Open what the event sub-processes of a container wait for.

    Raises:
        ExpressionError: As in ``open_boundaries``.
    """
    planned = [
        plan(run, scope, None, start, trigger, once=start.interrupting)
        for inner in node.event_subprocesses
        for start in inner.starts
        for trigger in start.triggers
        if trigger.kind in WAITING_KINDS
    ]
    commit(run, scope, None, planned)


Planned = tuple[Wait, Any, Any]


def plan(
    run: Run, scope: ScopeState, token: Token | None, node: Node, trigger: Trigger, *, once: bool
) -> Planned:
    """Work out one wait with its event and effect, changing nothing but the count of numbers.

    Raises:
        ExpressionError: A name, key or time has no usable value.
    """
    owner = token.number if token is not None else 0
    inside = token if token is not None and token.element == node.id else None
    kind = trigger.kind
    if kind == "timer":
        assert trigger.timer is not None
        value = run.evaluate(trigger.timer, scope, inside or token)
        due, cycle, repeats = schedule.first(trigger.timer_kind, value, run.now, trigger.calendar)
        if cycle is not None and once:
            repeats = 0
        return _timer(run, owner, node.id, trigger.index, due, cycle if repeats else None, repeats)
    number = run.new_number()
    if kind == "conditional":
        run.watch = True
        wait = Wait(number, "condition", node.id, trigger.index)
        return wait, events.Subscribed(number, owner, node.id, "condition", ""), None
    name = _text_of(run, scope, token, trigger.name, node, "name")
    key = None
    if kind == "message" and trigger.key is not None:
        key = _text_of(run, scope, token, trigger.key, node, "correlation key")
    subject: Any = kind
    wait = Wait(number, kind, node.id, trigger.index, name, key)
    return (
        wait,
        events.Subscribed(number, owner, node.id, kind, name, key),
        effects.Subscribe(number, owner, node.id, subject, name, key, once),
    )


def _timer(
    run: Run, owner: int, element: str, index: int, due: Any, cycle: str | None, repeats: int
) -> Planned:
    number = run.new_number()
    wait = Wait(number, "timer", element, index, None, None, due, cycle, repeats)
    return (
        wait,
        events.TimerStarted(number, owner, element, due),
        effects.StartTimer(number, owner, element, due),
    )


def commit(run: Run, scope: ScopeState, token: Token | None, planned: list[Planned]) -> None:
    """Open planned waits at a token, or at the scope itself."""
    if not planned:
        return
    waits = tuple(item[0] for item in planned)
    if token is not None:
        token.waits += waits
    else:
        scope.waits += waits
    for _, event, effect in planned:
        run.events.append(event)
        if effect is not None:
            run.effects.append(effect)


def _text_of(run: Run, scope: ScopeState, token: Token | None, value: Any, node: Node, what: str) -> str:
    found = run.evaluate(value, scope, token) if value is not None else None
    if found is None or isinstance(found, (dict, list, bool)):
        raise NameMissing(
            text(
                "Expected the {what} of {node} to be a text or number, but {source} is {found!r}",
                "{node} 的 {what} 应为文本或数字，但 {source} 为 {found!r}",
                what=what,
                node=node.id,
                source=getattr(value, "text", ""),
                found=found,
            )
        )
    return key_text(found)


def key_text(value: Any) -> str:
    """Return a correlation key as text: numbers in their plain form, so that 5 and 5.0 agree."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) or hasattr(value, "normalize"):
        shown = f"{value:f}" if not isinstance(value, int) else str(value)
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    return str(value)


def close(run: Run, waits: Iterable[Wait]) -> None:
    """Tell the engine that these waits are over."""
    for wait in waits:
        if wait.kind == "timer":
            run.effects.append(effects.CancelTimer(wait.number))
        elif wait.kind != "condition":
            run.effects.append(effects.Unsubscribe(wait.number))


def drop(holder: ScopeState | Token, number: int) -> None:
    """Take one wait off its holder; it is over by itself."""
    holder.waits = tuple(wait for wait in holder.waits if wait.number != number)


def reach(run: Run, scope: ScopeState, token: Token | None, wait: Wait, variables: Mapping[str, Any]) -> None:
    """A wait was reached: the event that it names catches it."""
    node = run.nodes[wait.element]
    holder: ScopeState | Token = token if token is not None else scope
    once = _is_once(run, token, node)
    if wait.kind == "timer":
        run.events.append(events.TimerFired(wait.number, node.id))
        drop(holder, wait.number)
        if not once and wait.cycle is not None and wait.repeats:
            _again(run, scope, token, wait)
    else:
        run.events.append(events.Correlated(wait.number, node.id))
        if once:
            drop(holder, wait.number)
    if node.parallel_multiple and not _all_reached(run, holder, node, wait, variables, scope):
        return
    if token is None:
        start_event_subprocess(run, scope, node, variables)
    elif node.attached_to is not None and token.element == node.attached_to.id:
        if wait.kind == "timer" and node.attached_to.notices:
            telling.late(run, scope, token, node.attached_to)
        catch_boundary(run, scope, token, node, variables)
    else:
        own = run.nodes[token.element]
        own.element.caught(run, scope, token, own, node, variables)


def _is_once(run: Run, token: Token | None, node: Node) -> bool:
    if token is not None and token.element == node.id:
        return True
    if node.attached_to is None and token is not None:
        return True
    return node.interrupting


def _again(run: Run, scope: ScopeState, token: Token | None, wait: Wait) -> None:
    assert wait.due is not None
    assert wait.cycle is not None
    due = schedule.following(wait.cycle, wait.due, run.now)
    if due is None:
        return
    repeats = wait.repeats if wait.repeats < 0 else wait.repeats - 1
    owner = token.number if token is not None else 0
    cycle = wait.cycle if repeats else None
    commit(run, scope, token, [_timer(run, owner, wait.element, wait.index, due, cycle, repeats)])


def _all_reached(
    run: Run,
    holder: ScopeState | Token,
    node: Node,
    wait: Wait,
    variables: Mapping[str, Any],
    scope: ScopeState,
) -> bool:
    """Note one event of a parallel-multiple; tell whether all of them have come."""
    needed = sum(1 for trigger in node.triggers if trigger.kind in WAITING_KINDS)
    token = holder if isinstance(holder, Token) else None
    run.propagate(variables, scope, token)
    if token is None:
        bit = f"seen:{node.id}"
        mask = scope.counts.get(bit, 0) | (1 << wait.index)
        scope.counts[bit] = mask
        if mask.bit_count() < needed:
            return False
        del scope.counts[bit]
        return True
    extra = dict(token.extra or {})
    bit = f"seen:{node.id}"
    found: int = extra.get(bit, 0)
    mask = found | (1 << wait.index)
    extra[bit] = mask
    complete = mask.bit_count() >= needed
    if complete:
        del extra[bit]
    token.extra = extra or None
    return complete


def catch_boundary(
    run: Run, scope: ScopeState, token: Token, boundary: Node, variables: Mapping[str, Any]
) -> Token:
    """A boundary event catches: it takes its activity away where it interrupts, and goes on."""
    undone = None
    whole = True
    if boundary.interrupting:
        undone = (token.extra or {}).get("undoing")
        whole = run.terminate(scope, token)
    caught = run.new_token(scope, boundary)
    if undone is not None:
        caught.extra = {"undone": undone}
    if not whole:
        run.queue.pop()
        closing.wait_for(caught, [token.number])
    if variables:
        run.set_local(caught.number, variables)
    return caught


def start_event_subprocess(run: Run, scope: ScopeState, start: Node, variables: Mapping[str, Any]) -> Token:
    """An event sub-process begins; everything else in its scope ends where it interrupts."""
    inner = start.container
    assert inner is not None
    left: list[int] = []
    if start.interrupting:
        close(run, scope.waits)
        scope.waits = ()
        done = scope.done
        scope.done = ()
        run.clear(scope)
        scope.done = done
        left = closing.left_in(scope)
    number = run.new_number()
    token = Token(number, inner.id, ENTERING)
    scope.tokens[number] = token
    if left:
        for name, value in variables.items():
            run.set_variable(number, name, value)
        closing.wait_for(token, left)
        return token
    return _begin(run, scope, token, start, variables)


def begin_event_subprocess(run: Run, scope: ScopeState, token: Token) -> None:
    """Begin an event sub-process that waited for what it interrupted to be gone."""
    brought = dict(run.values(token.number))
    run.drop_variables(token.number)
    _begin(run, scope, token, run.nodes[token.element].starts[0], brought)


def _begin(run: Run, scope: ScopeState, token: Token, start: Node, variables: Mapping[str, Any]) -> Token:
    inner = start.container
    assert inner is not None
    number = token.number
    run.events.append(events.ElementActivated(number, inner.id, scope.id))
    if inner.inputs:
        try:
            run.set_local(number, run.map_values(inner.inputs, scope, token, outward=False))
        except ExpressionError as error:
            run.set_local(number, variables)
            run.incident(scope, token, "input_mapping", error.message)
            return token
    token.state = ACTIVE
    within = run.open_scope(number, scope.id, inner, EMBEDDED)
    begin = run.new_token(within, start)
    if variables:
        run.set_local(begin.number, variables)
    if inner.event_subprocesses:
        try:
            open_scope_events(run, within, inner)
        except ExpressionError as error:
            run.incident(scope, token, error.code, error.message)
    return token


def check_conditions(run: Run) -> bool:
    """Look at the conditions that somebody waits for; tell whether one was reached.

    A condition is reached when it becomes true; while it stays true it is not reached again.
    """
    waiting = sorted((run.state.condition_scopes - run.removed) | set(run.scopes))
    for scope_id in waiting:
        if not run.has_scope(scope_id):
            continue
        scope = run.read(scope_id)
        holders: list[Token | None] = [None, *scope.tokens.values()]
        for holder in holders:
            waits = scope.waits if holder is None else holder.waits
            for wait in waits:
                if wait.kind == "condition" and _condition(run, scope_id, holder, wait):
                    return True
    return False


def _condition(run: Run, scope_id: int, holder: Token | None, wait: Wait) -> bool:
    node = run.nodes[wait.element]
    condition = node.triggers[wait.index].condition
    assert condition is not None
    scope = run.read(scope_id)
    try:
        value = run.evaluate(condition, scope, holder) is True
    except ExpressionError:
        # A variable that is not there yet is no error of the process: the condition is not true yet.
        value = False
    if value == wait.fired:
        return False
    scope = run.touch(scope_id)
    token = scope.tokens[holder.number] if holder is not None else None
    owner: ScopeState | Token = token if token is not None else scope
    changed = Wait(wait.number, wait.kind, wait.element, wait.index, fired=value)
    owner.waits = tuple(changed if item.number == wait.number else item for item in owner.waits)
    if value:
        reach(run, scope, token, changed, {})
    return value
