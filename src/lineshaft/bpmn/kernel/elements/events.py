"""Events: where a process starts, waits, throws and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
from lineshaft.bpmn.kernel import closing, compensation, effects, events, throwing, waiting
from lineshaft.bpmn.kernel.elements.element import Plain
from lineshaft.bpmn.kernel.elements.tasks import publish
from lineshaft.bpmn.kernel.state import PROCESS, ScopeState, Token
from lineshaft.bpmn.program import Node, Trigger

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


class StartEvent:
    """Start event of every kind: what started it has happened already, so it passes."""

    types: ClassVar[tuple[str, ...]] = ("startEvent",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Hand on what the event brought."""
        hand_on(run, scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Pass."""
        run.complete(scope, token, node)


def hand_on(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    """End an event that was reached from outside; its variables go outwards, unless outputs are mapped."""
    brought = dict(run.values(token.number))
    if brought and not node.outputs:
        run.drop_variables(token.number)
        run.propagate(brought, scope, None)
    run.complete(scope, token, node)


class BoundaryEvent:
    """Boundary event of every kind: it was reached, so it passes."""

    types: ClassVar[tuple[str, ...]] = ("boundaryEvent",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Hand on what the event brought."""
        hand_on(run, scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Pass."""
        run.complete(scope, token, node)


class CatchEvent:
    """Intermediate catch event: waits for a message, timer, signal, condition, or for one or all of several.

    A link catch event is where its throw events go on; it passes.
    """

    types: ClassVar[tuple[str, ...]] = ("intermediateCatchEvent",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.go_on)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Wait."""
        if all(trigger.kind == "link" for trigger in node.triggers):
            run.complete(scope, token, node)
            return
        try:
            waiting.open_own(run, scope, token, (node,))
        except ExpressionError as error:
            run.incident(scope, token, error.code, error.message)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Wait after all."""
        self.activate(run, scope, token, node)


class ThrowEvent:
    """Intermediate throw event and end event: does what its definitions say, in their order.

    After the last one an intermediate event goes on; an end event ends its path, and with terminate, error
    or cancel more than its path.
    """

    types: ClassVar[tuple[str, ...]] = ("intermediateThrowEvent", "implicitThrowEvent", "endEvent")

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Throw."""
        if not node.triggers:
            run.complete(scope, token, node)
            return
        self.throw_rest(run, scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Throw what is left."""
        self.throw_rest(run, scope, token, node)

    def answered(self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Any) -> None:
        """A throw that waited (for compensation) is done; throw what is left."""
        self.throw_rest(run, scope, token, node)

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """A compensation under way is taken away with its handlers by its scope."""

    def throw_rest(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Throw the definitions that have not been thrown yet."""
        while True:
            index = (token.extra or {}).get("thrown", 0)
            if index >= len(node.triggers):
                run.complete(scope, token, node)
                return
            token.extra = {**(token.extra or {}), "thrown": index + 1}
            try:
                goes_on = _THROW[node.triggers[index].kind](run, scope, token, node, node.triggers[index])
            except ExpressionError as error:
                token.extra = {**token.extra, "thrown": index}
                run.incident(scope, token, error.code, error.message)
                return
            if not goes_on:
                return


def _variables(run: Run, scope: ScopeState, token: Token, node: Node) -> dict[str, Any]:
    """Return what an event brings to who catches it: what was mapped into it, nothing of its own process."""
    return dict(run.values(token.number)) if node.inputs else {}


def _message(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    publish(run, scope, token, node, trigger)
    return True


def _signal(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    name = waiting.key_text(run.evaluate(trigger.name, scope, token)) if trigger.name is not None else node.id
    run.events.append(events.SignalThrown(token.number, node.id, name))
    run.effects.append(effects.ThrowSignal(token.number, name, _variables(run, scope, token, node)))
    return True


def _code_of(run: Run, scope: ScopeState, token: Token, trigger: Trigger) -> str:
    if trigger.code is None:
        return ""
    value = run.evaluate(trigger.code, scope, token)
    return "" if value is None else waiting.key_text(value)


def _escalation(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    code = _code_of(run, scope, token, trigger)
    return throwing.throw_escalation(run, scope, token, code, _variables(run, scope, token, node))


def _error(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    code = _code_of(run, scope, token, trigger)
    token.extra = {**(token.extra or {}), "thrown": trigger.index}
    message = node.name or ""
    throwing.throw_error(run, scope, token, code, message, _variables(run, scope, token, node))
    return False


def _link(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    run.forget(scope, token)
    run.events.append(events.ElementCompleted(token.number, node.id))
    assert trigger.ref is not None
    run.new_token(scope, run.nodes[trigger.ref])
    return False


def _terminate(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    extra = token.extra or {}
    number = token.number
    if "ending" not in extra:
        run.events.append(events.ElementCompleted(number, node.id))
    token.waits = ()
    if not run.clear(scope, keep=number):
        token.extra = {**extra, "ending": True, "thrown": trigger.index}
        closing.wait_for(token, closing.left_in(scope))
        return False
    run.forget(scope, token)
    if scope.kind == PROCESS:
        waiting.close(run, scope.waits)
        scope.waits = ()
    run.check_scope(scope)
    return False


def _compensate(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    return compensation.throw(run, scope, token, trigger.ref, wait=trigger.wait)


def _cancel(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> bool:
    run.events.append(events.ElementCompleted(token.number, node.id))
    compensation.cancel_transaction(run, scope, token)
    return False


_THROW = {
    "message": _message,
    "signal": _signal,
    "escalation": _escalation,
    "error": _error,
    "link": _link,
    "terminate": _terminate,
    "compensate": _compensate,
    "cancel": _cancel,
}
