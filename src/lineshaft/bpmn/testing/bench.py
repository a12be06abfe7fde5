"""The bench: runs processes in memory, for tests of processes and of the kernel.

It does at once what an engine does durably: calls handlers, keeps timers, correlates messages, starts
children. Its clock stands still until ``advance`` or ``fire_timer`` moves it. It is not an engine: nothing
is stored, nothing is retried, nothing runs at the same time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lineshaft.base.errors import Conflict, NotFound
from lineshaft.base.text import text
from lineshaft.bpmn import BusinessError
from lineshaft.bpmn.kernel import Step, commands, effects, schedule, step
from lineshaft.bpmn.kernel.state import ACTIVE, Incident, Wait
from lineshaft.bpmn.kernel.waiting import key_text
from lineshaft.bpmn.program import Definitions, Program, StartPoint
from lineshaft.bpmn.testing.instance import BenchInstance, Job, Message, Task, Timer

Variables = Mapping[str, Any]
MESSAGE_TTL_S = 3600.0
"""How long a message without a time to live waits for a subscription."""


Handler = Callable[[Job], Mapping[str, Any] | None]


class Bench:
    """Runs one or several definitions.

    Args:
        definitions: What ``bpmn.load`` or ``bpmn.loads`` gave; one or several.
        handlers: Job type -> function of the job, returning the answer's variables. It may raise
            ``BusinessError``; any other exception fails the job and opens an incident. A type without a
            handler waits as an open job.
        script: Function of language, text and variables for script tasks that are not FEEL.
        decisions: Decision id -> function of the inputs, returning the decision's value.
        start_time: Where the clock stands at first.
    """

    def __init__(
        self,
        definitions: Definitions | Iterable[Definitions],
        handlers: Mapping[str, Handler] | None = None,
        script: Callable[[str | None, str, dict[str, Any]], Mapping[str, Any] | None] | None = None,
        decisions: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None,
        start_time: datetime | None = None,
    ) -> None:
        given = [definitions] if isinstance(definitions, Definitions) else list(definitions)
        self.programs: dict[str, Program] = {}
        for item in given:
            self.programs.update(item.programs)
        self.handlers = dict(handlers or {})
        self.script = script
        self.decisions = dict(decisions or {})
        start_time = start_time or datetime(2026, 1, 1, tzinfo=UTC)
        self.now = start_time if start_time.tzinfo else start_time.replace(tzinfo=UTC)
        self.instances: list[BenchInstance] = []
        self.notices: list[effects.Notify] = []
        """What people would have been told, in its order."""
        self._jobs: dict[tuple[str, int], Job] = {}
        self._tasks: dict[tuple[str, int], Task] = {}
        self._timers: dict[tuple[str, int], Timer] = {}
        self._start_timers: list[Timer] = []
        self._subscriptions: dict[tuple[str, int], tuple[BenchInstance, effects.Subscribe]] = {}
        self._messages: list[Message] = []
        self._pending: deque[tuple[BenchInstance, Any]] = deque()
        self._draining = False
        self._reached: dict[tuple[str, str], tuple[dict[str, Any], set[Any]]] = {}
        self._schedule_starts()

    # -- starting ----------------------------------------------------------------------------------

    def start(
        self,
        process_id: str,
        variables: Variables | None = None,
        *,
        business_key: str | None = None,
        start_element: str | None = None,
    ) -> BenchInstance:
        """Start an instance at the none start event, or at another start event by its id.

        Raises:
            NotFound: There is no such process.
            Conflict: It cannot be started so.
        """
        program = self._program(process_id)
        instance = self._begin(program, dict(variables or {}), start_element, business_key)
        self._drain()
        return instance

    def _program(self, process_id: str) -> Program:
        program = self.programs.get(process_id)
        if program is None:
            raise NotFound(
                text("Expected a process of the bench, but {id} is none", "流程 {id} 不存在", id=process_id)
            )
        return program

    def _begin(
        self,
        program: Program,
        variables: dict[str, Any],
        start_element: str | None = None,
        business_key: str | None = None,
        catches: tuple[str, ...] = (),
        parent: tuple[BenchInstance, int] | None = None,
    ) -> BenchInstance:
        instance = BenchInstance(program, f"{program.process_id}-{len(self.instances) + 1}")
        instance.parent = parent
        self.instances.append(instance)
        command = commands.StartInstance(variables, start_element, business_key, catches)
        try:
            self._do(instance, command)
        except Conflict:
            self.instances.remove(instance)
            raise
        return instance

    # -- doing -------------------------------------------------------------------------------------

    def do(self, instance: BenchInstance, command: commands.Command) -> Step:
        """Carry out any command of the kernel.

        Raises:
            Conflict: It was rejected.
        """
        result = self._do(instance, command)
        self._drain()
        return result

    def _do(self, instance: BenchInstance, command: commands.Command) -> Step:
        result = step(instance.program, instance.kernel, command, self.now)
        rejection = result.rejection
        if rejection is not None:
            raise Conflict(rejection.message, code=rejection.code)
        instance.kernel.apply(result.delta)
        instance.events.extend(result.events)
        pending = self._pending
        for effect in result.effects:
            pending.append((instance, effect))
        return result

    def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        pending = self._pending
        try:
            while pending:
                instance, effect = pending.popleft()
                _PERFORM[type(effect)](self, instance, effect)
        finally:
            self._draining = False

    def _try(self, instance: BenchInstance, command: commands.Command) -> bool:
        """Give an answer that may come too late; tell whether it fitted."""
        try:
            self._do(instance, command)
        except Conflict:
            return False
        return True

    # -- effects -----------------------------------------------------------------------------------

    def _call(self, instance: BenchInstance, effect: effects.Call) -> None:
        job = Job(
            instance,
            effect.token,
            effect.type,
            effect.element,
            dict(effect.variables),
            effect.headers,
            effect.retries,
            effect.attempt,
            effect.kind,
        )
        self._jobs[(instance.id, effect.token)] = job
        handler = self.handlers.get(effect.type)
        if handler is None:
            return
        try:
            answer = handler(job)
        except BusinessError as error:
            self._jobs.pop((instance.id, effect.token), None)
            self._try(instance, commands.ThrowError(effect.token, error.code, error.text, error.variables))
            return
        except Exception as error:  # noqa: BLE001  (whatever a handler raises fails its job, not the bench)
            self._jobs.pop((instance.id, effect.token), None)
            self._try(instance, commands.FailJob(effect.token, f"{type(error).__name__}: {error}", 0))
            return
        self._jobs.pop((instance.id, effect.token), None)
        self._try(instance, commands.CompleteJob(effect.token, dict(answer or {})))

    def _cancel_call(self, instance: BenchInstance, effect: effects.CancelCall) -> None:
        self._jobs.pop((instance.id, effect.token), None)

    def _notify(self, instance: BenchInstance, effect: effects.Notify) -> None:
        self.notices.append(effect)

    def _open_task(self, instance: BenchInstance, effect: effects.OpenTask) -> None:
        self._tasks[(instance.id, effect.token)] = Task(
            instance,
            effect.token,
            effect.element,
            effect.name,
            effect.assignee,
            effect.candidate_groups,
            effect.candidate_users,
            dict(effect.variables),
            effect.due_at,
            effect.follow_up_at,
            effect.priority,
            effect.form,
            effect.headers,
        )

    def _close_task(self, instance: BenchInstance, effect: effects.CloseTask) -> None:
        self._tasks.pop((instance.id, effect.token), None)

    def _start_timer(self, instance: BenchInstance, effect: effects.StartTimer) -> None:
        self._timers[(instance.id, effect.timer)] = Timer(
            effect.due_at, effect.element, instance, effect.timer
        )

    def _cancel_timer(self, instance: BenchInstance, effect: effects.CancelTimer) -> None:
        self._timers.pop((instance.id, effect.timer), None)

    def _subscribe(self, instance: BenchInstance, effect: effects.Subscribe) -> None:
        self._subscriptions[(instance.id, effect.subscription)] = (instance, effect)
        if effect.kind != "message":
            return
        for message in self._messages:
            if (
                message.until > self.now
                and _fits(effect, message)
                and instance.process_id not in message.reached
            ):
                if effect.once:
                    self._subscriptions.pop((instance.id, effect.subscription), None)
                # Another event of the same gateway may have come first: then the message waits on.
                if self._try(instance, commands.Correlate(effect.subscription, dict(message.variables))):
                    message.reached.add(instance.process_id)
                return

    def _unsubscribe(self, instance: BenchInstance, effect: effects.Unsubscribe) -> None:
        self._subscriptions.pop((instance.id, effect.subscription), None)

    def _throw_message(self, instance: BenchInstance, effect: effects.ThrowMessage) -> None:
        ttl = MESSAGE_TTL_S if effect.ttl_s is None else effect.ttl_s
        self._publish(
            Message(effect.name, effect.key, dict(effect.variables), self.now + timedelta(seconds=ttl))
        )

    def _throw_signal(self, instance: BenchInstance, effect: effects.ThrowSignal) -> None:
        self._broadcast(effect.name, dict(effect.variables))

    def _start_child(self, instance: BenchInstance, effect: effects.StartChild) -> None:
        program = self.programs.get(effect.process_id)
        if program is None or not program.executable:
            message = f"Expected an executable process {effect.process_id}, but there is none"
            self._try(instance, commands.FailJob(effect.token, message, 0, "called_process_unknown"))
            return
        try:
            child = self._begin(
                program,
                dict(effect.variables),
                None,
                effect.business_key,
                effect.catches,
                (instance, effect.token),
            )
        except Conflict as error:
            self._try(instance, commands.FailJob(effect.token, str(error), 0, error.code))
            return
        instance.children[effect.token] = child

    def _cancel_child(self, instance: BenchInstance, effect: effects.CancelChild) -> None:
        child = instance.children.pop(effect.token, None)
        if child is not None:
            child.parent = None
            self._try(child, commands.Cancel("cancelled by its caller"))

    def _escalate(self, instance: BenchInstance, effect: effects.Escalate) -> None:
        if instance.parent is not None:
            parent, token = instance.parent
            self._try(parent, commands.EscalateChild(token, effect.code, dict(effect.variables)))

    def _decide(self, instance: BenchInstance, effect: effects.Decide) -> None:
        decision = self.decisions.get(effect.decision_id)
        if decision is None:
            message = f"Expected a decision {effect.decision_id}, but there is none"
            self._try(instance, commands.FailJob(effect.token, message, 0, "decision_unknown"))
            return
        try:
            value = decision(dict(effect.variables))
        except Exception as error:  # noqa: BLE001  (as for a handler)
            message = f"{type(error).__name__}: {error}"
            self._try(instance, commands.FailJob(effect.token, message, 0, "decision_failed"))
            return
        self._try(instance, commands.CompleteDecision(effect.token, value))

    def _run_script(self, instance: BenchInstance, effect: effects.RunScript) -> None:
        if self.script is None:
            self._jobs[(instance.id, effect.token)] = Job(
                instance, effect.token, "script", effect.element, dict(effect.variables), {}, 3
            )
            return
        try:
            answer = self.script(effect.language, effect.text, dict(effect.variables))
        except BusinessError as error:
            self._try(instance, commands.ThrowError(effect.token, error.code, error.text, error.variables))
            return
        except Exception as error:  # noqa: BLE001  (as for a handler)
            message = f"{type(error).__name__}: {error}"
            self._try(instance, commands.FailJob(effect.token, message, 0, "script_failed"))
            return
        self._try(instance, commands.CompleteJob(effect.token, dict(answer or {})))

    def _incident(self, instance: BenchInstance, effect: Any) -> None:
        """The kernel's state holds it; there is nobody to tell."""

    def _ended(self, instance: BenchInstance, effect: effects.EndInstance) -> None:
        instance.result = dict(effect.variables)
        if instance.start_key is not None:
            self._start_next(instance.program, instance.start_key)
        if instance.parent is None:
            return
        parent, token = instance.parent
        instance.parent = None
        parent.children.pop(token, None)
        if effect.status == "completed":
            self._try(parent, commands.CompleteChild(token, dict(effect.variables)))
        else:
            code = effect.error_code if effect.error_code is not None else "child_cancelled"
            self._try(parent, commands.FailChild(token, code, effect.error_message, {}))

    # -- people and jobs ---------------------------------------------------------------------------

    def tasks(self, instance: BenchInstance | None = None, **matching: Any) -> list[Task]:
        """Return the open tasks; further arguments filter by a task's attributes."""
        return [
            task
            for task in self._tasks.values()
            if (instance is None or task.instance is instance)
            and all(getattr(task, name) == value for name, value in matching.items())
        ]

    def complete_task(
        self, task: Task, variables: Variables | None = None, person: str | None = None
    ) -> None:
        """Finish a task."""
        self._do(task.instance, commands.CompleteTask(task.token, dict(variables or {}), person))
        self._tasks.pop((task.instance.id, task.token), None)
        self._drain()

    def change_task(self, task: Task, **changes: Any) -> None:
        """Hand a task over (``assignee=…``) or change it (``priority=…``, ``candidate_groups=…`` …)."""
        self.do(task.instance, commands.ChangeTask(task.token, changes))

    def jobs(self, instance: BenchInstance | None = None, **matching: Any) -> list[Job]:
        """Return the open jobs; further arguments filter by a job's attributes."""
        return [
            job
            for job in self._jobs.values()
            if (instance is None or job.instance is instance)
            and all(getattr(job, name) == value for name, value in matching.items())
        ]

    def complete_job(self, job: Job, variables: Variables | None = None) -> None:
        """Answer a job."""
        self._answer(job, commands.CompleteJob(job.token, dict(variables or {})))

    def fail_job(self, job: Job, message: str, retries: int = 0) -> None:
        """Fail a job; with retries left it is open again, otherwise there is an incident."""
        self._answer(job, commands.FailJob(job.token, message, retries))

    def throw_error(
        self, job: Job | Task, code: str, message: str = "", variables: Variables | None = None
    ) -> None:
        """Throw a BPMN error at a job or task."""
        command = commands.ThrowError(job.token, code, message, dict(variables or {}))
        if isinstance(job, Task):
            self._do(job.instance, command)
            self._tasks.pop((job.instance.id, job.token), None)
            self._drain()
            return
        self._answer(job, command)

    def _answer(self, job: Job, command: commands.Command) -> None:
        kept = self._jobs.pop((job.instance.id, job.token), None)
        try:
            self._do(job.instance, command)
        except Conflict:
            if kept is not None:
                self._jobs[(job.instance.id, job.token)] = kept
            raise
        self._drain()

    def subscriptions(self) -> list[tuple[BenchInstance, effects.Subscribe]]:
        """Return who waits for a message or signal."""
        return list(self._subscriptions.values())

    def correlate(
        self, instance: BenchInstance, effect: effects.Subscribe, variables: Variables | None = None
    ) -> None:
        """Let exactly this subscription be reached, whatever its key is.

        Raises:
            Conflict: It cannot be reached any more.
        """
        if effect.once:
            self._subscriptions.pop((instance.id, effect.subscription), None)
        self.do(instance, commands.Correlate(effect.subscription, dict(variables or {})))

    # -- messages and signals ----------------------------------------------------------------------

    def publish(
        self,
        name: str,
        key: Any = None,
        variables: Variables | None = None,
        ttl: float | timedelta | None = None,
    ) -> list[BenchInstance]:
        """Publish a message: to one waiting instance of each process, or to its message start event.

        Args:
            name: The message's name.
            key: The correlation key; a subscription without one takes any.
            variables: What the message brings.
            ttl: Seconds it waits for a subscription (an hour where not given).

        Returns:
            The instances it started.
        """
        seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else MESSAGE_TTL_S if ttl is None else ttl
        shown = None if key is None else key_text(key)
        message = Message(name, shown, dict(variables or {}), self.now + timedelta(seconds=seconds))
        started = self._publish(message)
        self._drain()
        return started

    def _publish(self, message: Message) -> list[BenchInstance]:
        for number, (instance, effect) in list(self._subscriptions.items()):
            process = instance.process_id
            if effect.kind != "message" or not _fits(effect, message) or process in message.reached:
                continue
            if number not in self._subscriptions:
                continue
            if effect.once:
                del self._subscriptions[number]
            if self._try(instance, commands.Correlate(effect.subscription, dict(message.variables))):
                message.reached.add(process)
        started = []
        for program in self.programs.values():
            if program.process_id in message.reached or not program.executable:
                continue
            for point in program.starts:
                if point.kind == "message" and self._name(point) == message.name:
                    message.reached.add(program.process_id)
                    if not self._all_reached(program, point, message.variables):
                        break
                    begun = self._start_by(program, point, message)
                    if begun is not None:
                        started.append(begun)
                    break
        if message.until > self.now:
            self._messages.append(message)
        return started

    def _start_by(self, program: Program, point: StartPoint, message: Message) -> BenchInstance | None:
        """Start an instance by a message, unless one with its key is still running."""
        if message.key is not None:
            for other in self.instances:
                if other.start_key == message.key and other.program is program and other.result is None:
                    message.reached.discard(program.process_id)
                    return None
        instance = self._begin(program, dict(message.variables), point.element, message.key)
        instance.start_key = message.key
        return instance

    def _start_next(self, program: Program, key: str) -> None:
        """An instance that a message started has ended: a message with the same key may be waiting."""
        for message in self._messages:
            if message.key != key or message.until <= self.now or program.process_id in message.reached:
                continue
            for point in program.starts:
                if point.kind == "message" and self._name(point) == message.name:
                    message.reached.add(program.process_id)
                    self._start_by(program, point, message)
                    return

    def signal(self, name: str, variables: Variables | None = None) -> list[BenchInstance]:
        """Broadcast a signal to everybody who waits for it and to signal start events.

        Returns:
            The instances it started.
        """
        started = self._broadcast(name, dict(variables or {}))
        self._drain()
        return started

    def _broadcast(self, name: str, variables: dict[str, Any]) -> list[BenchInstance]:
        for number, (instance, effect) in list(self._subscriptions.items()):
            if effect.kind == "signal" and effect.name == name and number in self._subscriptions:
                if effect.once:
                    del self._subscriptions[number]
                self._try(instance, commands.Correlate(effect.subscription, dict(variables)))
        started = []
        for program in self.programs.values():
            for point in program.starts:
                if point.kind == "signal" and self._name(point) == name and program.executable:
                    if not self._all_reached(program, point, variables):
                        continue
                    started.append(self._begin(program, dict(variables), point.element))
        return started

    def _all_reached(self, program: Program, point: StartPoint, variables: dict[str, Any]) -> bool:
        """Tell whether a start event may start; a parallel-multiple one when all of its parts have come."""
        if not point.parallel:
            return True
        key = (program.process_id, point.element)
        reached = self._reached.setdefault(key, ({}, set()))
        reached[1].add((point.kind, self._name(point)))
        reached[0].update(variables)
        wanted = {(p.kind, self._name(p)) for p in program.starts if p.element == point.element}
        if not wanted <= reached[1]:
            return False
        variables.update(reached[0])
        del self._reached[key]
        return True

    def _name(self, point: StartPoint) -> str | None:
        return None if point.name is None else str(point.name.evaluate({}, self.now))

    # -- time --------------------------------------------------------------------------------------

    def _schedule_starts(self) -> None:
        for program in self.programs.values():
            for point in program.starts:
                if point.kind == "timer" and point.timer is not None and program.executable:
                    value = point.timer.evaluate({}, self.now)
                    due, cycle, repeats = schedule.first(point.timer_kind, value, self.now)
                    self._start_timers.append(Timer(due, point.element, None, 0, program, cycle, repeats))

    def timers(self, instance: BenchInstance | None = None) -> list[Timer]:
        """Return the timers that are set, the next due first; those of timer start events too."""
        found = [t for t in self._timers.values() if instance is None or t.instance is instance]
        if instance is None:
            found += self._start_timers
        return sorted(found, key=lambda timer: timer.due_at)

    def fire_timer(self, timer: Timer) -> None:
        """Fire one timer; the clock moves to its time where that is later."""
        self.now = max(self.now, timer.due_at)
        if timer.instance is not None:
            self._timers.pop((timer.instance.id, timer.number), None)
            self._do(timer.instance, commands.FireTimer(timer.number))
        else:
            self._start_timers.remove(timer)
            assert timer.program is not None
            if timer.cycle is not None and timer.repeats:
                due = schedule.following(timer.cycle, timer.due_at, self.now)
                repeats = timer.repeats if timer.repeats < 0 else timer.repeats - 1
                if due is not None:
                    self._start_timers.append(
                        Timer(due, timer.element_id, None, 0, timer.program, timer.cycle, repeats)
                    )
            self._begin(timer.program, {}, timer.element_id)
        self._drain()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move the clock on, firing what becomes due on the way, in its order."""
        goal = self.now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        while True:
            due = next((timer for timer in self.timers() if timer.due_at <= goal), None)
            if due is None:
                break
            self.fire_timer(due)
        self.now = max(self.now, goal)

    # -- operator moves ----------------------------------------------------------------------------

    def complete_element(
        self, instance: BenchInstance, element: str, variables: Variables | None = None
    ) -> None:
        """End a waiting element as if what it waits for had come.

        Also an event that an activity or gateway waits for (a boundary event, an event after an event-based
        gateway, the start of an event sub-process), and a join that waits for more tokens.

        Raises:
            NotFound: The element does not wait.
            Conflict: It is an event-based gateway: name the event that has come.
        """
        wait = self._wait(instance, element)
        if wait is not None:
            self._timers.pop((instance.id, wait.number), None)
            subscribed = self._subscriptions.get((instance.id, wait.number))
            if subscribed is not None and subscribed[1].once:
                del self._subscriptions[(instance.id, wait.number)]
            if wait.kind == "timer":
                self._do(instance, commands.FireTimer(wait.number))
            else:
                self._do(instance, commands.Correlate(wait.number, dict(variables or {})))
            self._drain()
            return
        if any(element in scope.arrivals for scope in instance.kernel.scopes.values()):
            self.activate_element(instance, element, variables)
            return
        token = self._token(instance, element)
        self._jobs.pop((instance.id, token), None)
        self._tasks.pop((instance.id, token), None)
        self._do(instance, commands.CompleteElement(token, dict(variables or {})))
        self._drain()

    def cancel_element(self, instance: BenchInstance, element: str) -> None:
        """End a running element; its flow does not go on."""
        self.do(instance, commands.CancelElement(self._token(instance, element)))

    def activate_element(
        self, instance: BenchInstance, element: str, variables: Variables | None = None
    ) -> None:
        """Begin an element by hand."""
        self.do(instance, commands.ActivateElement(element, None, dict(variables or {})))

    @staticmethod
    def _wait(instance: BenchInstance, element: str) -> Wait | None:
        """Return what is waited for at an event that has no token of its own."""
        for scope in instance.kernel.scopes.values():
            for wait in scope.waits:
                if wait.element == element:
                    return wait
            for token in scope.tokens.values():
                for wait in token.waits:
                    if wait.element == element and token.element != element:
                        return wait
        return None

    def _token(self, instance: BenchInstance, element: str) -> int:
        found = [
            (token.state != ACTIVE, number)
            for scope in instance.kernel.scopes.values()
            for number, token in scope.tokens.items()
            if token.element == element
        ]
        if not found:
            raise NotFound(
                text("Expected {id} to wait, but it does not", "{id} 应处于等待状态，但并非如此", id=element)
            )
        return min(found)[1]

    def cancel(self, instance: BenchInstance, reason: str = "") -> None:
        """End an instance."""
        self.do(instance, commands.Cancel(reason))

    def set_variables(
        self,
        instance: BenchInstance,
        variables: Variables,
        scope: int | str | None = None,
        *,
        local: bool = False,
    ) -> None:
        """Set variables in the process, or in a running scope by number or element id."""
        if scope == instance.process_id:
            scope = None
        number = self._token(instance, scope) if isinstance(scope, str) else scope
        self.do(instance, commands.SetVariables(dict(variables), number, local or number is not None))

    def resolve(self, incident: Incident, instance: BenchInstance | None = None) -> None:
        """Try again what an incident stopped."""
        owner = instance or next(
            item for item in self.instances if item.kernel.incidents.get(incident.number) is incident
        )
        self.do(owner, commands.ResolveIncident(incident.number))

    def suspend(self, instance: BenchInstance) -> None:
        """Put an instance on hold."""
        self.do(instance, commands.Suspend())

    def resume(self, instance: BenchInstance) -> None:
        """Let an instance go on."""
        self.do(instance, commands.Resume())

    def migrate(
        self, instance: BenchInstance, definitions: Definitions, elements: Mapping[str, str] | None = None
    ) -> None:
        """Go on with another version of the process."""
        old = instance.program
        process = (elements or {}).get(old.process_id, old.process_id)
        instance.program = definitions.programs[process]
        try:
            self.do(instance, commands.Migrate(dict(elements or {})))
        except Conflict:
            instance.program = old
            raise


def _fits(effect: effects.Subscribe, message: Message) -> bool:
    return effect.name == message.name and (effect.key is None or effect.key == message.key)


_PERFORM: dict[type, Callable[[Bench, BenchInstance, Any], None]] = {
    effects.Call: Bench._call,
    effects.CancelCall: Bench._cancel_call,
    effects.Notify: Bench._notify,
    effects.OpenTask: Bench._open_task,
    effects.CloseTask: Bench._close_task,
    effects.StartTimer: Bench._start_timer,
    effects.CancelTimer: Bench._cancel_timer,
    effects.Subscribe: Bench._subscribe,
    effects.Unsubscribe: Bench._unsubscribe,
    effects.ThrowMessage: Bench._throw_message,
    effects.ThrowSignal: Bench._throw_signal,
    effects.StartChild: Bench._start_child,
    effects.CancelChild: Bench._cancel_child,
    effects.Escalate: Bench._escalate,
    effects.Decide: Bench._decide,
    effects.RunScript: Bench._run_script,
    effects.OpenIncident: Bench._incident,
    effects.CloseIncident: Bench._incident,
    effects.EndInstance: Bench._ended,
}
