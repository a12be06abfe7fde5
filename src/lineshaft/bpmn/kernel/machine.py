"""The machine: one command in, one step out. The one switch over commands stands here.

A command that does not fit (a late answer, a timer that is gone) is rejected with a reason; that is a value.
A command for an instance on hold is kept and carried out when the instance resumes. An exception here is a
bug: the caller freezes that instance only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import Text, text
from lineshaft.bpmn.kernel import closing, commands, effects, events, operator, throwing, waiting
from lineshaft.bpmn.kernel.elements.containers import begin_process
from lineshaft.bpmn.kernel.elements.gateways import ComplexGateway, InclusiveGateway
from lineshaft.bpmn.kernel.run import Run
from lineshaft.bpmn.kernel.state import (
    ACTIVE,
    CREATED,
    ENTERING,
    ITERATION,
    PROCESS,
    ROOT,
    Delta,
    InstanceState,
    ScopeState,
    Token,
)
from lineshaft.bpmn.program import Node, Program

PERSON_HEADER: Final = "personVariable"
"""Task header: the variable that gets the name of whoever finished the task, beside what was filled in."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a command was not carried out; nothing changed."""

    code: str
    message: Text


@dataclass(slots=True)
class Step:
    """What one command brought about. With a ``rejection`` the rest is empty."""

    delta: Delta = field(default_factory=Delta)
    events: tuple[Any, ...] = ()
    effects: tuple[Any, ...] = ()
    rejection: Rejection | None = None


def step(program: Program, state: InstanceState, command: commands.Command, now: datetime) -> Step:
    """Decide what a command brings about at ``now``; ``state`` is read, never changed.

    Args:
        program: The instance's program; for ``Migrate`` the new one.
        state: The instance.
        command: What to do.
        now: The time of the step, aware, in UTC.
    """
    run = Run(program, state, now)
    refused = _refuse(program, state, command)
    if refused is None:
        if state.status == "suspended" and type(command) not in _WHILE_SUSPENDED:
            operator.hold(run, command)
        else:
            refused = _HANDLERS[type(command)](run, command)
    if refused is not None:
        return Step(rejection=refused)
    settle(run)
    return Step(run.delta(), tuple(run.events), tuple(run.effects))


def hold(program: Program, state: InstanceState, command: commands.Command, now: datetime) -> Step:
    """Keep a command for ``Resume`` without carrying anything out; for an instance that a bug has frozen."""
    run = Run(program, state, now)
    operator.hold(run, command)
    return Step(run.delta(), tuple(run.events), ())


def _refuse(program: Program, state: InstanceState, command: commands.Command) -> Rejection | None:
    kind = type(command)
    if kind is commands.StartInstance:
        if state.status != "new":
            return _rejection("already_started", "a new instance", "新实例", state.status)
        if not program.executable:
            return Rejection(
                "not_executable",
                text(
                    "Expected a process with isExecutable=true, but {process} is not executable",
                    "流程应设置 isExecutable=true，但 {process} 不可执行",
                    process=program.process_id,
                ),
            )
        return None
    if state.status not in ("active", "suspended"):
        return _rejection("instance_not_active", "an active instance", "活动的实例", state.status)
    if kind is not commands.Migrate and state.digest != program.digest:
        return Rejection(
            "program_mismatch",
            text(
                "Expected the program {digest} of this instance, but another was given",
                "应使用此实例的程序 {digest}，但给出的是另一个",
                digest=state.digest,
            ),
        )
    return None


def _rejection(code: str, en: str, zh: str, found: object) -> Rejection:
    return Rejection(
        code, text(f"Expected {en}, but it is {{found}}", f"应为{zh}，但其状态为 {{found}}", found=found)
    )


def settle(run: Run) -> None:
    """Work until nothing moves: tokens, then joins that wait for others, then conditions."""
    program = run.program
    while not run.ended:
        if run.queue:
            run.work_off()
            continue
        if program.has_inclusive and _release_joins(run):
            continue
        if program.has_conditions and run.watch:
            run.watch = waiting.check_conditions(run)
            continue
        break


def _release_joins(run: Run) -> bool:
    """Let one waiting inclusive or complex gateway go on; tell whether there was one."""
    for scope in list(run.scopes.values()):
        for element in list(scope.arrivals):
            node = run.nodes[element]
            kind = type(node.element)
            if kind is InclusiveGateway and InclusiveGateway.ready(run, scope, node):
                InclusiveGateway.release(run, scope, node)
                return True
            if kind is ComplexGateway and ComplexGateway.ready(run, scope, node):
                ComplexGateway.release(run, scope, node)
                return True
    return False


