# ruff: noqa: E501  (models read best with an element to a line)
"""Random well-formed processes and random histories, from a seeded generator of chance."""

from __future__ import annotations

from random import Random
from typing import Any

from lineshaft.bpmn.kernel import InstanceState, Step, codec, commands, effects
from lineshaft.bpmn.program import Program
from lineshaft.feel import codec as values
from unit.bpmn.models import flows, service

ROOTS = (
    '<message id="m" name="M"><extensionElements><zeebe:subscription correlationKey="=key"/></extensionElements>'
    '</message><message id="m2" name="M2"><extensionElements><zeebe:subscription correlationKey="=key"/>'
    '</extensionElements></message><signal id="sig" name="S"/><error id="err" name="bad" errorCode="BAD"/>'
    '<escalation id="esc" name="late" escalationCode="LATE"/>'
)


class Model:
    """Builds one process out of nested blocks; every block has one way in and one way out."""

    def __init__(self, chance: Random, size: int) -> None:
        self.chance = chance
        self.left = size
        self.count = 0
        self.elements: list[str] = []
        self.pairs: list[str] = []

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def build(self) -> str:
        first, last = self.block(0)
        self.elements += ['<startEvent id="s"/>', '<endEvent id="e"/>']
        self.pairs += [f"s {first}", f"{last} e"]
        extra = ""
        if self.chance.random() < 0.3:
            extra = self.event_subprocess()
        return "".join(self.elements) + flows(*self.pairs) + extra

    def event_subprocess(self) -> str:
        inner = self.new("x")
        start = self.chance.choice(
            [
                '<signalEventDefinition signalRef="sig"/>',
                "<timerEventDefinition><timeDuration>PT9H</timeDuration></timerEventDefinition>",
                '<errorEventDefinition errorRef="err"/>',
            ]
        )
        flag = "true" if "error" in start or self.chance.random() < 0.5 else "false"
        return (
            f'<subProcess id="{inner}" triggeredByEvent="true"><startEvent id="{inner}s" isInterrupting="{flag}">'
            f'{start}</startEvent>{self.person(inner + "u")}<endEvent id="{inner}e"/>'
            + flows(f"{inner}s {inner}u", f"{inner}u {inner}e")
            + "</subProcess>"
        )

    def block(self, depth: int) -> tuple[str, str]:
        self.left -= 1
        kinds = [self.job, self.user, self.script, self.catch, self.guarded, self.loop_task]
        if self.left > 0 and depth < 4:
            kinds += [
                self.undone,
                self.condition,
                self.escalating,
                self.many,
                self.free,
                self.led,
                self.complex,
            ]
            kinds += [self.sequence] * 6 + [
                self.fork,
                self.choice,
                self.some,
                self.again,
                self.inner,
                self.race,
            ]
        return self.chance.choice(kinds)(depth)

    def job(self, depth: int) -> tuple[str, str]:
        name = self.new("job")
        self.elements.append(service(name))
        return name, name

    def person(self, name: str) -> str:
        """A user task, sometimes with listeners that hold up its end."""
        if self.chance.random() < 0.6:
            return f'<userTask id="{name}"/>'
        event = self.chance.choice(["canceling", "completing"])
        return (
            f'<userTask id="{name}"><extensionElements><zeebe:userTask/><zeebe:taskListeners><zeebe:taskListener '
            f'eventType="{event}" type="told"/><zeebe:taskListener eventType="canceling" type="told too"/>'
            "</zeebe:taskListeners></extensionElements></userTask>"
        )

    def user(self, depth: int) -> tuple[str, str]:
        name = self.new("user")
        self.elements.append(self.person(name))
        return name, name

    def script(self, depth: int) -> tuple[str, str]:
        name = self.new("script")
        self.elements.append(
            f'<scriptTask id="{name}"><extensionElements><zeebe:script expression="=n + 1" resultVariable="n"/>'
            "</extensionElements></scriptTask>"
        )
        return name, name

    def catch(self, depth: int) -> tuple[str, str]:
        name = self.new("catch")
        inside = self.chance.choice(
            [
                '<messageEventDefinition messageRef="m"/>',
                '<signalEventDefinition signalRef="sig"/>',
                "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
            ]
        )
        self.elements.append(f'<intermediateCatchEvent id="{name}">{inside}</intermediateCatchEvent>')
        return name, name

    def guarded(self, depth: int) -> tuple[str, str]:
        """A task with boundary events whose ways meet the task's own."""
        task, join = self.new("job"), self.new("xor")
        self.elements += [service(task), f'<exclusiveGateway id="{join}"/>']
        self.pairs.append(f"{task} {join}")
        for inside, attributes in (
            ('<errorEventDefinition errorRef="err"/>', ""),
            ("<timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition>", ""),
            ('<signalEventDefinition signalRef="sig"/>', 'cancelActivity="false"'),
        ):
            if self.chance.random() < 0.5:
                boundary = self.new("b")
                self.elements.append(
                    f'<boundaryEvent id="{boundary}" attachedToRef="{task}" {attributes}>{inside}</boundaryEvent>'
                )
                if attributes:
                    # What does not interrupt adds a token, so it must not come to a join: it ends by itself.
                    self.elements.append(f'<endEvent id="{boundary}e"/>')
                    self.pairs.append(f"{boundary} {boundary}e")
                else:
                    self.pairs.append(f"{boundary} {join}")
        return task, join

    def loop_task(self, depth: int) -> tuple[str, str]:
        name = self.new("multi")
        sequential = self.chance.choice(["true", "false"])
        self.elements.append(
            service(
                name,
                inside=f'<multiInstanceLoopCharacteristics isSequential="{sequential}"><extensionElements>'
                '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" outputCollection="out" '
                'outputElement="=item"/></extensionElements></multiInstanceLoopCharacteristics>',
            )
        )
        return name, name

    def sequence(self, depth: int) -> tuple[str, str]:
        first, middle = self.block(depth + 1)
        other, last = self.block(depth + 1)
        self.pairs.append(f"{middle} {other}")
        return first, last

    def _branches(self, gateway: str, depth: int, conditions: tuple[str, ...]) -> tuple[str, str]:
        split, join = self.new("split"), self.new("join")
        default = f' default="{split}-{{}}"' if conditions else ""
        ways = [self.block(depth + 1) for _ in range(self.chance.randint(2, 3))]
        self.elements.append(f'<{gateway} id="{split}"{default.format(ways[-1][0])}/>')
        self.elements.append(f'<{gateway} id="{join}"/>')
        for index, (first, last) in enumerate(ways):
            condition = f" {conditions[index]}" if conditions and index < len(ways) - 1 else ""
            self.pairs += [f"{split} {first}{condition}", f"{last} {join}"]
        return split, join

    def fork(self, depth: int) -> tuple[str, str]:
        return self._branches("parallelGateway", depth, ())

    def choice(self, depth: int) -> tuple[str, str]:
        return self._branches("exclusiveGateway", depth, ("=modulo(n, 2) = 0", "=modulo(n, 3) = 0"))

    def some(self, depth: int) -> tuple[str, str]:
        return self._branches("inclusiveGateway", depth, ("=modulo(n, 2) = 0", "=modulo(n, 3) = 0"))

    def again(self, depth: int) -> tuple[str, str]:
        """A loop that the variable ``n`` ends: a script inside counts it up."""
        merge, split, script = self.new("merge"), self.new("again"), self.script(depth)[0]
        first, last = self.block(depth + 1)
        self.elements += [f'<exclusiveGateway id="{merge}"/>']
        out = self.new("job")
        self.elements += [service(out), f'<exclusiveGateway id="{split}" default="{split}-{out}"/>']
        self.pairs += [f"{merge} {first}", f"{last} {script}", f"{script} {split}"]
        self.pairs += [f"{split} {merge} =n < 4", f"{split} {out}"]
        return merge, out

    def inner(self, depth: int) -> tuple[str, str]:
        """A sub-process, sometimes with a boundary event."""
        name = self.new("sub")
        inside = Model(self.chance, 3)
        inside.count = self.count + 1000
        first, last = inside.block(depth + 2)
        self.count = inside.count
        inside.elements += [f'<startEvent id="{name}s"/>', f'<endEvent id="{name}e"/>']
        inside.pairs += [f"{name}s {first}", f"{last} {name}e"]
        content = "".join(inside.elements) + flows(*inside.pairs)
        self.elements.append(f'<subProcess id="{name}">{content}</subProcess>')
        if self.chance.random() < 0.6:
            join, boundary = self.new("xor"), self.new("b")
            self.elements.append(f'<exclusiveGateway id="{join}"/>')
            self.elements.append(
                f'<boundaryEvent id="{boundary}" attachedToRef="{name}"><errorEventDefinition/></boundaryEvent>'
            )
            self.pairs += [f"{name} {join}", f"{boundary} {join}"]
            return name, join
        return name, name

    def undone(self, depth: int) -> tuple[str, str]:
        """A job that can be undone, another block, and a throw that undoes it."""
        task, boundary, undo, throw = self.new("job"), self.new("cb"), self.new("undo"), self.new("throw")
        first, last = self.block(depth + 1)
        self.elements += [
            service(task),
            f'<boundaryEvent id="{boundary}" attachedToRef="{task}"><compensateEventDefinition/></boundaryEvent>',
            service(undo, attributes='isForCompensation="true"'),
            f'<association id="as{undo}" sourceRef="{boundary}" targetRef="{undo}"/>',
            f'<intermediateThrowEvent id="{throw}"><compensateEventDefinition/></intermediateThrowEvent>',
        ]
        self.pairs += [f"{task} {first}", f"{last} {throw}"]
        return task, throw

    def condition(self, depth: int) -> tuple[str, str]:
        name = self.new("cond")
        self.elements.append(
            f'<intermediateCatchEvent id="{name}"><conditionalEventDefinition><condition>=n &gt; 3</condition>'
            "</conditionalEventDefinition></intermediateCatchEvent>"
        )
        return name, name

    def escalating(self, depth: int) -> tuple[str, str]:
        """A sub-process that escalates; its boundary event may interrupt it."""
        name, boundary, join = self.new("sub"), self.new("b"), self.new("xor")
        flag = self.chance.choice(["true", "false"])
        inside = (
            f'<startEvent id="{name}s"/><intermediateThrowEvent id="{name}t"><escalationEventDefinition '
            f'escalationRef="esc"/></intermediateThrowEvent>{self.person(name + "u")}<endEvent id="{name}e"/>'
            + flows(f"{name}s {name}t", f"{name}t {name}u", f"{name}u {name}e")
        )
        self.elements += [
            f'<subProcess id="{name}">{inside}</subProcess>',
            f'<boundaryEvent id="{boundary}" attachedToRef="{name}" cancelActivity="{flag}">'
            '<escalationEventDefinition escalationRef="esc"/></boundaryEvent>',
            f'<exclusiveGateway id="{join}"/>',
        ]
        self.pairs.append(f"{name} {join}")
        if flag == "true":
            self.pairs.append(f"{boundary} {join}")
        else:
            self.elements.append(f'<endEvent id="{boundary}e"/>')
            self.pairs.append(f"{boundary} {boundary}e")
        return name, join

    def many(self, depth: int) -> tuple[str, str]:
        """A sub-process for each item."""
        name = self.new("each")
        sequential = self.chance.choice(["true", "false"])
        self.elements.append(
            f'<subProcess id="{name}"><multiInstanceLoopCharacteristics isSequential="{sequential}">'
            '<extensionElements><zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>'
            "</extensionElements><completionCondition>=numberOfCompletedInstances &gt; 1</completionCondition>"
            f'</multiInstanceLoopCharacteristics><startEvent id="{name}s"/>{service(name + "j")}'
            f'{self.person(name + "u")}<endEvent id="{name}e"/>'
            + flows(f"{name}s {name}j", f"{name}j {name}u", f"{name}u {name}e")
            + "</subProcess>"
        )
        return name, name

    def free(self, depth: int) -> tuple[str, str]:
        name = self.new("free")
        self.elements.append(
            f'<adHocSubProcess id="{name}"><extensionElements><zeebe:adHoc '
            f'activeElementsCollection="=[&quot;{name}a&quot;, &quot;{name}b&quot;]"/></extensionElements>'
            f'{self.person(name + "a")}{service(name + "b")}<userTask id="{name}c"/>{flows(f"{name}b {name}c")}'
            "<completionCondition>=n &gt; 0</completionCondition></adHocSubProcess>"
        )
        return name, name

    def led(self, depth: int) -> tuple[str, str]:
        """An ad-hoc sub-process that a worker leads, and that gathers what its flows bring."""
        name = self.new("led")
        self.elements.append(
            f'<adHocSubProcess id="{name}"><extensionElements><zeebe:taskDefinition type="lead {name}"/>'
            '<zeebe:adHoc outputCollection="gathered" outputElement="=n"/></extensionElements>'
            f"{self.person(name + 'a')}{service(name + 'b')}{self.person(name + 'c')}{flows(f'{name}b {name}c')}"
            "</adHocSubProcess>"
        )
        return name, name

    def complex(self, depth: int) -> tuple[str, str]:
        split, join = self.new("split"), self.new("some")
        self.elements += [
            f'<parallelGateway id="{split}"/>',
            f'<complexGateway id="{join}"><activationCondition>=activationCount &gt; 1</activationCondition>'
            "</complexGateway>",
        ]
        for _ in range(3):
            first, last = self.block(depth + 2)
            self.pairs += [f"{split} {first}", f"{last} {join}"]
        return split, join

    def race(self, depth: int) -> tuple[str, str]:
        gateway, join = self.new("race"), self.new("xor")
        self.elements += [f'<eventBasedGateway id="{gateway}"/>', f'<exclusiveGateway id="{join}"/>']
        for number in range(2):
            event = self.catch(depth)[0]
            if number:
                # Two events after one gateway do not wait for the same message.
                self.elements[-1] = self.elements[-1].replace('messageRef="m"', 'messageRef="m2"')
            self.pairs += [f"{gateway} {event}", f"{event} {join}"]
        return gateway, join


