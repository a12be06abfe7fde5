"""Containers: elements with a scope of their own inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import events, waiting
from lineshaft.bpmn.kernel.elements.element import Plain
from lineshaft.bpmn.kernel.state import ACTIVE, EMBEDDED, Done, ScopeState, Token
from lineshaft.bpmn.program import Node

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


class SubProcess:
    """Embedded sub-process, transaction and event sub-process: ends when nothing is left inside."""

    types: ClassVar[tuple[str, ...]] = ("subProcess", "transaction", "eventSubProcess")

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    terminate = staticmethod(Plain.nothing)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Open the scope and start inside."""
        inside = run.open_scope(token.number, scope.id, node, EMBEDDED)
        if token.extra and "undo_inner" in token.extra:
            inside.done = tuple(Done(*item) for item in token.extra["undo_inner"])
        self.begin(run, scope, token, node, inside)

    def begin(self, run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """Wait for event sub-processes and start at the start event, or at all elements without a flow."""
        try:
            if node.event_subprocesses:
                waiting.open_scope_events(run, inside, node)
        except ExpressionError as error:
            run.incident(scope, token, error.code, error.message)
            return
        if node.type == "eventSubProcess" and node.starts:
            # Begun as a compensation handler; a trigger would have put the token itself.
            run.new_token(inside, node.starts[0])
        elif not enter_start(run, inside, node):
            run.check_scope(inside)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Start inside after all."""
        self.begin(run, scope, token, node, run.touch(token.number))

    def inside_done(self, run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """End."""
        if inside.done:
            token.extra = {**(token.extra or {}), "done": _plain(inside.done)}
        run.close_scope(inside)
        run.complete(scope, token, node)

    def remember(self, run: Run, scope: ScopeState, token: Token, node: Node) -> Done | None:
        """Keep what was done inside, or the place for the sub-process's own handler."""
        inner = (token.extra or {}).get("done")
        handler = node.compensation
        if handler is not None:
            made = Plain.remember(run, scope, token, node)
            if handler.type == "eventSubProcess" and made is not None:
                return Done(made.number, made.element, made.snapshot, tuple(inner or ()))
            for item in inner or ():
                run.drop_snapshots(Done(*item))
            return made
        if not inner:
            return None
        return Done(token.number, node.id, 0, tuple(inner))


def _plain(done: tuple[Done, ...]) -> list[list[Any]]:
    return [[item.number, item.element, item.snapshot, list(item.inner)] for item in done]


def enter_start(run: Run, inside: ScopeState, node: Node) -> bool:
    """Put tokens where a container starts; tell whether there was such a place."""
    started = False
    for start in node.starts:
        if start is node.start or not start.triggers:
            run.new_token(inside, start)
            started = True
    if started:
        return True
    for child in node.children:
        if not child.incoming and _starts_by_itself(child):
            run.new_token(inside, child)
            started = True
    return started


def _starts_by_itself(node: Node) -> bool:
    if node.for_compensation or node.type in ("eventSubProcess", "boundaryEvent", "startEvent"):
        return False
    return not (node.type == "intermediateCatchEvent" and any(t.kind == "link" for t in node.triggers))


class AdHocSubProcess:
    """Ad-hoc sub-process: activities start by the given list, or all that have no incoming flow.

    It ends when its completion condition is true, or when nothing is left inside. A person may activate
    further elements by hand.
    """

    types: ClassVar[tuple[str, ...]] = ("adHocSubProcess",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    terminate = staticmethod(Plain.nothing)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Open the scope and start the chosen activities."""
        inside = run.open_scope(token.number, scope.id, node, EMBEDDED)
        if node.work.output_variable is not None:
            run.set_variable(inside.id, node.work.output_variable, [])
        self.begin(run, scope, token, node, inside)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Start inside after all."""
        inside = run.touch(token.number)
        if inside.tokens:
            self.after_element(run, inside, node)
            return
        self.begin(run, scope, token, node, inside)

    def begin(self, run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """Start the activities of the list, or all that start by themselves."""
        work = node.work
        try:
            if node.event_subprocesses and not inside.waits:
                waiting.open_scope_events(run, inside, node)
            chosen = [child for child in node.children if not child.incoming and _starts_by_itself(child)]
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
    def start(run: Run, inside: ScopeState, node: Node, child: Node) -> Token:
        """Begin an activity inside; the variable that its output is taken from is its own."""
        token = run.new_token(inside, child)
        output = node.work.output_element
        if output is not None and output.names == (output.text,):
            run.set_variable(token.number, output.text, None)
        return token

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

    def after_element(self, run: Run, inside: ScopeState, node: Node) -> bool:
        """Look at the completion condition after an element inside; tell whether it decided what follows."""
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
                if inside.tokens and not node.work.cancel_remaining:
                    return False
                done = inside.done
                inside.done = ()
                run.clear(inside)
                inside.done = done
                self._end(run, scope, token, node, inside)
                return True
        return False

    def _next_in_order(self, run: Run, inside: ScopeState, node: Node) -> bool:
        """Start the next activity of a sequential one; tell whether there was one."""
        children = [child for child in node.children if not child.incoming and _starts_by_itself(child)]
        index = inside.counts.get("next", 0)
        if index >= len(children):
            return False
        inside.counts["next"] = index + 1
        self.start(run, inside, node, children[index])
        return True

    def inside_done(self, run: Run, scope: ScopeState, token: Token, node: Node, inside: ScopeState) -> None:
        """End, unless a completion condition that is not true holds it open for a person."""
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
        if inside.done:
            token.extra = {**(token.extra or {}), "done": _plain(inside.done)}
        name = node.work.output_variable
        if name is not None and not node.outputs:
            run.propagate({name: run.values(inside.id).get(name)}, scope, None)
        run.close_scope(inside)
        run.complete(scope, token, node)

    remember = SubProcess.remember


class Process:
    """The process itself, as the container of everything."""

    types: ClassVar[tuple[str, ...]] = ("process",)

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """A listener's token of the process is done: begin inside."""
        start = (token.extra or {}).get("start")
        run.forget(scope, token)
        begin_process(run, scope, node, start)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Begin inside."""
        self.activate(run, scope, token, node)

    def answered(self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Any) -> None:
        """The process has no answers of its own."""


def begin_process(run: Run, root: ScopeState, node: Node, start_element: str | None) -> None:
    """Open the waits of the process's event sub-processes and put the first token."""
    if node.event_subprocesses:
        try:
            waiting.open_scope_events(run, root, node)
        except ExpressionError as error:
            run.incident(root, None, error.code, error.message)
    if start_element is not None:
        target = run.nodes[start_element]
        if target.type in ("receiveTask", "intermediateCatchEvent"):
            _begin_at_catch(run, root, target)
        else:
            run.new_token(root, target)
        return
    if not enter_start(run, root, node):
        run.check_scope(root)


def _begin_at_catch(run: Run, root: ScopeState, target: Node) -> None:
    """Begin at an event that was reached already; beside it wait those of a parallel gateway before it."""
    gateways = [flow.source for flow in target.incoming if flow.source.type == "eventBasedGateway"]
    if gateways and gateways[0].all_events:
        for flow in gateways[0].outgoing:
            if flow.target is not target:
                run.new_token(root, flow.target)
    token = Token(run.new_number(), target.id, ACTIVE)
    root.tokens[token.number] = token
    run.events.append(events.ElementActivated(token.number, target.id, root.id))
    run.complete(root, token, target)