def _find(run: Run, number: int) -> tuple[ScopeState, Token, Node] | None:
    place = run.state.owners.get(number)
    if place is None or place[1] != number:
        return None
    scope = run.touch(place[0])
    token = scope.tokens[number]
    return scope, token, run.nodes[token.element]


def _gone(number: int, what: str, zh: str) -> Rejection:
    return Rejection(
        f"{what}_unknown",
        text(
            f"Expected a waiting {what}, but {{number}} is not there (any more)",
            f"应为等待中的{zh}，但 {{number}} 不存在或已结束",
            number=number,
        ),
    )


def _asked(scope: ScopeState, token: Token, node: Node) -> bool:
    """Tell whether a token asked for an answer that may succeed, fail or be an error."""
    if token.extra and token.extra.get("calling"):
        return True
    if token.state != ACTIVE or (node.loop is not None and scope.kind != ITERATION):
        return False
    if node.type == "adHocSubProcess":
        return token.extra is not None and "asked" in token.extra
    return node.work.type is not None or node.type in _ASKING


def _waits_for(found: tuple[ScopeState, Token, Node], what: str) -> Rejection:
    return Rejection(
        "not_waiting",
        text(
            "Expected {element} to wait for {what}, but it does not",
            "{element} 应在等待 {what}，但并非如此",
            element=found[2].id,
            what=what,
        ),
    )


# -- commands --------------------------------------------------------------------------------------


def _start(run: Run, command: commands.StartInstance) -> Rejection | None:
    program = run.program
    start = command.start_element
    if start is not None and start not in program.nodes:
        return Rejection(
            "start_unknown",
            text(
                "Expected an element of the process, but {id} is none",
                "应为流程中的元素，但 {id} 不存在",
                id=start,
            ),
        )
    if start is None and program.root.start is None and any(point.condition for point in program.starts):
        start = _true_start(run, command)
    if start is None and program.root.start is None and any(point.kind != "none" for point in program.starts):
        return Rejection(
            "no_none_start",
            text(
                "Expected a none start event in {process}, but it only has others: name one of them",
                "{process} 应有空开始事件，但只有其他类型：请指明其中之一",
                process=program.process_id,
            ),
        )
    run.status = "active"
    run.header.update(
        process_id=program.process_id,
        digest=program.digest,
        version_tag=program.version_tag,
        business_key=command.business_key,
        catches=command.catches,
    )
    root = ScopeState(ROOT, 0, program.process_id, PROCESS)
    run.scopes[ROOT] = root
    run.events.append(events.InstanceStarted(program.process_id, program.digest, start, command.business_key))
    run.events.append(events.ElementActivated(ROOT, program.process_id, 0))
    for name, value in command.variables.items():
        run.set_variable(ROOT, name, value)
    if command.variables:
        run.events.append(events.VariablesSet(ROOT, tuple(command.variables)))
    node = program.root
    if node.start_listeners:
        token = Token(run.new_number(), node.id, ENTERING, None, 0, (), {"start": start})
        root.tokens[token.number] = token
        _enter_again(run, root, token, node)
        return None
    begin_process(run, root, node, start)
    return None


def _true_start(run: Run, command: commands.StartInstance) -> str | None:
    """Return the conditional start event whose condition is true for the given variables."""
    for point in run.program.starts:
        if point.condition is None:
            continue
        context = {
            name: command.variables[name] for name in point.condition.names if name in command.variables
        }
        try:
            if point.condition.evaluate(context, run.now) is True:
                return point.element
        except ExpressionError:
            continue
    return None


def _enter_again(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    run.enter_fully(scope, token, node)


def _complete_job(run: Run, command: commands.CompleteJob) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "job", "作业")
    scope, token, node = found
    calling = token.extra is not None and "calling" in token.extra
    asks_anew = calling or node.type == "adHocSubProcess"
    if asks_anew and command.attempt is not None and command.attempt != token.attempt:
        return _gone(command.token, "job", "作业")
    if calling:
        return _listener_done(run, scope, token, node, command)
    if not _asked(scope, token, node) or node.type in ("userTask", "callActivity"):
        return _waits_for(found, "a job")
    run.close_incidents(scope, token.number)
    node.element.answered(run, scope, token, node, command.variables)
    return None


