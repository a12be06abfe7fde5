"""Containers: elements with a scope of their own inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
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
            token.extra = {**(token.extra or {}), "done": plain_done(inside.done)}
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


def plain_done(done: tuple[Done, ...]) -> list[list[Any]]:
    """Return what was done as plain values that a token can keep."""
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
        if not child.incoming and starts_by_itself(child):
            run.new_token(inside, child)
            started = True
    return started


def starts_by_itself(node: Node) -> bool:
    """Tell whether an element without incoming flows begins with its container."""
    if node.for_compensation or node.type in ("eventSubProcess", "boundaryEvent", "startEvent"):
        return False
    return not (node.type == "intermediateCatchEvent" and any(t.kind == "link" for t in node.triggers))


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
