"""One step under way: the working copy of what it touches, and the moves that elements make on it.

A ``Run`` reads the instance's state and never changes it: a scope is copied when it is first touched, a
set of variables when one of them is first set. What it touched becomes the step's delta. Elements decide
*when* to use these moves; the moves keep scopes, waits, incidents and variables in agreement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from lineshaft.base.errors import ExpressionError
from lineshaft.base.limits import DEFAULT_LIMITS
from lineshaft.base.text import Text, text
from lineshaft.bpmn.expressions import Value
from lineshaft.bpmn.kernel import closing, compensation, effects, events, telling, waiting
from lineshaft.bpmn.kernel.lifecycle import move
from lineshaft.bpmn.kernel.state import (
    ACTIVE,
    CREATED,
    ENTERING,
    FLOW,
    HELD,
    ITERATION,
    LEAVING,
    LOOP,
    PROCESS,
    ROOT,
    Delta,
    Done,
    Incident,
    InstanceState,
    ScopeState,
    Token,
)
from lineshaft.bpmn.program import Flow, Node, Program
from lineshaft.bpmn.program import Mapping as VariableMapping

_NOTHING: dict[str, Any] = {}


class Run:
    """The working copy of one step."""

    __slots__ = (
        "budget",
        "effects",
        "ended",
        "events",
        "header",
        "next_number",
        "nodes",
        "now",
        "program",
        "queue",
        "removed",
        "rounds_added",
        "scopes",
        "state",
        "status",
        "unset",
        "values_set",
        "variables",
        "watch",
    )

    def __init__(self, program: Program, state: InstanceState, now: datetime) -> None:
        self.program = program
        self.nodes = program.nodes
        self.state = state
        self.now = now
        self.status = state.status
        self.next_number = state.next_number
        self.scopes: dict[int, ScopeState] = {}
        self.removed: set[int] = set()
        self.rounds_added: dict[int, list[int]] = {}
        self.variables: dict[int, dict[str, Any]] = {}
        self.values_set: dict[tuple[int, str], Any] = {}
        self.unset: set[tuple[int, str]] = set()
        self.events: list[Any] = []
        self.effects: list[Any] = []
        self.header: dict[str, Any] = {}
        self.queue: deque[tuple[ScopeState, Token]] = deque()
        self.budget = DEFAULT_LIMITS.steps_per_command_max
        self.ended = False
        self.watch = False
        """Something happened that a condition may depend on."""

    # -- scopes and tokens -------------------------------------------------------------------------

    def read(self, scope_id: int) -> ScopeState:
        """Return a scope to look at."""
        found = self.scopes.get(scope_id)
        return found if found is not None else self.state.scopes[scope_id]

    def touch(self, scope_id: int) -> ScopeState:
        """Return a scope to change; the same object for the rest of the step."""
        found = self.scopes.get(scope_id)
        if found is None:
            assert scope_id not in self.removed, f"Expected scope {scope_id} to be there, but it was removed"
            found = self.scopes[scope_id] = self.state.scopes[scope_id].copy()
        return found

    def has_scope(self, scope_id: int) -> bool:
        """Tell whether a scope is there."""
        return scope_id in self.scopes or (scope_id in self.state.scopes and scope_id not in self.removed)

    def scope_numbers(self) -> list[int]:
        """Return the numbers of all scopes that are there, in order."""
        known = self.state.scopes.keys() - self.removed
        return sorted(known | self.scopes.keys())

    def new_number(self) -> int:
        """Return the next number for a token, timer, subscription or incident."""
        number = self.next_number
        self.next_number = number + 1
        return number

    def new_token(self, scope: ScopeState, node: Node, flow: str | None = None) -> Token:
        """Put a token on an element; it is entered when its turn comes."""
        number = self.next_number
        self.next_number = number + 1
        token = Token(number, node.id, CREATED, flow)
        scope.tokens[number] = token
        self.queue.append((scope, token))
        return token

    def open_scope(self, number: int, parent: int, node: Node, kind: int) -> ScopeState:
        """Add a scope with the number of its token."""
        scope = ScopeState(number, parent, node.id, kind)
        self.scopes[number] = scope
        if kind >= ITERATION:
            self.rounds_added.setdefault(parent, []).append(number)
        return scope

    def close_scope(self, scope: ScopeState) -> None:
        """Take away a scope that has no tokens left, with its waits and variables."""
        if scope.waits:
            waiting.close(self, scope.waits)
            scope.waits = ()
        if scope.incidents:
            self.close_incidents(scope)
        if scope.kind != EMBEDDED_KEEPS_VARIABLES:
            self.drop_variables(scope.id)
        self.scopes.pop(scope.id, None)
        if scope.id in self.state.scopes:
            self.removed.add(scope.id)

    def rounds_of(self, scope_id: int) -> list[int]:
        """Return the scopes of the rounds of a loop, or of an ad-hoc sub-process's flows, in order."""
        found = {number for number in self.state.children.get(scope_id, ()) if self.has_scope(number)}
        found.update(number for number in self.rounds_added.get(scope_id, ()) if number in self.scopes)
        return sorted(found)

    # -- variables ---------------------------------------------------------------------------------

    def values(self, number: int) -> Mapping[str, Any]:
        """Return the variables that belong to one scope or token."""
        found = self.variables.get(number)
        if found is None:
            found = self.state.variables.get(number, _NOTHING)
        return found

    def chain(self, scope: ScopeState, token: Token | None) -> list[int]:
        """Return the numbers whose variables are visible, from the inside out."""
        numbers = [token.number] if token is not None else []
        while True:
            numbers.append(scope.id)
            if scope.kind == PROCESS:
                return numbers
            scope = self.read(scope.parent)

    def context(self, names: Iterable[str], scope: ScopeState, token: Token | None) -> dict[str, Any]:
        """Return the visible variables with these names."""
        wanted = set(names)
        found: dict[str, Any] = {}
        if not wanted:
            return found
        for number in self.chain(scope, token):
            values = self.values(number)
            if values:
                for name in wanted & values.keys():
                    found.setdefault(name, values[name])
        return found

    def visible(self, scope: ScopeState, token: Token | None) -> dict[str, Any]:
        """Return all visible variables; inner ones hide outer ones."""
        found: dict[str, Any] = {}
        for number in reversed(self.chain(scope, token)):
            values = self.values(number)
            if values:
                found.update(values)
        return found

    def evaluate(
        self, value: Value, scope: ScopeState, token: Token | None, extra: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the value of an expression for a token.

        Raises:
            ExpressionError: It has none; the caller turns this into an incident.
        """
        names = value.names
        if not names:
            return value.evaluate({}, self.now)
        context = self.context(names, scope, token)
        if extra:
            for name in names:
                if name in extra:
                    context[name] = extra[name]
        return value.evaluate(context, self.now)

    def set_variable(self, number: int, name: str, value: Any) -> None:
        """Set one variable of a scope or token."""
        values = self.variables.get(number)
        if values is None:
            values = self.variables[number] = dict(self.state.variables.get(number, _NOTHING))
        values[name] = value
        self.values_set[(number, name)] = value
        self.watch = True

    def keep_aside(self, number: int, name: str, value: Any) -> None:
        """Keep a value under a number that nobody looks through: no set of ten thousand is copied for one."""
        self.values_set[(number, name)] = value

    def kept_aside(self, number: int, name: str) -> Any:
        """Return a value that was kept aside; null where there is none."""
        key = (number, name)
        if key in self.values_set:
            return self.values_set[key]
        return self.state.variables.get(number, _NOTHING).get(name)

    def drop_aside(self, number: int) -> None:
        """Take away all that was kept aside under a number."""
        for key in [key for key in self.values_set if key[0] == number]:
            del self.values_set[key]
        for name in self.state.variables.get(number, _NOTHING):
            self.unset.add((number, name))

    def set_local(self, number: int, variables: Mapping[str, Any]) -> None:
        """Set variables of exactly this scope or token."""
        if variables:
            for name, value in variables.items():
                self.set_variable(number, name, value)
            self.events.append(events.VariablesSet(number, tuple(variables)))

    def propagate(self, variables: Mapping[str, Any], scope: ScopeState, token: Token | None) -> None:
        """Set each variable where it is visible already, or else in the process's own scope."""
        if not variables:
            return
        numbers = self.chain(scope, token)
        groups: dict[int, list[str]] = {}
        for name, value in variables.items():
            owner = ROOT
            for number in numbers:
                if name in self.values(number):
                    owner = number
                    break
            self.set_variable(owner, name, value)
            groups.setdefault(owner, []).append(name)
        for number, names in groups.items():
            self.events.append(events.VariablesSet(number, tuple(names)))

    def drop_variables(self, number: int) -> None:
        """Take away all variables of a scope or token."""
        values = self.values(number)
        if not values:
            return
        stored = self.state.variables.get(number, _NOTHING)
        for name in values:
            self.values_set.pop((number, name), None)
        for name in stored:
            self.unset.add((number, name))
        self.variables[number] = {}

    def assign(
        self, target: tuple[str, ...], value: Any, found: dict[str, Any], current: Mapping[str, Any]
    ) -> None:
        """Put a value at a path into ``found``; outer parts of the path are taken from ``current``."""
        if len(target) == 1:
            found[target[0]] = value
            return
        head = target[0]
        base = found.get(head, current.get(head))
        found[head] = _put(base if isinstance(base, dict) else {}, target[1:], value)

    def map_values(
        self, mappings: Iterable[VariableMapping], scope: ScopeState, token: Token | None, *, outward: bool
    ) -> dict[str, Any]:
        """Evaluate mappings in order; later ones see the targets of earlier ones.

        Raises:
            ExpressionError: One of them has no value.
        """
        found: dict[str, Any] = {}
        for mapping in mappings:
            value = self.evaluate(mapping.source, scope, token, found)
            current: Mapping[str, Any] = _NOTHING
            if outward and len(mapping.target) > 1:
                current = self.context(mapping.target[:1], scope, None)
            self.assign(mapping.target, value, found, current)
        return found

    # -- the life of a token -----------------------------------------------------------------------

    def work_off(self) -> None:
        """Enter the tokens that wait for their turn, first come first served."""
        queue = self.queue
        while queue:
            scope, token = queue.popleft()
            if token.state == CREATED and scope.tokens.get(token.number) is token:
                self.budget -= 1
                if self.budget < 0:
                    self.incident(
                        scope,
                        token,
                        "step_limit",
                        text(
                            "Expected the process to wait at some point, but it went on without end",
                            "流程应在某处等待，但一直循环执行",
                        ),
                    )
                    continue
                self.enter(scope, token)

    def enter(self, scope: ScopeState, token: Token) -> None:
        """Begin an element: CREATED to ENTERING, and on to ACTIVE where nothing holds it up."""
        node = self.nodes[token.element]
        round_of_loop = scope.kind == ITERATION
        if node.is_join and not round_of_loop and not node.element.arrive(self, scope, token, node):
            return
        body = node.loop is not None and not round_of_loop
        self.events.append(events.ElementActivated(token.number, node.id, scope.id, body))
        if node.plain and not body:
            token.state = ACTIVE
            node.element.activate(self, scope, token, node)
            return
        move(token, ENTERING)
        self.enter_fully(scope, token, node)

    def enter_fully(self, scope: ScopeState, token: Token, node: Node) -> None:
        """Map inputs, run start listeners, open subscriptions; then the element's own work."""
        body = node.loop is not None and scope.kind != ITERATION
        try:
            if not body:
                if node.inputs and not (token.extra and "listener" in token.extra):
                    self.set_local(token.number, self.map_values(node.inputs, scope, token, outward=False))
                if node.start_listeners and self.listen(scope, token, node, node.start_listeners):
                    return
            if scope.kind != ITERATION and node.waiting_boundaries:
                waiting.open_boundaries(self, scope, token, node)
        except ExpressionError as error:
            self.incident(scope, token, _code(error, "input"), error.message)
            return
        if node.notices:
            telling.entered(self, scope, token, node)
        move(token, ACTIVE)
        (node.loop_element if body else node.element).activate(self, scope, token, node)

    def listen(
        self,
        scope: ScopeState,
        token: Token,
        node: Node,
        listeners: tuple[Any, ...],
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        """Ask for the next listener's job; tell whether there was one.

        With ``headers`` it is a listener of a user task, told what the task is like.
        """
        extra = dict(token.extra or {})
        index = extra.get("listener", 0)
        if index >= len(listeners):
            extra.pop("listener", None)
            token.extra = extra or None
            return False
        listener = listeners[index]
        job_type = str(self.evaluate(listener.type, scope, token))
        retries = int(self.evaluate(listener.retries, scope, token)) if listener.retries else 3
        extra["listener"] = index
        extra["calling"] = True
        token.extra = extra
        token.attempt += 1
        self.events.append(events.JobCreated(token.number, node.id, job_type, token.attempt))
        self.effects.append(
            effects.Call(
                token.number,
                node.id,
                job_type,
                self.visible(scope, token),
                node.work.headers if headers is None else {**node.work.headers, **headers},
                retries,
                token.attempt,
                "listener" if headers is None else "task_listener",
            )
        )
        return True

    def answer(self, scope: ScopeState, token: Token, node: Node, variables: Mapping[str, Any]) -> None:
        """Take in an answer's variables and end the element."""
        if variables:
            if node.outputs:
                self.set_local(token.number, variables)
            else:
                self.propagate(variables, scope, token)
        self.complete(scope, token, node)

    def complete(
        self, scope: ScopeState, token: Token, node: Node, flows: tuple[Flow, ...] | None = None
    ) -> None:
        """End an element's work: ACTIVE to LEAVING, and away where nothing holds it up."""
        token.state = LEAVING
        if node.plain_leave:
            self.leave(scope, token, node, flows)
        else:
            self.leave_fully(scope, token, node, flows)

    def leave_fully(
        self, scope: ScopeState, token: Token, node: Node, flows: tuple[Flow, ...] | None = None
    ) -> None:
        """Map outputs, run end listeners, choose conditional flows; then leave."""
        in_round = scope.kind == ITERATION
        try:
            if node.outputs and not (token.extra and "listener" in token.extra):
                found = self.map_values(node.outputs, scope, token, outward=True)
                self.propagate(found, scope, None)
            if in_round and not (token.extra and "listener" in token.extra):
                node.loop_element.collect(self, scope, token, node)
            elif (
                node.ad_hoc is not None
                and scope.kind != FLOW
                and not (token.extra and "listener" in token.extra)
            ):
                node.ad_hoc.element.collect(self, scope, token, node)
            if flows is not None and node.end_listeners:
                token.extra = {**(token.extra or {}), "flows": [flow.id for flow in flows]}
            if node.end_listeners and self.listen(scope, token, node, node.end_listeners):
                return
            if flows is None and token.extra and "flows" in token.extra:
                flows = tuple(self.program.flows[flow_id] for flow_id in token.extra["flows"])
            if flows is None and node.conditional_flows and not in_round:
                flows = self.choose(scope, token, node)
        except ExpressionError as error:
            self.incident(scope, token, _code(error, "output"), error.message)
            return
        self.leave(scope, token, node, flows)

    def choose(
        self,
        scope: ScopeState,
        token: Token | None,
        node: Node,
        extra: Mapping[str, Any] | None = None,
    ) -> tuple[Flow, ...]:
        """Return the flows to take where some have conditions: all that are true, or else the default.

        Raises:
            ExpressionError: A condition has no value, is not true or false, or none is true and there is
                no default flow.
        """
        chosen = []
        for flow in node.outgoing:
            if flow is node.default:
                continue
            if flow.condition is None or self.is_true(flow.condition, scope, token, flow.id, extra):
                chosen.append(flow)
        if chosen:
            return tuple(chosen)
        if node.default is not None:
            return (node.default,)
        raise NoFlow(
            text(
                "Expected a condition of the flows that leave {node} to be true, but none is, and there is "
                "no default flow",
                "离开 {node} 的顺序流应有一个条件成立，但都不成立，且没有默认顺序流",
                node=node.id,
            )
        )

    def is_true(
        self,
        condition: Value,
        scope: ScopeState,
        token: Token | None,
        where: str,
        extra: Mapping[str, Any] | None = None,
    ) -> bool:
        """Return a condition's value.

        Raises:
            ExpressionError: It has none, or is not true or false.
        """
        value = self.evaluate(condition, scope, token, extra)
        if value is True or value is False:
            return bool(value)
        raise NotBoolean(
            text(
                "Expected the condition at {where} to be true or false, but {text} is {value!r}",
                "{where} 处的条件应为 true 或 false，但 {text} 为 {value!r}",
                where=where,
                text=condition.text,
                value=value,
            )
        )

    def leave(
        self,
        scope: ScopeState,
        token: Token,
        node: Node,
        flows: tuple[Flow, ...] | None = None,
        body: bool = False,
    ) -> None:
        """Take the token away and go on along its flows."""
        number = token.number
        if node.notices:
            telling.left(self, scope, token, node)
        if node.compensation is not None or node.type in _HOLD_COMPENSATIONS:
            self.remember(scope, token, node, body)
        self.forget(scope, token)
        self.events.append(events.ElementCompleted(number, node.id, body))
        if scope.kind == ITERATION:
            node.loop_element.round_done(self, scope, node)
            return
        if token.extra:
            if "undoing" in token.extra:
                compensation.handler_done(self, scope, token.extra["undoing"])
                return
            if "undone" in token.extra:
                # A handler's boundary event took its place: what waits for the handler need not wait on.
                for flow in node.outgoing if flows is None else flows:
                    self.take(scope, flow)
                compensation.handler_done(self, scope, token.extra["undone"])
                return
        if node.ad_hoc is not None:
            last = not (node.outgoing if flows is None else flows)
            if node.ad_hoc.element.after_element(self, scope, node.ad_hoc, last=last):
                return
        if flows is None:
            if body and node.conditional_flows:
                flows = self.choose(scope, None, node)
            else:
                only = node.only_flow
                if only is not None:
                    self.take(scope, only)
                    return
                flows = node.outgoing
        if flows:
            for flow in flows:
                self.take(scope, flow)
        else:
            self.check_scope(scope)

    def remember(self, scope: ScopeState, token: Token, node: Node, body: bool) -> None:
        """Note that an activity can be compensated: a loop as a whole, what is inside its rounds each.

        A compensation event sub-process is inside: every round has its own.
        """
        handler = node.compensation
        inside = handler is not None and handler.type == "eventSubProcess"
        if scope.kind == ITERATION:
            if handler is not None and not inside:
                return
            keeper = self.touch(self.read(scope.parent).parent)
        elif body and (handler is None or inside):
            return
        else:
            keeper = scope
        done = node.element.remember(self, scope, token, node)
        if done is not None:
            keeper.done = (*keeper.done, done)

    def take(self, scope: ScopeState, flow: Flow) -> None:
        """Take a sequence flow: its target gets a token."""
        self.events.append(events.FlowTaken(flow.id))
        for _ in range(flow.source.completion_quantity):
            self.new_token(scope, flow.target, flow.id)

    def forget(self, scope: ScopeState, token: Token) -> None:
        """Remove a token with its waits, incidents and variables."""
        number = token.number
        del scope.tokens[number]
        if token.waits:
            waiting.close(self, token.waits)
        if scope.incidents:
            self.close_incidents(scope, number)
        if number in self.variables or number in self.state.variables:
            self.drop_variables(number)

    def check_scope(self, scope: ScopeState) -> None:
        """End a scope in which nothing is left to do."""
        if scope.tokens or scope.arrivals:
            return
        if scope.kind == PROCESS:
            self.finish(scope)
            return
        if scope.kind == LOOP:
            return
        parent = self.touch(scope.parent)
        node = self.nodes[scope.element]
        if scope.kind == FLOW:
            node.element.flow_done(self, parent, node, scope)
            return
        node.element.inside_done(self, parent, parent.tokens[scope.id], node, scope)

    def finish(self, scope: ScopeState) -> None:
        """End the instance as it should."""
        if self.ended:
            return
        root = self.program.root
        if root.end_listeners and self._process_listener(scope, root):
            return
        self.ended = True
        self.close_root(scope)
        self.events.append(events.ElementCompleted(ROOT, root.id))
        self.events.append(events.InstanceCompleted())
        self.status = "completed"
        self.effects.append(effects.EndInstance("completed", dict(self.values(ROOT))))

    def _process_listener(self, scope: ScopeState, root: Node) -> bool:
        """End listeners of a process run on a token of the process itself."""
        if scope.counts.get("listened"):
            return False
        number = self.new_number()
        token = Token(number, root.id, LEAVING)
        scope.tokens[number] = token
        scope.counts["listened"] = 1
        return self.listen(scope, token, root, root.end_listeners)

    def close_root(self, scope: ScopeState) -> None:
        """Take away the process's own row; its variables stay."""
        waiting.close(self, scope.waits)
        scope.waits = ()
        for done in scope.done:
            self.drop_snapshots(done)
        if scope.incidents:
            self.close_incidents(scope)
        if self.state.held:
            # Kept commands are of no use to an instance that has ended.
            self.drop_variables(HELD)
            self.header["held"] = 0
        self.scopes.pop(ROOT, None)
        if ROOT in self.state.scopes:
            self.removed.add(ROOT)

    def drop_snapshots(self, done: Done) -> None:
        """Take away what was kept for a compensation that is no longer possible."""
        if done.snapshot:
            self.drop_variables(done.snapshot)
        for inner in done.inner:
            self.drop_snapshots(inner if isinstance(inner, Done) else Done(*inner))

    # -- taking away -------------------------------------------------------------------------------

    def terminate(self, scope: ScopeState, token: Token, *, at_once: bool = False) -> bool:
        """Take a token away with all that is inside it; its flow does not go on.

        False where listeners of a user task hold that up (see ``closing``); never so ``at_once``.
        """
        if closing.is_closing(token) and not at_once:
            return False
        node = self.nodes[token.element]
        held = False
        if self.has_scope(token.number):
            inner = self.touch(token.number)
            held = not self.clear(inner, at_once=at_once)
            if not held:
                self.close_scope(inner)
        body = node.loop is not None and scope.kind != ITERATION
        if token.extra and token.extra.get("calling"):
            self.effects.append(effects.CancelCall(token.number, token.attempt))
        if token.state == ACTIVE and node.type != "process" and not body:
            if node.type == "userTask" or not (token.extra and token.extra.get("calling")):
                node.element.terminate(self, scope, token, node)
            if node.type == "userTask" and node.task_listeners.get("canceling") and not at_once:
                held = True
        if token.extra:
            compensation.drop_kept(self, token.extra)
        if held:
            self._close_slowly(scope, token, node)
            return False
        self.forget(scope, token)
        if token.state != CREATED and not (token.extra and "end" in token.extra):
            self.events.append(events.ElementTerminated(token.number, node.id))
        return True

    def _close_slowly(self, scope: ScopeState, token: Token, node: Node) -> None:
        """Leave a token for its listeners, or for those of what is inside it."""
        waiting.close(self, token.waits)
        token.waits = ()
        self.close_incidents(scope, token.number)
        task = (token.extra or {}).get("task")
        token.extra = {"closing": True, **({"task": task} if task else {})}
        if not self.has_scope(token.number):
            node.element.cancel(self, scope, token, node)

    def clear(self, scope: ScopeState, keep: int = 0, *, at_once: bool = False) -> bool:
        """Take away everything in a scope, but ``keep``; the scope itself stays.

        False where something of it is still closing.
        """
        whole = True
        for number in self.rounds_of(scope.id):
            inner = self.touch(number)
            if self.clear(inner, at_once=at_once):
                self.drop_variables(number)
                self.close_scope(inner)
            else:
                inner.counts["closing"] = 1
                whole = False
        if scope.kind == LOOP and "outputs" in scope.counts:
            self.drop_aside(scope.counts["outputs"])
        for token in list(scope.tokens.values()):
            if token.number != keep and not self.terminate(scope, token, at_once=at_once):
                whole = False
        if scope.waits and scope.kind != PROCESS and not whole:
            waiting.close(self, scope.waits)
            scope.waits = ()
        scope.arrivals = {}
        for done in scope.done:
            self.drop_snapshots(done)
        scope.done = ()
        return whole

    # -- incidents ---------------------------------------------------------------------------------

    def incident(self, scope: ScopeState, token: Token | None, code: str, message: Text) -> None:
        """Stop a token until a person resolves it; ``None`` stops the scope's own waits."""
        number = self.new_number()
        owner = token.number if token is not None else 0
        element = token.element if token is not None else scope.element
        english = message.in_language("en")
        incident = Incident(number, owner, element, code, english, message.in_language("zh"), scope.id)
        scope.incidents[number] = incident
        self.events.append(events.IncidentOpened(number, owner, element, code, english))
        self.effects.append(effects.OpenIncident(number, owner, element, code, english))

    def close_incidents(self, scope: ScopeState, token: int | None = None, reason: str = "") -> None:
        """Close the incidents of a token, or all of a scope."""
        for number, incident in list(scope.incidents.items()):
            if token is None or incident.token == token:
                del scope.incidents[number]
                self.events.append(events.IncidentResolved(number, reason))
                self.effects.append(effects.CloseIncident(number))

    # -- the result --------------------------------------------------------------------------------

    def delta(self) -> Delta:
        """Return what was touched."""
        header = self.header
        state = self.state
        if self.next_number != state.next_number:
            header["next_number"] = self.next_number
        if self.status != state.status:
            header["status"] = self.status
        return Delta(self.scopes, self.removed, self.values_set, self.unset, header)


class NoFlow(ExpressionError):
    """No flow can be taken."""

    default_code = "no_flow"


class NotBoolean(ExpressionError):
    """A condition is neither true nor false."""

    default_code = "condition_not_boolean"


def _code(error: ExpressionError, what: str) -> str:
    code = error.code
    return f"{what}_mapping" if code.startswith("feel") else code


def _put(base: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return a copy of ``base`` with ``value`` at ``path``."""
    copy = dict(base)
    if len(path) == 1:
        copy[path[0]] = value
    else:
        inner = copy.get(path[0])
        copy[path[0]] = _put(inner if isinstance(inner, dict) else {}, path[1:], value)
    return copy


_HOLD_COMPENSATIONS = frozenset({"subProcess", "transaction", "adHocSubProcess"})
EMBEDDED_KEEPS_VARIABLES = 1
"""The variables of an embedded scope belong to its token, which outlives it until its outputs are mapped."""
