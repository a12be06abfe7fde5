"""The ad-hoc sub-process: activities in any order, chosen by a list, a person or a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import effects, events, waiting
from lineshaft.bpmn.kernel.elements.containers import SubProcess, plain_done, starts_by_itself
from lineshaft.bpmn.kernel.elements.element import Plain
from lineshaft.bpmn.kernel.elements.tasks import ask
from lineshaft.bpmn.kernel.state import EMBEDDED, FLOW, ScopeState, Token
from lineshaft.bpmn.program import Node

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


class Decision:
    """What a worker decided about an ad-hoc sub-process, in the words of Camunda 8's job result.

    ``activateElements`` is a list of ids, or of ``{elementId, variables}``; the rest are truth values. They
    stand in the answer itself or in its ``result``; what else is in the answer are variables.
    """

    __slots__ = ("activate", "cancel", "fulfilled", "variables")

    def __init__(
        self,
        activate: list[tuple[str, dict[str, Any]]],
        variables: dict[str, Any],
        *,
        fulfilled: bool,
        cancel: bool,
    ) -> None:
        self.activate = activate
        self.variables = variables
        self.fulfilled = fulfilled
        self.cancel = cancel

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Decision:
        """Read a job's answer."""
        variables = dict(answer)
        inner = variables.get("result")
        said: dict[str, Any] = {}
        if isinstance(inner, Mapping) and _WORDS & inner.keys():
            said = dict(inner)
            variables.pop("result")
        for name in _WORDS:
            if name in variables:
                said[name] = variables.pop(name)
        activate = [
            (str(item.get("elementId", "")), dict(item.get("variables") or {}))
            if isinstance(item, Mapping)
            else (str(item), {})
            for item in said.get("activateElements") or ()
        ]
        return cls(
            activate,
            variables,
            fulfilled=_is_true(said, "isCompletionConditionFulfilled", "completionConditionFulfilled"),
            cancel=_is_true(said, "isCancelRemainingInstances", "cancelRemainingInstances"),
        )


_WORDS = frozenset(
    {
        "activateElements",
        "cancelRemainingInstances",
        "completionConditionFulfilled",
        "isCancelRemainingInstances",
        "isCompletionConditionFulfilled",
    }
)


def _is_true(said: Mapping[str, Any], *names: str) -> bool:
    return any(said.get(name) is True for name in names)


