"""Ends that are held up: a user task is gone only when its canceling listeners have answered.

What is being ended stays as a *closing* token (``extra["closing"]``): nothing goes on in it, and it waits for
nothing but its listeners. A sub-process or loop that holds one is closing too. What follows the end waits
beside it as a *successor* token, which names in ``extra["after"]`` the tokens it waits for: the boundary
event or event sub-process that interrupted, the end event that terminates, the end of the instance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineshaft.bpmn.kernel import compensation, effects, events, waiting
from lineshaft.bpmn.kernel.state import CREATED, FLOW, ITERATION, LEAVING, PROCESS, ROOT, ScopeState, Token

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


def is_closing(token: Token) -> bool:
    """Tell whether a token is on its way out."""
    return token.extra is not None and "closing" in token.extra


def left_in(scope: ScopeState) -> list[int]:
    """Return the numbers of the closing tokens of a scope."""
    return [number for number, token in scope.tokens.items() if is_closing(token)]


def wait_for(token: Token, numbers: list[int]) -> None:
    """Let a token go on only when others are gone."""
    token.extra = {**(token.extra or {}), "after": numbers}


def end_instance(run: Run, reason: str, error_code: str | None = None, error_message: str = "") -> None:
    """Terminate the whole instance."""
    root = run.touch(ROOT)
    whole = run.clear(root)
    run.queue.clear()
    if whole:
        _finish(run, root, reason, error_code, error_message)
        return
    waiting.close(run, root.waits)
    root.waits = ()
    number = run.new_number()
    end = Token(number, run.program.root.id, LEAVING, extra={"end": [reason, error_code, error_message]})
    wait_for(end, left_in(root))
    root.tokens[number] = end


def _finish(run: Run, root: ScopeState, reason: str, error_code: str | None, error_message: str) -> None:
    run.close_root(root)
    run.queue.clear()
    run.ended = True
    run.status = "terminated"
    run.events.append(events.InstanceTerminated(reason, error_code))
    run.effects.append(effects.EndInstance("terminated", dict(run.values(ROOT)), error_code, error_message))


def gone(run: Run, scope: ScopeState, token: Token) -> None:
    """A closing token has nothing left to wait for: take it away, and let go on what waited for that."""
    undoing = (token.extra or {}).get("undoing")
    run.forget(scope, token)
    run.events.append(events.ElementTerminated(token.number, token.element))
    if undoing is not None:
        compensation.handler_done(run, scope, undoing)
        return
    for successor in list(scope.tokens.values()):
        waited = (successor.extra or {}).get("after", ())
        if token.number in waited:
            _one_less(run, scope, successor, token.number)
            return
    if not left_in(scope):
        _emptied(run, scope)


def _one_less(run: Run, scope: ScopeState, successor: Token, number: int) -> None:
    extra = dict(successor.extra or {})
    rest = [other for other in extra.pop("after") if other != number]
    if rest:
        successor.extra = {**extra, "after": rest}
        return
    successor.extra = extra or None
    node = run.nodes[successor.element]
    if "cancelling" in extra:
        compensation.undo_transaction(run, scope, successor)
    elif node.type == "process":
        run.forget(scope, successor)
        _finish(run, scope, *extra["end"])
    elif node.type == "eventSubProcess":
        waiting.begin_event_subprocess(run, scope, successor)
    elif successor.state == CREATED:
        run.queue.append((scope, successor))
    else:
        node.element.answered(run, scope, successor, node, {})


def _emptied(run: Run, scope: ScopeState) -> None:
    """The last closing token of a scope is gone, and nobody in it waited: the scope itself may be closing."""
    if scope.kind == PROCESS:
        run.check_scope(scope)
        return
    node = run.nodes[scope.element]
    if scope.kind == FLOW:
        if not scope.counts.get("closing"):
            run.check_scope(scope)
            return
        holder = run.touch(scope.parent)
        run.drop_variables(scope.id)
        run.close_scope(scope)
        if not run.rounds_of(holder.id) and not left_in(holder):
            _emptied(run, holder)
        return
    if scope.kind == ITERATION:
        if not scope.counts.get("closing"):
            node.loop_element.round_gone(run, scope, node)
            return
        body = run.touch(scope.parent)
        run.drop_variables(scope.id)
        run.close_scope(scope)
        if not run.rounds_of(body.id):
            _loop_left(run, body)
        return
    parent = run.touch(scope.parent)
    owner = parent.tokens[scope.id]
    if is_closing(owner):
        if run.rounds_of(scope.id):
            return
        run.close_scope(scope)
        gone(run, parent, owner)
        return
    run.check_scope(scope)


def _loop_left(run: Run, body: ScopeState) -> None:
    """The last round of a loop is gone: the loop is gone, or ends as it was about to."""
    scope = run.touch(body.parent)
    token = scope.tokens[body.id]
    node = run.nodes[token.element]
    if is_closing(token):
        run.close_scope(body)
        gone(run, scope, token)
    else:
        node.loop_element.finish(run, scope, token, node, body)