def _listener_done(
    run: Run, scope: ScopeState, token: Token, node: Node, command: commands.CompleteJob
) -> Rejection | None:
    """A listener's job is done: its variables are local to the element; the next listener, or on."""
    extra = dict(token.extra or {})
    extra.pop("calling")
    extra["listener"] += 1
    token.extra = extra
    run.close_incidents(scope, token.number)
    run.events.append(events.JobCompleted(token.number, node.id))
    if token.state == ACTIVE and node.task_listeners:
        node.element.listened(run, scope, token, node, command.variables)
        return None
    if command.variables:
        if node.type == "process":
            run.propagate(command.variables, scope, None)
        else:
            run.set_local(token.number, command.variables)
    _resume_token(run, scope, token, node)
    return None


def _resume_token(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    """Do the work of a token's state again."""
    if token.state == CREATED:
        run.queue.append((scope, token))
    elif token.state == ENTERING:
        run.enter_fully(scope, token, node)
    elif token.state == ACTIVE:
        body = node.loop is not None and scope.kind != ITERATION
        (node.loop_element if body else node.element).retry(run, scope, token, node)
    elif node.type == "process":
        _process_left(run, scope, token, node)
    elif node.loop is not None and scope.kind != ITERATION:
        node.loop_element.retry(run, scope, token, node)
    else:
        run.leave_fully(scope, token, node)


def _process_left(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    try:
        if run.listen(scope, token, node, node.end_listeners):
            return
    except ExpressionError as error:
        run.incident(scope, token, "listener", error.message)
        return
    run.forget(scope, token)
    run.check_scope(scope)


def _fail_job(run: Run, command: commands.FailJob) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "job", "作业")
    scope, token, node = found
    if not _asked(scope, token, node):
        return _waits_for(found, "a job")
    run.events.append(events.JobFailed(token.number, node.id, command.message, command.retries))
    run.close_incidents(scope, token.number)
    if command.retries > 0:
        if node.element.types == ("serviceTask",) and not (token.extra and token.extra.get("calling")):
            from lineshaft.bpmn.kernel.elements.tasks import ask

            ask(run, scope, token, node, command.retries)
        else:
            _ask_again(run, scope, token, node)
        return None
    run.incident(scope, token, command.code, text("{message}", "{message}", message=command.message))
    return None


def _ask_again(run: Run, scope: ScopeState, token: Token, node: Node) -> None:
    if token.extra and token.extra.get("calling"):
        extra = dict(token.extra)
        extra.pop("calling")
        token.extra = extra
    _resume_token(run, scope, token, node)


def _throw_error(run: Run, command: commands.ThrowError) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "job", "作业")
    scope, token, node = found
    if not _asked(scope, token, node):
        return _waits_for(found, "a job")
    run.close_incidents(scope, token.number)
    if closing.is_closing(token):
        # What is being ended throws nothing any more: its listener has failed.
        run.incident(
            scope, token, "job_failed", text("{code}", "{code}", code=command.message or command.code)
        )
        return None
    throwing.throw_error(run, scope, token, command.code, command.message, command.variables)
    return None


def _complete_decision(run: Run, command: commands.CompleteDecision) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "decision", "决策")
    scope, token, node = found
    if node.work.decision_id is None or not _asked(scope, token, node):
        return _waits_for(found, "a decision")
    run.close_incidents(scope, token.number)
    node.element.answered(run, scope, token, node, {"value": command.value})
    return None


def _complete_task(run: Run, command: commands.CompleteTask) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "task", "待办")
    scope, token, node = found
    if not _is_open_task(scope, token, node):
        return _waits_for(found, "a person")
    run.events.append(events.TaskCompleted(token.number, node.id, command.person))
    run.close_incidents(scope, token.number)
    filled = command.variables
    if (name := node.work.headers.get(PERSON_HEADER)) and command.person:
        filled = {**filled, name: command.person}
    node.element.answered(run, scope, token, node, filled)
    return None


def _is_open_task(scope: ScopeState, token: Token, node: Node) -> bool:
    """Tell whether a person may do something with a task: not while its listeners are asked."""
    return node.type == "userTask" and _asked(scope, token, node) and not (token.extra or {}).get("calling")


def _change_task(run: Run, command: commands.ChangeTask) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "task", "待办")
    scope, token, node = found
    if not _is_open_task(scope, token, node):
        return _waits_for(found, "a person")
    run.close_incidents(scope, token.number)
    node.element.change(run, scope, token, node, command.changes)
    return None


def _fire_timer(run: Run, command: commands.FireTimer) -> Rejection | None:
    return _reach(run, command.timer, "timer", "定时器", {})


def _correlate(run: Run, command: commands.Correlate) -> Rejection | None:
    return _reach(run, command.subscription, "subscription", "订阅", command.variables)