class AdHocSubProcess:
    """Ad-hoc sub-process: activities start by the given list, or all that have no incoming flow.

    It ends when its completion condition is true, or when nothing is left inside. A person may activate
    further elements by hand. With a task definition a job decides, at the beginning and whenever a flow
    inside has ended: what to activate next, or that it is enough.

    Where it gathers output or a job decides, every activation has a scope of its own (``FLOW``) for what
    follows from it: variables that are its own stay in it, and its output is taken when it is over.
    """

    types: ClassVar[tuple[str, ...]] = ("adHocSubProcess",)

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Open the scope and start the chosen activities."""
        inside = run.open_scope(token.number, scope.id, node, EMBEDDED)
        if node.work.output_variable is not None:
            run.set_variable(inside.id, node.work.output_variable, [])
        if node.work.elements is not None:
            run.set_variable(inside.id, "adHocSubProcessElements", node.work.elements)
        self.begin(run, scope, token, node, inside)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Start inside after all."""
        inside = run.touch(token.number)
        if node.work.type is not None:
            self._ask(run, scope, token, node)
            return
        if inside.tokens or run.rounds_of(inside.id):
            self.after_element(run, inside, node)
            return
        self.begin(run, scope, token, node, inside)

    def begin(self, run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """Start the activities of the list, or all that start by themselves."""
        work = node.work
        try:
            if node.event_subprocesses and not inside.waits:
                waiting.open_scope_events(run, inside, node)
            chosen = [child for child in node.children if not child.incoming and starts_by_itself(child)]
            if work.type is not None:
                self._ask(run, scope, token, node)
                return
            if work.by_hand:
                return
            if work.active_elements is not None:
                chosen = self._chosen(run, inside, node)
        except ExpressionError as error:
            run.incident(scope, token, "active_elements", error.message)
            return
        if work.sequential:
            inside.counts["next"] = 1
            chosen = chosen[:1]
        for child in chosen:
            self.start(run, inside, node, child)
        if not chosen and work.completion is None and work.active_elements is None:
            run.check_scope(inside)

    @staticmethod
    def _ask(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask the worker what comes next; an older question is withdrawn."""
        if token.extra and "asked" in token.extra:
            run.effects.append(effects.CancelCall(token.number, token.attempt))
        token.extra = {**(token.extra or {}), "asked": True}
        ask(run, scope, token, node)

    def answered(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """The worker has decided: begin what it names, or end."""
        inside = run.touch(token.number)
        result = Decision.of(answer)
        unknown = [name for name, _ in result.activate if name not in {child.id for child in node.children}]
        if unknown or (result.activate and result.fulfilled):
            run.incident(
                scope,
                token,
                "ad_hoc_result",
                text(
                    "Expected the ids of elements in {node}, or that it is enough, but found {value}",
                    "应为 {node} 中元素的 id 或表示已完成，但为 {value}",
                    node=node.id,
                    value=", ".join(unknown) or "both",
                ),
            )
            return
        extra = dict(token.extra or {})
        extra.pop("asked", None)
        token.extra = extra or None
        run.events.append(events.JobCompleted(token.number, node.id))
        run.propagate(result.variables, inside, None)
        by_id = {child.id: child for child in node.children}
        for name, variables in result.activate:
            self.start(run, inside, node, by_id[name], variables)
        if result.fulfilled:
            inside.counts["met"] = 1
            if result.cancel:
                self._clear(run, inside)
            if not self._is_busy(run, inside):
                self._end(run, scope, token, node, inside)

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """The worker's decision is no longer wanted."""
        if token.extra and "asked" in token.extra:
            run.effects.append(effects.CancelCall(token.number, token.attempt))

    @staticmethod
    def _is_busy(run: Run, inside: ScopeState) -> bool:
        return bool(inside.tokens or inside.arrivals or run.rounds_of(inside.id))

    @staticmethod
    def _clear(run: Run, inside: ScopeState) -> bool:
        """Take away what is under way inside, not what was done."""
        done = inside.done
        inside.done = ()
        whole = run.clear(inside)
        inside.done = done
        return whole

    @staticmethod
    def start(
        run: Run, inside: ScopeState, node: Node, child: Node, variables: Mapping[str, Any] | None = None
    ) -> Token:
        """Begin an activity inside; the variable that its output is taken from is its own."""
        output = node.work.output_element
        if output is None and node.work.type is None:
            if variables:
                run.set_local(inside.id, variables)
            return run.new_token(inside, child)
        flow = run.open_scope(run.new_number(), inside.id, node, FLOW)
        if output is not None and output.names == (output.text,):
            run.set_variable(flow.id, output.text, None)
        for name, value in (variables or {}).items():
            run.set_variable(flow.id, name, value)
        return run.new_token(flow, child)

    def flow_done(self, run: Run, inside: ScopeState, node: Node, flow: ScopeState) -> None:
        """Nothing of an activation is left: take its output, and look whether that was enough."""
        scope = run.touch(inside.parent)
        token = scope.tokens[inside.id]
        work = node.work
        if work.output_element is not None and work.output_variable is not None:
            try:
                value = run.evaluate(work.output_element, flow, None)
            except ExpressionError as error:
                run.incident(scope, token, "output_mapping", error.message)
                value = None
            found = run.values(inside.id).get(work.output_variable)
            run.set_variable(
                inside.id, work.output_variable, [*(found if isinstance(found, list) else ()), value]
            )
        inside.done += flow.done
        flow.done = ()
        run.drop_variables(flow.id)
        run.close_scope(flow)
        if work.completion is not None and self.after_element(run, inside, node):
            return
        if work.type is not None and not inside.counts.get("met"):
            self._ask(run, scope, token, node)
        elif not self._is_busy(run, inside):
            self.inside_done(run, scope, token, node, inside)

    def collect(self, run: Run, inside: ScopeState, token: Token, node: Node) -> None:
        """Add what a chain of activities brought to the output collection when its last one ends.

        Raises:
            ExpressionError: The output element has no value.
        """
        holder = node.ad_hoc
        assert holder is not None
        output, name = holder.work.output_element, holder.work.output_variable
        if output is None or name is None or node.outgoing or node.type == "boundaryEvent":
            return
        value = run.evaluate(output, inside, token)
        found = run.values(inside.id).get(name)
        run.set_variable(inside.id, name, [*(found if isinstance(found, list) else ()), value])

    @staticmethod
    def _chosen(run: Run, inside: ScopeState, node: Node) -> list[Node]:
        assert node.work.active_elements is not None
        value = run.evaluate(node.work.active_elements, inside, None)
        by_id = {child.id: child for child in node.children}
        if not isinstance(value, list) or any(item not in by_id for item in value):
            raise waiting.NameMissing(
                text(
                    "Expected a list of ids of activities in {node}, but found {value!r}",
                    "应为 {node} 中活动 id 的列表，但为 {value!r}",
                    node=node.id,
                    value=value,
                )
            )
        return [by_id[item] for item in value]

    def after_element(self, run: Run, inside: ScopeState, node: Node, *, last: bool = True) -> bool:
        """Look at the completion condition after an element inside; tell whether it decided what follows.

        After the ``last`` element of a flow its output comes first.
        """
        if inside.kind == FLOW:
            if last and not inside.tokens and not inside.arrivals:
                return False
            inside = run.touch(inside.parent)
        condition = node.work.completion
        scope = run.touch(inside.parent)
        token = scope.tokens[inside.id]
        if condition is not None:
            try:
                met = run.is_true(condition, inside, None, node.id)
            except ExpressionError as error:
                run.incident(scope, token, "condition", error.message)
                return True
            if met:
                inside.counts["met"] = 1
                if self._is_busy(run, inside) and not node.work.cancel_remaining:
                    return False
                if self._clear(run, inside):
                    self._end(run, scope, token, node, inside)
                return True
        return False

    def _next_in_order(self, run: Run, inside: ScopeState, node: Node) -> bool:
        """Start the next activity of a sequential one; tell whether there was one."""
        children = [child for child in node.children if not child.incoming and starts_by_itself(child)]
        index = inside.counts.get("next", 0)
        if index >= len(children):
            return False
        inside.counts["next"] = index + 1
        self.start(run, inside, node, children[index])
        return True

    def inside_done(self, run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """End, unless a completion condition that is not true holds it open for a person."""
        if run.rounds_of(inside.id):
            return
        if node.work.type is not None:
            if inside.counts.get("met"):
                self._end(run, scope, token, node, inside)
            return
        if node.work.completion is not None:
            if self._met(run, inside, node):
                self._end(run, scope, token, node, inside)
            elif node.work.sequential:
                self._next_in_order(run, inside, node)
            return
        if node.work.sequential and self._next_in_order(run, inside, node):
            return
        self._end(run, scope, token, node, inside)

    @staticmethod
    def _met(run: Run, inside: ScopeState, node: Node) -> bool:
        condition = node.work.completion
        if inside.counts.get("met"):
            return True
        try:
            return condition is not None and run.is_true(condition, inside, None, node.id)
        except ExpressionError:
            return False

    @staticmethod
    def _end(run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        if token.extra and "asked" in token.extra:
            run.effects.append(effects.CancelCall(token.number, token.attempt))
            token.extra = {name: value for name, value in token.extra.items() if name != "asked"} or None
        if inside.done:
            token.extra = {**(token.extra or {}), "done": plain_done(inside.done)}
        name = node.work.output_variable
        if name is not None and not node.outputs:
            run.propagate({name: run.values(inside.id).get(name)}, scope, None)
        run.close_scope(inside)
        run.complete(scope, token, node)

    remember = SubProcess.remember
