"""Operator moves: what a person may do to an instance by hand.

Each returns ``None``, or why it was refused (code and message). Suspending keeps answers that arrive
meanwhile, in their order; resuming carries them out.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lineshaft.base.text import Text, text
from lineshaft.bpmn.kernel import closing, commands, compensation, effects, events, telling
from lineshaft.bpmn.kernel.state import ACTIVE, FLOW, HELD, ITERATION, LOOP, PROCESS, ROOT, ScopeState, Token
from lineshaft.bpmn.program import Node

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run

Refusal = tuple[str, Text] | None


def hold(run: Run, command: commands.Command) -> None:
    """Keep a command until the instance resumes."""
    number = run.state.held + 1
    run.header["held"] = number
    name = type(command).__name__
    values = {field.name: getattr(command, field.name) for field in fields(command)}
    run.set_variable(HELD, str(number), {"command": name, "values": _plain(values)})
    run.events.append(events.CommandHeld(number, name))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if hasattr(value, "items") else value for key, value in values.items()}


def release_held(run: Run) -> list[commands.Command]:
    """Return the kept commands in order and forget them."""
    kept = run.values(HELD)
    found = []
    for number in range(1, run.state.held + 1):
        entry = kept.get(str(number))
        if entry is not None:
            values = dict(entry["values"])
            if "catches" in values:
                values["catches"] = tuple(values["catches"])
            found.append(getattr(commands, entry["command"])(**_numbers(values)))
    run.drop_variables(HELD)
    run.header["held"] = 0
    return found


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    whole = ("token", "timer", "subscription", "incident", "scope", "retries", "attempt")
    return {key: int(value) if key in whole and value is not None else value for key, value in values.items()}


def refresh(run: Run) -> None:
    """Make what earlier held commands did visible to the look-up of the next."""
    run.state = _Overlay.over(run)


class _Overlay:
    """Builds a state that holds what the run did so far; used only between held commands."""

    @staticmethod
    def over(run: Run) -> Any:
        from lineshaft.bpmn.kernel.state import InstanceState

        old = run.state
        merged = InstanceState(old.instance_id)
        for name in (
            "status",
            "process_id",
            "digest",
            "version_tag",
            "business_key",
            "catches",
            "next_number",
            "held",
        ):
            setattr(merged, name, getattr(old, name))
        scopes = {number: scope for number, scope in old.scopes.items() if number not in run.removed}
        scopes.update(run.scopes)
        merged.load(scopes, {})
        merged.variables = old.variables
        merged.scopes = old.scopes
        return merged


def suspend(run: Run, command: commands.Suspend) -> Refusal:
    """Put the instance on hold."""
    if run.state.status == "suspended":
        return "already_suspended", text(
            "Expected an active instance, but it is on hold", "实例应为活动状态，但已挂起"
        )
    run.status = "suspended"
    run.events.append(events.InstanceSuspended(command.reason))
    return None


def set_variables(run: Run, command: commands.SetVariables) -> Refusal:
    """Set variables in a scope or at a token, or let them find where they are visible."""
    number = command.scope or ROOT
    if run.has_scope(number):
        scope: ScopeState = run.touch(number)
        token: Token | None = None
    else:
        place = run.state.owners.get(number)
        if place is None or place[1] != number:
            return _unknown(number)
        scope = run.touch(place[0])
        token = scope.tokens[number]
    if token is not None:
        node = run.nodes[token.element]
        calling = (token.extra or {}).get("calling")
        if node.task_listeners.get("updating") and token.state == ACTIVE and not calling:
            wanted = {"variables": dict(command.variables), "local": command.local}
            node.element.update(run, scope, token, node, wanted)
            return None
    if command.local or number == ROOT:
        run.set_local(number, command.variables)
    else:
        run.propagate(command.variables, scope, token)
    return None


def _unknown(number: int) -> Refusal:
    return (
        "element_unknown",
        text(
            "Expected a running element instance, but {number} is not there (any more)",
            "应为运行中的元素实例，但 {number} 不存在或已结束",
            number=number,
        ),
    )


def _find(run: Run, number: int) -> tuple[ScopeState, Token, Node] | None:
    place = run.state.owners.get(number)
    if place is None or place[1] != number:
        return None
    scope = run.touch(place[0])
    token = scope.tokens[number]
    return scope, token, run.nodes[token.element]


def cancel_element(run: Run, command: commands.CancelElement) -> Refusal:
    """End an element instance; its flow does not go on."""
    found = _find(run, command.token)
    if found is None:
        return _unknown(command.token)
    scope, token, node = found
    run.events.append(events.ElementMoved(token.number, node.id, "cancelled", command.reason))
    if command.returned and node.notices:
        telling.rejected(run, scope, token, node, code="returned", message=command.reason)
    if closing.is_closing(token):
        _end_closing(run, scope, token)
        return None
    undoing = (token.extra or {}).get("undoing")
    if not run.terminate(scope, token):
        if undoing is not None:
            token.extra = {**(token.extra or {}), "undoing": undoing}
        return None
    if scope.kind == ITERATION:
        node.loop_element.round_gone(run, scope, node)
    elif token.extra and "undoing" in token.extra:
        compensation.handler_done(run, scope, token.extra["undoing"])
    else:
        run.check_scope(scope)
    return None


def complete_element(run: Run, command: commands.CompleteElement) -> Refusal:
    """End a waiting element as if what it waits for had come; its flow goes on."""
    found = _find(run, command.token)
    if found is None:
        return _unknown(command.token)
    scope, token, node = found
    if node.type == "eventBasedGateway":
        return (
            "event_not_named",
            text(
                "Expected one of the events after {node} to be named, but it is the gateway itself",
                "应指明 {node} 之后的某个事件，而不是网关本身",
                node=node.id,
            ),
        )
    run.events.append(events.ElementMoved(token.number, node.id, "completed", command.reason))
    if closing.is_closing(token):
        _end_closing(run, scope, token)
        return None
    run.close_incidents(scope, token.number)
    if run.has_scope(token.number):
        inner = run.touch(token.number)
        run.clear(inner, at_once=True)
        run.close_scope(inner)
    elif node.type == "userTask" and token.state == ACTIVE:
        if token.extra and "calling" in token.extra:
            run.effects.append(effects.CancelCall(token.number, token.attempt))
        node.element.terminate(run, scope, token, node)
        token.extra = None
    elif token.state == ACTIVE:
        node.element.terminate(run, scope, token, node)
    if node.loop is not None and scope.kind != ITERATION:
        run.propagate(command.variables, scope, token)
        run.leave(scope, token, node, None, body=True)
        return None
    token.state = ACTIVE
    run.answer(scope, token, node, command.variables)
    return None


def _end_closing(run: Run, scope: ScopeState, token: Token) -> None:
    """Wait no longer for the listeners of what is being ended."""
    if run.has_scope(token.number):
        inner = run.touch(token.number)
        run.clear(inner, at_once=True)
        run.close_scope(inner)
    elif token.extra and "calling" in token.extra:
        run.effects.append(effects.CancelCall(token.number, token.attempt))
    closing.gone(run, scope, token)


def activate_element(run: Run, command: commands.ActivateElement) -> Refusal:
    """Begin an element in the innermost running scope that contains it."""
    node = run.nodes.get(command.element)
    if node is None or node.container is None:
        return (
            "element_unknown",
            text(
                "Expected an element of the process, but {id} is none",
                "应为流程中的元素，但 {id} 不存在",
                id=command.element,
            ),
        )
    loops = [n for n in run.scope_numbers() if _is_loop_of(run.read(n), node)]
    if node.loop is not None and loops and command.scope in (None, *loops):
        body = run.touch(command.scope or max(loops))
        run.events.append(events.ElementMoved(body.id, node.id, "activated", command.reason))
        node.loop_element.add_round(run, body, node, command.variables)
        return None
    scope = _scope_for(run, node, command.scope)
    if scope is None:
        return (
            "scope_unknown",
            text(
                "Expected a running scope of {container}, but there is none",
                "应有运行中的 {container} 作用域，但没有",
                container=node.container.id,
            ),
        )
    # A join that is begun by hand uses up what has come to it.
    scope.arrivals.pop(node.id, None)
    if node.container.type == "adHocSubProcess":
        token = node.container.element.start(run, scope, node.container, node, command.variables)
    else:
        token = run.new_token(scope, node)
        if command.variables:
            run.set_local(scope.id, command.variables)
    run.events.append(events.ElementMoved(token.number, node.id, "activated", command.reason))
    return None


def _scope_for(run: Run, node: Node, number: int | None) -> ScopeState | None:
    container = node.container
    assert container is not None
    if number is not None:
        if run.has_scope(number) and run.read(number).element == container.id:
            return run.touch(number)
        return None
    if container.type == "process":
        return run.touch(ROOT)
    candidates = [n for n in run.scope_numbers() if _is_inside(run.read(n), container)]
    if candidates:
        return run.touch(candidates[-1])
    outer = _scope_for(run, container, None)
    if outer is None:
        return None
    opened = _open_without_start(run, outer, container)
    return run.touch(opened)


def _is_loop_of(scope: ScopeState, node: Node) -> bool:
    return scope.element == node.id and scope.kind == LOOP


def _is_inside(scope: ScopeState, container: Node) -> bool:
    """Tell whether elements of the container run in a scope: not so in a loop's own or its rounds'."""
    return scope.element == container.id and scope.kind not in (LOOP, ITERATION, FLOW)


def _open_without_start(run: Run, outer: ScopeState, container: Node) -> int:
    """Begin a sub-process without its start event, so that an element inside can be activated."""
    token = Token(run.new_number(), container.id, ACTIVE)
    outer.tokens[token.number] = token
    run.events.append(events.ElementActivated(token.number, container.id, outer.id))
    run.open_scope(token.number, outer.id, container, 1)
    return token.number


def migrate(run: Run, command: commands.Migrate) -> Refusal:
    """Go on with another version: every running element must have a place in it.

    Elements that are not in the mapping keep their id. Waits stay as they were opened.
    """
    mapping = dict(command.elements)
    state = run.state

    def new_id(element: str) -> str:
        return mapping.get(element, element)

    new_root = run.program.process_id
    mapping.setdefault(state.process_id, new_root)
    for scope in state.scopes.values():
        elements = [scope.element, *scope.arrivals, *(token.element for token in scope.tokens.values())]
        elements += [wait.element for wait in scope.waits]
        elements += [wait.element for token in scope.tokens.values() for wait in token.waits]
        for element in elements:
            if new_id(element) not in run.nodes:
                return _no_place(element, new_id(element))
        for token in scope.tokens.values():
            node = run.nodes[new_id(token.element)]
            inside = new_id(scope.element)
            if (
                scope.kind < 2
                and node.type != "process"
                and (node.container is None or node.container.id != inside)
            ):
                return _no_place(token.element, node.id)
    for number in sorted(state.scopes):
        scope = run.touch(number)
        scope.element = new_id(scope.element)
        scope.arrivals = {new_id(key): value for key, value in scope.arrivals.items()}
        scope.waits = tuple(_moved(wait, new_id) for wait in scope.waits)
        for token in scope.tokens.values():
            token.element = new_id(token.element)
            token.waits = tuple(_moved(wait, new_id) for wait in token.waits)
    run.events.append(events.InstanceMigrated(state.digest, run.program.digest, command.reason))
    run.header.update(
        process_id=run.program.process_id, digest=run.program.digest, version_tag=run.program.version_tag
    )
    return None


def _moved(wait: Any, new_id: Any) -> Any:
    return type(wait)(
        wait.number,
        wait.kind,
        new_id(wait.element),
        wait.index,
        wait.name,
        wait.key,
        wait.due,
        wait.cycle,
        wait.repeats,
        wait.fired,
    )


def _no_place(old: str, new: str) -> Refusal:
    return (
        "migration_incomplete",
        text(
            "Expected every running element to have a place in the new version, but {old} would become "
            "{new}, which is not there or stands in another scope",
            "每个运行中的元素在新版本中都应有对应位置，但 {old} 对应的 {new} 不存在或位于其他作用域",
            old=old,
            new=new,
        ),
    )


assert PROCESS == 0