class Asked:
    """What an instance has asked for and not been answered yet."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], Any] = {}

    def take(self, result: Step) -> None:
        for effect in result.effects:
            if isinstance(effect, (effects.Call, effects.OpenTask)):
                self.open[("token", effect.token)] = effect
            elif isinstance(effect, (effects.CancelCall, effects.CloseTask)):
                self.open.pop(("token", effect.token), None)
            elif isinstance(effect, effects.StartTimer):
                self.open[("timer", effect.timer)] = effect
            elif isinstance(effect, effects.CancelTimer):
                self.open.pop(("timer", effect.timer), None)
            elif isinstance(effect, effects.Subscribe):
                self.open[("subscription", effect.subscription)] = effect
            elif isinstance(effect, effects.Unsubscribe):
                self.open.pop(("subscription", effect.subscription), None)
            elif isinstance(effect, effects.OpenIncident):
                self.open[("incident", effect.incident)] = effect
            elif isinstance(effect, effects.CloseIncident):
                self.open.pop(("incident", effect.incident), None)

    def next_command(self, chance: Random) -> commands.Command | None:
        """Choose a fitting command, now and then an unfitting one."""
        if not self.open:
            return None
        if chance.random() < 0.03:
            return commands.CompleteJob(chance.randint(1, 400), {})
        kind, number = key = chance.choice(sorted(self.open))
        effect = self.open.pop(key)
        payload = {"n": chance.randint(0, 9)} if chance.random() < 0.3 else {}
        if kind == "timer":
            return commands.FireTimer(number)
        if kind == "incident":
            return commands.ResolveIncident(number)
        if kind == "subscription":
            if not effect.once:
                self.open[key] = effect
            return commands.Correlate(number, payload)
        if isinstance(effect, effects.OpenTask):
            return commands.CompleteTask(number, payload, "li")
        if effect.type.startswith("lead "):
            payload |= decision(chance, effect.type.removeprefix("lead "))
        return self._answer(chance, number, payload)

    @staticmethod
    def _answer(chance: Random, number: int, payload: dict[str, Any]) -> commands.Command:
        dice = chance.random()
        if dice < 0.1:
            return commands.ThrowError(number, chance.choice(["BAD", "OTHER"]), "no", payload)
        if dice < 0.2:
            return commands.FailJob(number, "away", chance.randint(0, 1))
        return commands.CompleteJob(number, payload)


def decision(chance: Random, name: str) -> dict[str, Any]:
    """What a worker decides about an ad-hoc sub-process; now and then what cannot be followed."""
    chosen = chance.sample([f"{name}a", f"{name}b"], chance.randint(0, 2))
    if chance.random() < 0.05:
        chosen = ["nowhere"]
    if chosen and chance.random() < 0.7:
        return {"activateElements": [{"elementId": each, "variables": {"n": 1}} for each in chosen]}
    return {
        "isCompletionConditionFulfilled": True,
        "isCancelRemainingInstances": chance.random() < 0.5,
    }


def stored(state: InstanceState) -> tuple[bytes, dict[int, bytes], dict[tuple[int, str], bytes]]:
    """The whole state in its stored form."""
    rows = {number: codec.encode_scope(scope) for number, scope in state.scopes.items()}
    variables = {
        (number, name): values.encode(value)
        for number, found in state.variables.items()
        for name, value in found.items()
    }
    return codec.encode_root(state), rows, variables


def restored(form: tuple[bytes, dict[int, bytes], dict[tuple[int, str], bytes]]) -> InstanceState:
    """A fresh state from the stored form."""
    root, rows, variables = form
    return codec.decode_state("i", root, rows, {key: values.decode(data) for key, data in variables.items()})


def apply_to_rows(form: Any, result: Step, state: InstanceState) -> Any:
    """Move a stored form on by a delta alone, as a store does."""
    _, rows, variables = form
    rows = {number: row for number, row in rows.items() if number not in result.delta.scopes_removed}
    rows.update({n: codec.encode_scope(scope) for n, scope in result.delta.scopes_changed.items()})
    variables = {key: data for key, data in variables.items() if key not in result.delta.variables_removed}
    variables.update({key: values.encode(value) for key, value in result.delta.variables_set.items()})
    return codec.encode_root(state), rows, variables


def program_of(definitions: Any) -> Program:
    found: Program = definitions["p"]
    return found
