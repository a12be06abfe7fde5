"""Compensation: undoing completed activities, the newest first, one after the other.

Every scope remembers which of its activities completed and can be undone (``ScopeState.done``). A throw
event runs their handlers in reverse order and waits for them, unless it says not to. A completed sub-process
remembers what was done inside it. Cancelling a transaction compensates all of it, then goes on at its cancel
boundary event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lineshaft.bpmn.kernel import closing, events, waiting
from lineshaft.bpmn.kernel.state import ACTIVE, EMBEDDED, FLOW, ITERATION, LOOP, Done, ScopeState, Token

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


def throw(run: Run, scope: ScopeState, token: Token, activity: str | None, *, wait: bool = True) -> bool:
    """Compensate one activity, or all of the scope; tell whether the thrower goes on at once.

    In an event sub-process it is the scope around it that is compensated.
    """
    where = scope
    plans = _plans(where, activity)
    while not plans and (where.kind == FLOW or run.nodes[where.element].type == "eventSubProcess"):
        where = run.touch(where.parent)
        plans = _plans(where, activity)
    if not plans:
        return True
    chosen = set(map(id, plans))
    where.done = tuple(done for done in where.done if id(done) not in chosen)
    handlers = _handlers(run, plans)
    if not handlers:
        return True
    steps: list[list[Any]] = [
        [done.number, done.element, done.snapshot, [list(item) for item in map(_plain, done.inner)]]
        for done in handlers
    ]
    if not wait:
        for step in steps:
            _start(run, where, step, 0)
        return True
    token.extra = {**(token.extra or {}), "undo": steps, "undo_scope": where.id}
    _next(run, where, token)
    return False


def _plans(where: ScopeState, activity: str | None) -> list[Done]:
    """Return what was done in a scope, the newest first: one activity, or all."""
    return [done for done in reversed(where.done) if activity is None or done.element == activity]


def _handlers(run: Run, plans: list[Done]) -> list[Done]:
    """Flatten completed activities to those with a handler, newest first."""
    found: list[Done] = []
    for done in plans:
        node = run.nodes[done.element]
        if node.compensation is not None:
            found.append(done)
            continue
        inner = [item if isinstance(item, Done) else Done(*item) for item in done.inner]
        found.extend(_handlers(run, list(reversed(inner))))
    return found


def _next(run: Run, where: ScopeState, token: Token) -> bool:
    """Start the next handler of a waiting thrower; tell whether there was one."""
    extra = dict(token.extra or {})
    steps = extra.get("undo") or []
    if not steps:
        extra.pop("undo", None)
        extra.pop("undo_scope", None)
        token.extra = extra or None
        return False
    step = steps[0]
    extra["undo"] = steps[1:]
    token.extra = extra
    _start(run, where, step, token.number)
    return True


def _plain(done: Any) -> tuple[Any, ...]:
    if isinstance(done, Done):
        return (done.number, done.element, done.snapshot, [list(_plain(item)) for item in done.inner])
    return tuple(done)


def _start(run: Run, where: ScopeState, step: list[Any], thrower: int) -> None:
    number, element, snapshot = int(str(step[0])), str(step[1]), int(str(step[2]))
    node = run.nodes[element]
    handler = node.compensation
    assert handler is not None
    begun = run.new_token(where, handler)
    begun.extra = {"undoing": thrower}
    if handler.type == "eventSubProcess":
        begun.extra["undo_inner"] = step[3]
    run.events.append(events.CompensationTriggered(number, element, handler.id))
    if snapshot:
        kept = dict(run.values(snapshot))
        run.drop_variables(snapshot)
        run.set_local(begun.number, kept)


def drop_kept(run: Run, extra: dict[str, Any]) -> None:
    """Take away what a token that is being terminated kept for compensations."""
    for name in ("undo", "undo_inner", "done"):
        for number, element, snapshot, inner in extra.get(name) or ():
            run.drop_snapshots(Done(number, element, snapshot, tuple(inner)))


def handler_done(run: Run, scope: ScopeState, thrower: int) -> None:
    """A handler ended: the thrower goes on with the next, or goes on itself."""
    owner = scope if thrower in scope.tokens else None
    if owner is None:
        place = run.state.owners.get(thrower)
        if place is not None and run.has_scope(place[0]):
            owner = run.touch(place[0])
    if owner is None:
        owner = next((item for item in run.scopes.values() if thrower in item.tokens), None)
    token = owner.tokens.get(thrower) if owner is not None else None
    if owner is None or token is None:
        run.check_scope(scope)
        return
    where = run.touch((token.extra or {}).get("undo_scope", scope.id))
    if _next(run, where, token):
        return
    if (token.extra or {}).get("cancelling"):
        _cancelled(run, owner, token)
        return
    node = run.nodes[token.element]
    node.element.answered(run, owner, token, node, {})


def cancel_transaction(run: Run, scope: ScopeState, token: Token) -> None:
    """A cancel end event: everything in the transaction ends and is compensated.

    Also what was done in a sub-process of it that is still under way, such as one that holds the end event.
    """
    element, own = token.element, scope
    while scope.kind != EMBEDDED or run.nodes[scope.element].type != "transaction":
        scope = run.touch(scope.parent)
    done = _take_done(run, scope)
    if scope is own:
        whole = run.clear(scope, keep=token.number)
    else:
        whole = run.clear(scope)
        token = Token(run.new_number(), element, ACTIVE)
        scope.tokens[token.number] = token
    waiting.close(run, scope.waits)
    scope.waits = ()
    scope.done = done
    token.state = ACTIVE
    token.extra = {"cancelling": True}
    if whole:
        undo_transaction(run, scope, token)
    else:
        closing.wait_for(token, closing.left_in(scope))


def undo_transaction(run: Run, scope: ScopeState, token: Token) -> None:
    """Undo what was done in a transaction in which nothing else is under way."""
    if throw(run, scope, token, None):
        _cancelled(run, scope, token)


def _take_done(run: Run, scope: ScopeState) -> tuple[Done, ...]:
    """Take what was done in a scope and in all that is under way inside of it, the oldest first."""
    found, scope.done = scope.done, ()
    inner = run.rounds_of(scope.id) if scope.kind == LOOP else [*run.rounds_of(scope.id), *scope.tokens]
    for number in inner:
        if run.has_scope(number):
            found += _take_done(run, run.touch(number))
    return found


def _cancelled(run: Run, scope: ScopeState, token: Token) -> None:
    """All is undone: go on at the transaction's cancel boundary event; a loop of it ends as a whole."""
    parent, number = run.touch(scope.parent), scope.id
    if parent.kind == ITERATION:
        number, parent = parent.parent, run.touch(run.read(parent.parent).parent)
    outer = parent.tokens[number]
    node = run.nodes[outer.element]
    catcher = next((b for b in node.boundaries if any(t.kind == "cancel" for t in b.triggers)), None)
    run.terminate(parent, outer)
    if catcher is not None:
        run.new_token(parent, catcher)
    else:
        run.check_scope(parent)