def _reach(run: Run, number: int, what: str, zh: str, variables: commands.Variables) -> Rejection | None:
    place = run.state.owners.get(number)
    if place is None or place[1] == number:
        return _gone(number, what, zh)
    scope = run.touch(place[0])
    token = scope.tokens[place[1]] if place[1] else None
    waits = token.waits if token is not None else scope.waits
    wait = next(wait for wait in waits if wait.number == number)
    if (wait.kind == "timer") != (what == "timer"):
        return _gone(number, what, zh)
    waiting.reach(run, scope, token, wait, variables)
    return None


def _complete_child(run: Run, command: commands.CompleteChild) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "child", "子流程")
    scope, token, node = found
    if node.type != "callActivity" or not _asked(scope, token, node):
        return _waits_for(found, "a child instance")
    node.element.answered(run, scope, token, node, command.variables)
    return None


def _fail_child(run: Run, command: commands.FailChild) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "child", "子流程")
    scope, token, node = found
    if node.type != "callActivity" or not _asked(scope, token, node):
        return _waits_for(found, "a child instance")
    throwing.throw_error(run, scope, token, command.code, command.message, command.variables)
    return None


def _escalate_child(run: Run, command: commands.EscalateChild) -> Rejection | None:
    found = _find(run, command.token)
    if found is None:
        return _gone(command.token, "child", "子流程")
    throwing.throw_escalation(run, found[0], found[1], command.code, command.variables)
    return None


def _cancel(run: Run, command: commands.Cancel) -> Rejection | None:
    closing.end_instance(run, command.reason)
    return None


def _resolve(run: Run, command: commands.ResolveIncident) -> Rejection | None:
    incident = run.state.incidents.get(command.incident)
    if incident is None:
        return _gone(command.incident, "incident", "卡单")
    scope = run.touch(incident.scope)
    if incident.token == 0:
        run.close_incidents(scope, 0, command.reason)
        try:
            waiting.open_scope_events(run, scope, run.nodes[scope.element])
        except ExpressionError as error:
            run.incident(scope, None, error.code, error.message)
        return None
    token = scope.tokens[incident.token]
    run.close_incidents(scope, token.number, command.reason)
    _ask_again(run, scope, token, run.nodes[token.element])
    return None


def _resume(run: Run, command: commands.Resume) -> Rejection | None:
    if run.state.status != "suspended" and not run.state.held:
        return _rejection("not_suspended", "a suspended instance", "已挂起的实例", run.state.status)
    run.status = "active"
    run.events.append(events.InstanceResumed(command.reason))
    for held in operator.release_held(run):
        if run.ended:
            break
        _deliver(run, held)
    return None


def _deliver(run: Run, command: Any) -> None:
    """Carry out a held command; one that no longer fits is dropped, as a late one would be."""
    settle(run)
    if run.ended:
        return
    operator.refresh(run)
    _HANDLERS[type(command)](run, command)


_ASKING = frozenset({"serviceTask", "scriptTask", "businessRuleTask", "userTask", "callActivity"})
_WHILE_SUSPENDED = frozenset(
    {
        commands.Resume,
        commands.Cancel,
        commands.SetVariables,
        commands.Suspend,
        commands.Migrate,
    }
)


def _operator(name: str) -> Callable[[Run, Any], Rejection | None]:
    def handle(run: Run, command: Any) -> Rejection | None:
        refused = getattr(operator, name)(run, command)
        return Rejection(*refused) if refused is not None else None

    return handle


_HANDLERS: dict[type, Callable[[Run, Any], Rejection | None]] = {
    commands.StartInstance: _start,
    commands.CompleteJob: _complete_job,
    commands.FailJob: _fail_job,
    commands.ThrowError: _throw_error,
    commands.CompleteDecision: _complete_decision,
    commands.CompleteTask: _complete_task,
    commands.ChangeTask: _change_task,
    commands.FireTimer: _fire_timer,
    commands.Correlate: _correlate,
    commands.CompleteChild: _complete_child,
    commands.FailChild: _fail_child,
    commands.EscalateChild: _escalate_child,
    commands.Cancel: _cancel,
    commands.ResolveIncident: _resolve,
    commands.Resume: _resume,
    commands.SetVariables: _operator("set_variables"),
    commands.CancelElement: _operator("cancel_element"),
    commands.ActivateElement: _operator("activate_element"),
    commands.CompleteElement: _operator("complete_element"),
    commands.Suspend: _operator("suspend"),
    commands.Migrate: _operator("migrate"),
}

__all__ = ["Rejection", "Step", "effects", "hold", "settle", "step"]
