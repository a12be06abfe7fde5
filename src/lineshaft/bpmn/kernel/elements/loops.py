"""Loops: an activity that runs several times, at once or one after the other.

The token of the activity stands for the whole loop and carries its boundary events. It has a scope that only
counts; every round has a scope of its own with ``loopCounter`` (from 1), its item and its results. Results
wait under a number of their own, one row each, until the last round gathers them: ending one round of ten
thousand touches as much as ending one of two.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import effects, events, throwing, waiting
from lineshaft.bpmn.kernel.elements.element import Plain
from lineshaft.bpmn.kernel.state import ITERATION, LEAVING, LOOP, ScopeState, Token
from lineshaft.bpmn.program import LoopSpec, Node, Trigger

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run

_ROUND_BUDGET = 1_000


class LoopInvalid(ExpressionError):
    """A collection is no list, or a number of rounds no number."""

    default_code = "loop_invalid"


class Loop:
    """The whole of a multi-instance or standard loop activity."""

    types: ClassVar[tuple[str, ...]] = ()

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Find out how often, and start all rounds or the first."""
        loop = node.loop
        assert loop is not None
        try:
            if loop.standard:
                total, items = self._limit(run, scope, token, loop), None
            else:
                total, items = self._rounds(run, scope, token, loop, node)
        except ExpressionError as error:
            code = "loop_collection" if error.code.startswith("feel") else error.code
            run.incident(scope, token, code, error.message)
            return
        body = run.open_scope(token.number, scope.id, node, LOOP)
        outputs = run.new_number()
        body.counts = {
            "total": total,
            "active": 0,
            "completed": 0,
            "terminated": 0,
            "next": 0,
            "outputs": outputs,
        }
        if loop.standard:
            self._next_standard(run, scope, token, node, body)
            return
        if total == 0:
            self.end(run, scope, token, node, body)
            return
        run.budget += total * _ROUND_BUDGET
        if loop.parallel:
            for index in range(total):
                self._round(run, body, node, index, items[index] if items is not None else None)
            return
        if items is not None:
            run.keep_aside(outputs, "items", items)
        self._round(run, body, node, 0, items[0] if items is not None else None)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Start after all, or look again whether the loop goes on."""
        if not run.has_scope(token.number):
            if token.state == LEAVING:
                self._go_on(run, scope, token, node)
                return
            self.activate(run, scope, token, node)
            return
        self._after_round(run, run.touch(token.number), node, None)

    @staticmethod
    def _limit(run: Run, scope: ScopeState, token: Token, loop: LoopSpec) -> int:
        if loop.maximum is None:
            return -1
        return _count(run.evaluate(loop.maximum, scope, token), loop.maximum.text)

    @staticmethod
    def _rounds(
        run: Run, scope: ScopeState, token: Token, loop: LoopSpec, node: Node
    ) -> tuple[int, list[Any] | None]:
        if loop.collection is not None:
            items = run.evaluate(loop.collection, scope, token)
            if not isinstance(items, (list, tuple)):
                raise LoopInvalid(
                    text(
                        "Expected the input collection of {node} to be a list, but {text} is {value!r}",
                        "{node} 的输入集合应为列表，但 {text} 为 {value!r}",
                        node=node.id,
                        text=loop.collection.text,
                        value=items,
                    )
                )
            return len(items), list(items)
        assert loop.cardinality is not None
        return _count(run.evaluate(loop.cardinality, scope, token), loop.cardinality.text), None

    @staticmethod
    def _round(run: Run, body: ScopeState, node: Node, index: int, item: Any) -> ScopeState:
        """Start one round."""
        loop = node.loop
        assert loop is not None
        body.counts["next"] = index + 1
        body.counts["active"] += 1
        inside = run.open_scope(run.new_number(), body.id, node, ITERATION)
        inside.counts = {"index": index}
        run.set_variable(inside.id, "loopCounter", index + loop.first_counter)
        if loop.element_variable is not None and loop.collection is not None:
            run.set_variable(inside.id, loop.element_variable, item)
        if loop.output_element is not None and loop.output_element.names:
            own = loop.output_element.names[0]
            if len(loop.output_element.names) == 1 and own not in ("loopCounter", loop.element_variable):
                run.set_variable(inside.id, own, None)
        run.new_token(inside, node)
        return inside

    def add_round(self, run: Run, body: ScopeState, node: Node, variables: Mapping[str, Any]) -> None:
        """Add a round by hand to a loop that is under way (another signer); ``variables`` are its own."""
        index = body.counts["total"]
        body.counts["total"] = index + 1
        if not node.loop or not node.loop.parallel:
            items = run.kept_aside(body.counts["outputs"], "items")
            if items is not None:
                item = variables.get(node.loop.element_variable or "") if node.loop else None
                run.keep_aside(body.counts["outputs"], "items", [*items, item])
            return
        inside = self._round(run, body, node, index, None)
        for name, value in variables.items():
            run.set_variable(inside.id, name, value)

    def collect(self, run: Run, inside: ScopeState, token: Token, node: Node) -> None:
        """Keep the result of a round that is about to end.

        Raises:
            ExpressionError: The output element has no value.
        """
        loop = node.loop
        if loop is None or loop.output_element is None:
            return
        value = run.evaluate(loop.output_element, inside, token)
        outputs = run.read(inside.parent).counts["outputs"]
        run.keep_aside(outputs, str(inside.counts["index"]), value)

    def round_done(self, run: Run, inside: ScopeState, node: Node) -> None:
        """A round ended as it should."""
        body = run.touch(inside.parent)
        body.counts["completed"] += 1
        body.counts["active"] -= 1
        self._after_round(run, body, node, inside)

    def round_gone(self, run: Run, inside: ScopeState, node: Node) -> None:
        """A round was cancelled by hand."""
        body = run.touch(inside.parent)
        body.counts["terminated"] += 1
        body.counts["active"] -= 1
        self._after_round(run, body, node, inside)

    def _after_round(self, run: Run, body: ScopeState, node: Node, inside: ScopeState | None) -> None:
        loop = node.loop
        assert loop is not None
        scope = run.touch(body.parent)
        token = scope.tokens[body.id]
        counts = body.counts
        met = False
        try:
            if loop.condition is not None and not loop.standard:
                met = run.is_true(loop.condition, inside or body, None, node.id, _figures(counts))
            last = met or counts["completed"] + counts["terminated"] >= counts["total"]
            if not loop.standard and inside is not None:
                self._throw(run, body, node, last=last)
        except ExpressionError as error:
            if inside is not None:
                self._close_round(run, inside)
            run.incident(scope, token, "completion_condition", error.message)
            return
        if inside is not None:
            self._close_round(run, inside)
        if token.number not in scope.tokens:
            return
        if loop.standard:
            if not counts["active"]:
                self._next_standard(run, scope, token, node, body)
        elif met or counts["completed"] + counts["terminated"] >= counts["total"]:
            self.end(run, scope, token, node, body)
        elif not loop.parallel and not counts["active"]:
            items = run.kept_aside(counts["outputs"], "items")
            index = counts["next"]
            self._round(run, body, node, index, items[index] if items is not None else None)

    @staticmethod
    def _close_round(run: Run, inside: ScopeState) -> None:
        run.drop_variables(inside.id)
        run.close_scope(inside)

    def _next_standard(self, run: Run, scope: ScopeState, token: Token, node: Node, body: ScopeState) -> None:
        """Start another round of a standard loop, or end it."""
        loop = node.loop
        assert loop is not None
        index = body.counts["next"]
        if 0 <= body.counts["total"] <= index:
            self.end(run, scope, token, node, body)
            return
        if loop.condition is not None and (index > 0 or loop.test_before):
            try:
                again = run.is_true(loop.condition, body, None, node.id, {"loopCounter": index})
            except ExpressionError as error:
                run.incident(scope, token, "loop_condition", error.message)
                return
            if not again:
                self.end(run, scope, token, node, body)
                return
        run.budget -= 1
        self._round(run, body, node, index, None)

    def end(self, run: Run, scope: ScopeState, token: Token, node: Node, body: ScopeState) -> None:
        """Gather the results and end the loop."""
        loop = node.loop
        assert loop is not None
        outputs = body.counts["outputs"]
        found: dict[str, Any] = {}
        if loop.output_variable is not None:
            total = max(body.counts["total"], 0)
            found[loop.output_variable] = [run.kept_aside(outputs, str(index)) for index in range(total)]
        whole = run.clear(body)
        run.propagate(found, scope, None)
        if whole:
            self.finish(run, scope, token, node, body)

    def finish(self, run: Run, scope: ScopeState, token: Token, node: Node, body: ScopeState) -> None:
        """Leave a loop whose rounds are all over."""
        run.close_scope(body)
        token.state = LEAVING
        self._go_on(run, scope, token, node)

    @staticmethod
    def _go_on(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        flows = None
        if node.conditional_flows:
            try:
                flows = run.choose(scope, token, node)
            except ExpressionError as error:
                run.incident(scope, token, error.code, error.message)
                return
        run.leave(scope, token, node, flows, body=True)

    def _throw(self, run: Run, body: ScopeState, node: Node, *, last: bool) -> None:
        """Throw the event that the loop's behaviour asks for after a round.

        The loop's own boundary events catch it here where they interrupt, and after the ``last`` round: the
        loop will have gone on, or they will have gone, when a signal or message would come back to them.

        Raises:
            ExpressionError: A condition of a complex behaviour has no value.
        """
        loop = node.loop
        assert loop is not None
        counts = body.counts
        scope = run.touch(body.parent)
        token = scope.tokens[body.id]
        thrown: list[Trigger] = []
        if loop.behavior == "None" and loop.none_trigger is not None:
            thrown.append(loop.none_trigger)
        elif loop.behavior == "One" and loop.one_trigger is not None and counts["completed"] == 1:
            thrown.append(loop.one_trigger)
        elif loop.behavior == "Complex":
            for condition, trigger in loop.complex_behaviors:
                if run.is_true(condition, body, None, node.id, _figures(counts)):
                    thrown.append(trigger)
        for trigger in thrown:
            throw(run, scope, token, node, trigger)
            if trigger.kind in ("signal", "message"):
                _catch_here(run, scope, token, node, trigger, last=last)


def _catch_here(
    run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger, *, last: bool
) -> None:
    name = str(trigger.name.evaluate({}, run.now)) if trigger.name is not None else node.id
    waits = [wait for wait in token.waits if wait.kind == trigger.kind and wait.name == name]
    for wait in waits:
        catches = last or run.nodes[wait.element].interrupting
        if catches and scope.tokens.get(token.number) is token:
            waiting.reach(run, scope, token, wait, {})


def throw(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Trigger) -> None:
    """Throw an event on behalf of a loop; its boundary events may catch it."""
    code = str(trigger.code.evaluate({}, run.now)) if trigger.code is not None else ""
    name = str(trigger.name.evaluate({}, run.now)) if trigger.name is not None else node.id
    if trigger.kind == "signal":
        run.events.append(events.SignalThrown(token.number, node.id, name))
        run.effects.append(effects.ThrowSignal(token.number, name, {}))
    elif trigger.kind == "message":
        run.events.append(events.MessageThrown(token.number, node.id, name, None))
        run.effects.append(effects.ThrowMessage(token.number, node.id, name, None, {}))
    elif trigger.kind == "escalation":
        throwing.throw_escalation(run, scope, token, code, {})
    elif trigger.kind == "error":
        throwing.throw_error(run, scope, token, code, "", {})


def _figures(counts: dict[str, int]) -> dict[str, Any]:
    """Return a loop's figures under the names that the standard and older engines give them."""
    return {
        "numberOfInstances": counts["total"],
        "numberOfActiveInstances": counts["active"],
        "numberOfCompletedInstances": counts["completed"],
        "numberOfTerminatedInstances": counts["terminated"],
        "nrOfInstances": counts["total"],
        "nrOfActiveInstances": counts["active"],
        "nrOfCompletedInstances": counts["completed"],
    }


def _count(value: Any, source: str) -> int:
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else None
    except ArithmeticError:
        number = None
    if number is None or number != number.to_integral_value() or number < 0:
        raise LoopInvalid(
            text(
                "Expected a whole number of rounds, but {source} is {value!r}",
                "循环次数应为非负整数，但 {source} 为 {value!r}",
                source=source,
                value=value,
            )
        )
    return int(number)
