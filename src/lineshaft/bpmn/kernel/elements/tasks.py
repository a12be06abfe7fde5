"""Tasks: work that is asked for and answered, or done at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import effects, events, schedule, waiting
from lineshaft.bpmn.kernel.elements.element import Plain
from lineshaft.bpmn.kernel.state import ITERATION, PROCESS, ScopeState, Token
from lineshaft.bpmn.program import Node

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


def task_variables(run: Run, scope: ScopeState, token: Token, node: Node) -> dict[str, Any]:
    """Return what a job is given: with input mappings only those, otherwise all that is visible."""
    if node.inputs:
        return dict(run.values(token.number))
    return run.visible(scope, token)


def ask(run: Run, scope: ScopeState, token: Token, node: Node, retries: int | None = None) -> None:
    """Ask for the job of a task; a bad expression is an incident."""
    work = node.work
    assert work.type is not None
    try:
        job_type = (
            str(run.evaluate(work.type, scope, token)) if work.type.names else work.type.evaluate({}, run.now)
        )
        if retries is None:
            retries = int(run.evaluate(work.retries, scope, token)) if work.retries is not None else 3
    except (ExpressionError, ValueError, TypeError) as error:
        message = error.message if isinstance(error, ExpressionError) else text("{e}", "{e}", e=error)
        run.incident(scope, token, "job_type", message)
        return
    token.attempt += 1
    number = token.number
    run.events.append(events.JobCreated(number, node.id, job_type, token.attempt))
    run.effects.append(
        effects.Call(
            number,
            node.id,
            job_type,
            task_variables(run, scope, token, node),
            work.headers,
            retries,
            token.attempt,
            spare=spare_variables(run, scope, node),
        )
    )


def spare_variables(run: Run, scope: ScopeState, node: Node) -> tuple[str, ...]:
    """Return the collections of the loops around a task: it has its item of each."""
    found: tuple[str, ...] = ()
    if node.inputs:
        return found
    while scope.kind != PROCESS:
        if scope.kind == ITERATION:
            loop = run.nodes[scope.element].loop
            if loop is not None:
                found += loop.spare
        scope = run.read(scope.parent)
    return found


class JobTask:
    """Service task and every other element with a job type: a call to a system."""

    types: ClassVar[tuple[str, ...]] = ("serviceTask",)

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask for the call."""
        ask(run, scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask again."""
        ask(run, scope, token, node)

    def answered(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """Take the answer's variables and go on."""
        run.events.append(events.JobCompleted(token.number, node.id))
        run.answer(scope, token, node, answer)

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """The answer is no longer wanted."""
        run.effects.append(effects.CancelCall(token.number))


class SimpleTask:
    """Task without a kind, and manual task: done outside of any system, so passed at once."""

    types: ClassVar[tuple[str, ...]] = ("task", "manualTask")

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Pass."""
        run.complete(scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Pass."""
        run.complete(scope, token, node)


class SendTask:
    """Send task without a job type: publishes its message and goes on."""

    types: ClassVar[tuple[str, ...]] = ("sendTask",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Publish."""
        try:
            for trigger in node.triggers:
                publish(run, scope, token, node, trigger)
        except ExpressionError as error:
            run.incident(scope, token, error.code, error.message)
            return
        run.complete(scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Publish after all."""
        self.activate(run, scope, token, node)


def publish(run: Run, scope: ScopeState, token: Token, node: Node, trigger: Any) -> None:
    """Publish a message with the variables that a job here would be given.

    Raises:
        ExpressionError: Its name or key has no value.
    """
    name = waiting.key_text(run.evaluate(trigger.name, scope, token)) if trigger.name is not None else node.id
    key = None
    if trigger.key is not None:
        found = run.evaluate(trigger.key, scope, token)
        key = waiting.key_text(found) if found is not None else None
    ttl = None
    if trigger.ttl is not None:
        due, _, _ = schedule.first("duration", run.evaluate(trigger.ttl, scope, token), run.now)
        ttl = (due - run.now).total_seconds()
    run.events.append(events.MessageThrown(token.number, node.id, name, key))
    run.effects.append(
        effects.ThrowMessage(token.number, node.id, name, key, task_variables(run, scope, token, node), ttl)
    )


class ReceiveTask:
    """Receive task: waits for its message; also an intermediate catch event behaves so."""

    types: ClassVar[tuple[str, ...]] = ("receiveTask",)

    arrive = staticmethod(Plain.arrive)
    answered = staticmethod(Plain.answered)
    caught = staticmethod(Plain.go_on)
    inside_done = staticmethod(Plain.no_inside)
    terminate = staticmethod(Plain.nothing)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Wait."""
        try:
            waiting.open_own(run, scope, token, (node,))
        except ExpressionError as error:
            run.incident(scope, token, error.code, error.message)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Wait after all."""
        self.activate(run, scope, token, node)


class ScriptTask:
    """Script task: FEEL runs here, any other language is asked for."""

    types: ClassVar[tuple[str, ...]] = ("scriptTask",)

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Evaluate, or ask for the script."""
        work = node.work
        if work.script is None:
            run.events.append(events.ScriptRequested(token.number, node.id, work.language))
            run.effects.append(
                effects.RunScript(
                    token.number,
                    node.id,
                    work.language,
                    work.script_text or "",
                    task_variables(run, scope, token, node),
                )
            )
            return
        try:
            value = run.evaluate(work.script, scope, token)
        except ExpressionError as error:
            run.incident(scope, token, "script", error.message)
            return
        set_result(run, scope, token, node, value)
        run.complete(scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Try again."""
        self.activate(run, scope, token, node)

    def answered(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """Take the variables the script returned."""
        if node.work.result and "result" in answer and len(answer) == 1:
            answer = {node.work.result: answer["result"]}
        run.answer(scope, token, node, answer)

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """The answer is no longer wanted."""
        if node.work.script is None:
            run.effects.append(effects.CancelCall(token.number))


def set_result(run: Run, scope: ScopeState, token: Token, node: Node, value: Any) -> None:
    """Set a result variable: local where outputs are mapped, otherwise propagated.

    Without a name for it a context's entries become variables.
    """
    name = node.work.result
    if name:
        found = {name: value}
    elif isinstance(value, dict):
        found = value
    else:
        return
    if node.outputs:
        run.set_local(token.number, found)
    else:
        run.propagate(found, scope, token)


class BusinessRuleTask:
    """Business-rule task: asks for a decision of the release."""

    types: ClassVar[tuple[str, ...]] = ("businessRuleTask",)

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask for the decision."""
        work = node.work
        assert work.decision_id is not None
        try:
            decision = str(run.evaluate(work.decision_id, scope, token))
        except ExpressionError as error:
            run.incident(scope, token, "decision_id", error.message)
            return
        binding: Any = work.binding
        run.events.append(events.DecisionRequested(token.number, node.id, decision))
        run.effects.append(
            effects.Decide(
                token.number,
                node.id,
                decision,
                task_variables(run, scope, token, node),
                binding,
                work.version_tag,
            )
        )

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask again."""
        self.activate(run, scope, token, node)

    def answered(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """Set the result variable and go on."""
        run.events.append(events.DecisionMade(token.number, node.id))
        set_result(run, scope, token, node, answer.get("value"))
        run.complete(scope, token, node)

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """The answer is no longer wanted."""
        run.effects.append(effects.CancelCall(token.number))


class CallActivity:
    """Call activity: another process, as a child instance."""

    types: ClassVar[tuple[str, ...]] = ("callActivity",)

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Start the child."""
        from lineshaft.bpmn.kernel.throwing import catchable

        work = node.work
        assert work.process_id is not None
        try:
            process_id = str(run.evaluate(work.process_id, scope, token))
            if work.propagate_parent:
                variables = run.visible(scope, token)
            else:
                variables = dict(run.values(token.number))
            if work.child_inputs:
                variables.update(run.map_values(work.child_inputs, scope, token, outward=False))
            key = run.evaluate(work.business_key, scope, token) if work.business_key is not None else None
        except ExpressionError as error:
            run.incident(scope, token, "called_process", error.message)
            return
        binding: Any = work.binding
        business_key = waiting.key_text(key) if key is not None else run.state.business_key
        run.events.append(events.ChildStarted(token.number, node.id, process_id))
        run.effects.append(
            effects.StartChild(
                token.number,
                node.id,
                process_id,
                variables,
                binding,
                work.version_tag,
                business_key,
                catchable(run, scope, token),
            )
        )

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Start it again."""
        self.activate(run, scope, token, node)

    def answered(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """Take the child's variables as the call says, and go on."""
        work = node.work
        run.events.append(events.ChildCompleted(token.number, node.id))
        found: dict[str, Any] = dict(answer) if work.propagate_child else {}
        if work.child_outputs:
            try:
                for mapping in work.child_outputs:
                    names = mapping.source.names
                    context = {name: answer[name] for name in names if name in answer}
                    run.assign(mapping.target, mapping.source.evaluate(context, run.now), found, {})
            except ExpressionError as error:
                run.incident(scope, token, "output_mapping", error.message)
                return
        if node.outputs:
            run.set_local(token.number, answer)
            run.complete(scope, token, node)
            return
        run.answer(scope, token, node, found)

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """End the child."""
        run.effects.append(effects.CancelChild(token.number))
