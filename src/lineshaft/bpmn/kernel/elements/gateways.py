"""Gateways: which flows go on, and which must meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import events, waiting
from lineshaft.bpmn.kernel.elements.element import Plain
from lineshaft.bpmn.kernel.run import NoFlow
from lineshaft.bpmn.kernel.state import ACTIVE, ScopeState, Token
from lineshaft.bpmn.program import Node

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


_WAITING = "waitingForStart"


class ExclusiveGateway:
    """Exclusive gateway: the first flow whose condition is true, or else the default."""

    types: ClassVar[tuple[str, ...]] = ("exclusiveGateway",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Choose one flow."""
        outgoing = node.outgoing
        if len(outgoing) < 2 and not node.conditional_flows:
            run.complete(scope, token, node, outgoing)
            return
        default = node.default
        try:
            for flow in outgoing:
                if flow is default:
                    continue
                if flow.condition is None or run.is_true(flow.condition, scope, token, flow.id):
                    run.complete(scope, token, node, (flow,))
                    return
        except ExpressionError as error:
            run.incident(scope, token, "condition", error.message)
            return
        if default is not None:
            run.complete(scope, token, node, (default,))
            return
        run.incident(
            scope,
            token,
            NoFlow.default_code,
            text(
                "Expected a condition of the flows that leave {node} to be true, but none is, and there is "
                "no default flow",
                "离开 {node} 的顺序流应有一个条件成立，但都不成立，且没有默认顺序流",
                node=node.id,
            ),
        )

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Choose again."""
        self.activate(run, scope, token, node)


class ParallelGateway:
    """Parallel gateway: waits for a token on every incoming flow, then takes all outgoing ones."""

    types: ClassVar[tuple[str, ...]] = ("parallelGateway",)

    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def arrive(self, run: Run, scope: ScopeState, token: Token, node: Node) -> bool:
        """True when every incoming flow has a token; one of each is used up."""
        if token.flow is None:
            return True
        arrived = scope.arrivals.setdefault(node.id, [])
        arrived.append(token.flow)
        if any(flow.id not in arrived for flow in node.incoming):
            del scope.tokens[token.number]
            return False
        for flow in node.incoming:
            arrived.remove(flow.id)
        if not arrived:
            del scope.arrivals[node.id]
        return True

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Take all."""
        run.complete(scope, token, node, node.outgoing)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Take all."""
        run.complete(scope, token, node, node.outgoing)


class InclusiveGateway:
    """Inclusive gateway: takes every flow whose condition is true; waits for all that can still come.

    The join follows the standard's execution semantics (13.4.3): it begins when no token elsewhere in its
    scope can still reach one of its empty incoming flows without passing it, unless that token can also
    reach a flow that has a token already.
    """

    types: ClassVar[tuple[str, ...]] = ("inclusiveGateway",)

    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def arrive(self, run: Run, scope: ScopeState, token: Token, node: Node) -> bool:
        """Put the token away; ``ready`` decides when nothing else moves."""
        if token.flow is None:
            return True
        scope.arrivals.setdefault(node.id, []).append(token.flow)
        del scope.tokens[token.number]
        return False

    @staticmethod
    def ready(run: Run, scope: ScopeState, node: Node) -> bool:
        """Tell whether the join need not wait for any other token of its scope."""
        arrived = set(scope.arrivals[node.id])
        empty = [flow.id for flow in node.incoming if flow.id not in arrived]
        if not empty:
            return True
        places = {token.element for token in scope.tokens.values()}
        places.update(other for other in scope.arrivals if other != node.id)
        for place in places:
            if any(place in node.upstream[flow] for flow in empty) and not any(
                place in node.upstream[flow] for flow in arrived
            ):
                return False
        return True

    @staticmethod
    def release(run: Run, scope: ScopeState, node: Node) -> None:
        """Begin the gateway with one token of each flow that has one."""
        arrived = scope.arrivals[node.id]
        for flow_id in sorted(set(arrived)):
            arrived.remove(flow_id)
        if not arrived:
            del scope.arrivals[node.id]
        run.new_token(scope, node, None)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Take every flow whose condition is true, or else the default."""
        if len(node.outgoing) < 2 and not node.conditional_flows:
            run.complete(scope, token, node, node.outgoing)
            return
        try:
            flows = run.choose(scope, token, node)
        except NoFlow as error:
            run.incident(scope, token, error.code, error.message)
            return
        except ExpressionError as error:
            run.incident(scope, token, "condition", error.message)
            return
        run.complete(scope, token, node, flows)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Choose again."""
        self.activate(run, scope, token, node)


class EventBasedGateway:
    """Event-based gateway: the first of the events after it that comes decides."""

    types: ClassVar[tuple[str, ...]] = ("eventBasedGateway",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Wait for all of them."""
        try:
            waiting.open_own(run, scope, token, [flow.target for flow in node.outgoing])
        except ExpressionError as error:
            run.incident(scope, token, error.code, error.message)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Wait after all."""
        self.activate(run, scope, token, node)

    def caught(
        self, run: Run, scope: ScopeState, token: Token, node: Node, event: Node, variables: Mapping[str, Any]
    ) -> None:
        """Go on at the event that came; it is done at once."""
        flow = next(flow for flow in node.outgoing if flow.target is event)
        run.forget(scope, token)
        run.events.append(events.ElementCompleted(token.number, node.id))
        run.events.append(events.FlowTaken(flow.id))
        number = run.new_number()
        reached = Token(number, event.id, ACTIVE)
        scope.tokens[number] = reached
        run.events.append(events.ElementActivated(number, event.id, scope.id))
        run.answer(scope, reached, event, variables)


class ComplexGateway:
    """Complex gateway: goes on when its activation condition is true, then waits for the rest to reset.

    ``activationCount`` is the number of tokens that have come; the condition may also use the names of the
    incoming flows, which are the number of tokens on each. Conditions of outgoing flows may look at
    ``waitingForStart``: true when the gateway goes on, false when it resets. Only flows that do so are
    taken at the reset: a token for the late comers is what nobody draws without saying it.
    """

    types: ClassVar[tuple[str, ...]] = ("complexGateway",)

    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def arrive(self, run: Run, scope: ScopeState, token: Token, node: Node) -> bool:
        """Begin when the condition is true; once begun, the other tokens only reset it."""
        if token.flow is None:
            return True
        arrived = scope.arrivals.setdefault(node.id, [])
        arrived.append(token.flow)
        fired = f"fired:{node.id}"
        if fired in scope.counts:
            if token.extra != {"again": True}:
                del scope.tokens[token.number]
            return False
        if node.condition is None:
            ready = all(flow.id in arrived for flow in node.incoming)
        else:
            try:
                ready = run.is_true(node.condition, scope, token, node.id, self.counts(arrived, node))
            except ExpressionError as error:
                arrived.remove(token.flow)
                if not arrived:
                    del scope.arrivals[node.id]
                run.incident(scope, token, "condition", error.message)
                return False
        if not ready:
            del scope.tokens[token.number]
            return False
        scope.counts[fired] = 1
        return True

    @staticmethod
    def counts(arrived: list[str], node: Node) -> dict[str, Any]:
        """Return the figures that an activation condition may use."""
        found: dict[str, Any] = {flow.id: arrived.count(flow.id) for flow in node.incoming}
        found["activationCount"] = len(arrived)
        return found

    @staticmethod
    def ready(run: Run, scope: ScopeState, node: Node) -> bool:
        """Tell whether a gateway that has gone on has seen all that can still come."""
        if f"fired:{node.id}" not in scope.counts:
            return False
        return InclusiveGateway.ready(run, scope, node)

    @staticmethod
    def release(run: Run, scope: ScopeState, node: Node) -> None:
        """Forget the tokens of this round: the gateway waits for its start again."""
        del scope.counts[f"fired:{node.id}"]
        arrived = scope.arrivals.pop(node.id)
        for flow_id in set(arrived):
            arrived.remove(flow_id)
        if arrived:
            scope.arrivals[node.id] = arrived
        late = [flow for flow in node.outgoing if flow.condition and _WAITING in flow.condition.names]
        for flow in late:
            try:
                taken = run.is_true(flow.condition, scope, None, flow.id, {_WAITING: False})  # type: ignore[arg-type]
            except ExpressionError:
                continue
            if taken:
                run.take(scope, flow)
        run.check_scope(scope)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Take every flow whose condition is true."""
        try:
            flows = node.outgoing
            if node.conditional_flows:
                flows = run.choose(scope, token, node, {_WAITING: True})
        except ExpressionError as error:
            run.incident(scope, token, error.code, error.message)
            return
        run.complete(scope, token, node, flows)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Choose again."""
        self.activate(run, scope, token, node)
