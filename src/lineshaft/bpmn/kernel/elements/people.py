"""User tasks: work of a person, with listeners that may correct what is done with it, or deny it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import closing, effects, events, schedule, telling
from lineshaft.bpmn.kernel.elements.element import Plain
from lineshaft.bpmn.kernel.elements.tasks import spare_variables, task_variables
from lineshaft.bpmn.kernel.state import ScopeState, Token
from lineshaft.bpmn.program import Node

if TYPE_CHECKING:
    from lineshaft.bpmn.kernel.run import Run


class UserTask:
    """User task: a task in the inbox; its listeners may correct what is done with it, or deny it.

    A token with listeners keeps in ``extra`` the ``phase`` it is in, in ``task`` what was corrected so far,
    in ``draft`` what the phase would change, and in ``aside`` the number under which a person's answer waits.
    """

    types: ClassVar[tuple[str, ...]] = ("userTask",)

    arrive = staticmethod(Plain.arrive)
    caught = staticmethod(Plain.not_caught)
    inside_done = staticmethod(Plain.no_inside)
    remember = staticmethod(Plain.remember)

    def activate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Put it into the inbox."""
        if node.task_listeners:
            self._go_on(run, scope, token, node, "creating")
        else:
            self._open(run, scope, token, node)

    def retry(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask the listener again, or put it into the inbox after all."""
        phase = (token.extra or {}).get("phase")
        if phase is None:
            self.activate(run, scope, token, node)
        else:
            self._go_on(run, scope, token, node, phase)

    def answered(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """Take the form's variables and go on."""
        if "completing" in node.task_listeners:
            self._keep(run, token, {"variables": dict(answer)})
            self._go_on(run, scope, token, node, "completing")
            return
        run.answer(scope, token, node, answer)

    def change(
        self, run: Run, scope: ScopeState, token: Token, node: Node, changes: Mapping[str, Any]
    ) -> None:
        """Hand the task over or change it."""
        token.extra = {**(token.extra or {}), "draft": _correctable(changes)}
        self._go_on(run, scope, token, node, "assigning" if "assignee" in changes else "updating")

    def update(
        self, run: Run, scope: ScopeState, token: Token, node: Node, wanted: Mapping[str, Any]
    ) -> None:
        """Set ``wanted["variables"]`` at the task (``local`` or not) when its listeners agree."""
        self._keep(run, token, dict(wanted))
        self._go_on(run, scope, token, node, "updating")

    def listened(
        self, run: Run, scope: ScopeState, token: Token, node: Node, answer: Mapping[str, Any]
    ) -> None:
        """A listener's job is done: ``denied`` takes the move back, ``corrections`` change the task."""
        extra = dict(token.extra or {})
        phase = extra["phase"]
        if (answer.get("denied") is True or answer.get("deny") is True) and phase in _DENIABLE:
            extra.pop("listener", None)
            extra.pop("draft", None)
            if "created" not in extra:
                # The process itself had named the assignee: the task is made without one.
                extra["task"] = {**extra.get("task", {}), "assignee": None}
            token.extra = extra
            self._drop(run, token)
            self._open(run, scope, token, node)
            return
        corrections = answer.get("corrections")
        if isinstance(corrections, Mapping):
            # Null keeps what is there; an empty text or list takes it away.
            wanted = {name: value for name, value in corrections.items() if value is not None}
            if phase == "creating" and wanted.get("assignee") and self._is_assigned(run, scope, token, node):
                extra["listener"] -= 1
                token.extra = extra
                run.incident(
                    scope,
                    token,
                    "listener",
                    text(
                        "Expected no assignee from a creating listener: the process names one for {node}",
                        "流程已为 {node} 指定办理人，creating 监听器不应再指定",
                        node=node.id,
                    ),
                )
                return
            extra["draft"] = {**extra.get("draft", {}), **_correctable(wanted)}
        token.extra = extra
        self._go_on(run, scope, token, node, phase)

    @staticmethod
    def _is_assigned(run: Run, scope: ScopeState, token: Token, node: Node) -> bool:
        """Tell whether the process itself names the assignee."""
        source = node.work.assignee
        return source is not None and run.evaluate(source, scope, token) not in (None, "")

    def terminate(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Take it out of the inbox."""
        self._drop(run, token)
        run.effects.append(effects.CloseTask(token.number))

    def cancel(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        """Ask the canceling listeners; the task is gone when the last of them has answered."""
        self._go_on(run, scope, token, node, "canceling")

    def _go_on(self, run: Run, scope: ScopeState, token: Token, node: Node, phase: str) -> None:
        """Ask the phase's next listener; after the last one do what the phase is about."""
        token.extra = {**(token.extra or {}), "phase": phase}
        try:
            task = self._task(run, scope, token, node)
            headers = self._headers(task, phase, tuple(token.extra.get("draft", ())))
            if run.listen(scope, token, node, node.task_listeners.get(phase, ()), headers):
                return
        except (ExpressionError, ValueError, TypeError) as error:
            message = error.message if isinstance(error, ExpressionError) else text("{e}", "{e}", e=error)
            run.incident(scope, token, "listener", message)
            return
        if phase == "canceling":
            closing.gone(run, scope, token)
            return
        extra = dict(token.extra or {})
        draft = extra.pop("draft", None)
        if draft:
            extra["task"] = {**extra.get("task", {}), **draft}
        token.extra = extra
        if phase == "creating" and task.assignee is not None:
            self._go_on(run, scope, token, node, "assigning")
            return
        aside = self._drop(run, token)
        if phase == "completing":
            token.extra = None
            run.answer(scope, token, node, aside["variables"])
            return
        if aside and aside.get("local"):
            run.set_local(token.number, aside["variables"])
        elif aside:
            run.propagate(aside["variables"], scope, token)
        self._open(run, scope, token, node)

    @staticmethod
    def _keep(run: Run, token: Token, value: dict[str, Any]) -> None:
        number = run.new_number()
        run.keep_aside(number, "answer", value)
        token.extra = {**(token.extra or {}), "aside": number}

    @staticmethod
    def _drop(run: Run, token: Token) -> dict[str, Any]:
        """Return what was kept aside, and forget it."""
        extra = dict(token.extra or {})
        number = extra.pop("aside", None)
        if number is None:
            return {}
        found: dict[str, Any] = run.kept_aside(number, "answer") or {}
        run.drop_aside(number)
        token.extra = extra
        return found

    def _open(self, run: Run, scope: ScopeState, token: Token, node: Node) -> None:
        try:
            effect = self._task(run, scope, token, node)
        except ExpressionError as error:
            run.incident(scope, token, "task_assignment", error.message)
            return
        if node.task_listeners or token.extra:
            token.extra = {**(token.extra or {}), "created": True}
            token.extra.pop("phase", None)
        run.events.append(events.TaskOpened(token.number, node.id))
        run.effects.append(effect)

    @staticmethod
    def _headers(task: effects.OpenTask, phase: str, changed: tuple[str, ...]) -> dict[str, str]:
        """What a listener is told, under the names of Camunda 8."""
        found: dict[str, Any] = {
            "action": phase,
            "assignee": task.assignee,
            "candidateGroups": ",".join(task.candidate_groups) or None,
            "candidateUsers": ",".join(task.candidate_users) or None,
            "changedAttributes": ",".join(changed) or None,
            "dueDate": task.due_at.isoformat() if task.due_at else None,
            "followUpDate": task.follow_up_at.isoformat() if task.follow_up_at else None,
            "formKey": task.form,
            "priority": task.priority,
            "userTaskKey": task.token,
        }
        return {f"io.camunda.zeebe:{name}": str(value) for name, value in found.items() if value is not None}

    @staticmethod
    def _task(run: Run, scope: ScopeState, token: Token, node: Node) -> effects.OpenTask:
        work = node.work
        extra = token.extra or {}
        corrected = {**extra.get("task", {}), **extra.get("draft", {})}

        def value(source: Any, name: str = "") -> Any:
            if name in corrected:
                return corrected[name]
            return run.evaluate(source, scope, token) if source is not None else None

        priority = value(work.priority, "priority")
        assignee = value(work.assignee, "assignee")
        form = value(work.form)
        try:
            number = int(priority) if priority is not None else 50
        except (TypeError, ValueError):
            raise schedule.ScheduleError(
                text(
                    "Expected the priority of {node} to be a whole number, but it is {value!r}",
                    "{node} 的优先级应为整数，但为 {value!r}",
                    node=node.id,
                    value=priority,
                )
            ) from None
        return effects.OpenTask(
            token.number,
            node.id,
            node.name or node.id,
            task_variables(run, scope, token, node),
            None if assignee is None or assignee == "" else str(assignee),
            _names(value(work.groups, "candidate_groups")),
            _names(value(work.users, "candidate_users")),
            _moment(run, value(work.due, "due_at")),
            _moment(run, value(work.follow_up, "follow_up_at")),
            number,
            None if form is None else str(form),
            work.headers,
            spare_variables(run, scope, node),
            telling.prepared(run, "late", scope, token, node) if node.notices else None,
        )


_DENIABLE = frozenset({"assigning", "updating", "completing"})
_CORRECTABLE = {
    "assignee": "assignee",
    "candidate_groups": "candidate_groups",
    "candidateGroups": "candidate_groups",
    "candidate_users": "candidate_users",
    "candidateUsers": "candidate_users",
    "due_at": "due_at",
    "dueDate": "due_at",
    "follow_up_at": "follow_up_at",
    "followUpDate": "follow_up_at",
    "priority": "priority",
}


def _correctable(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a task may be changed, as plain values that a token can keep."""
    found: dict[str, Any] = {}
    for name, value in changes.items():
        known = _CORRECTABLE.get(name)
        if known is None:
            continue
        if isinstance(value, (list, tuple)):
            found[known] = [str(item) for item in value]
        else:
            found[known] = value if value is None else str(value)
    return found


def _names(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, (list, tuple)):
        return tuple(str(item) for item in value)
    return tuple(part.strip() for part in str(value).split(",") if part.strip())


def _moment(run: Run, value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    shown = str(value).strip()
    if shown.startswith(("P", "-P")):
        return schedule.add_duration(run.now, shown)
    return schedule.parse_date(value)
