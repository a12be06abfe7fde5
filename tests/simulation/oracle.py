"""The oracle: what must hold in every history, and the comparison of live with stored state."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from lineshaft.bpmn.kernel import codec
from lineshaft.bpmn.kernel.state import ROOT
from lineshaft.engine.instances import Live
from lineshaft.feel import codec as values
from lineshaft.store.rows import FINAL_EFFECTS, Effect, Instance
from simulation import processes
from simulation.targets import Deed
from simulation.telling import judge_notices

if TYPE_CHECKING:
    from simulation.nodes import Node
    from simulation.world import World

ENDED = ("completed", "terminated")
WAITING_WORK = ("intended", "attempted", "parked")


def is_for_people(effect: Effect) -> bool:
    """Tell whether only a person can settle an unknown outcome."""
    return effect.due_at.year > 9000


class Oracle:
    """Judges one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database
        self.violations: list[str] = []

    # -- knowing -------------------------------------------------------------------------------------------

    def deed_of(self, effect: Effect) -> Deed | None:
        """Return what the target knows of the work behind an effect; ``None`` if it was never sent."""
        target = self._world.targets.get(effect.system)
        if target is None:
            return None
        payload = values.decode(effect.request)["payload"]
        if "order" in payload:
            return target.deeds.get((str(payload["order"]), str(payload["step"])))
        return target.deeds.get((f"notice {payload['system']}", effect.idempotency_key))

    def mend(self, effect_id: str) -> None:
        """A person mends the data: the target will not call it wrong again."""
        effect = self._database.effect.rows.get(("default", effect_id))
        deed = self.deed_of(effect) if effect is not None else None
        if deed is not None and deed.verdict == "invalid":
            deed.verdict = None

    # -- rest ----------------------------------------------------------------------------------------------

    def open_ends(self) -> list[str]:
        """Return what still moves."""
        database = self._database
        ends = [f"event {row.id} is not routed" for row in database.event.rows.values() if not row.routed_at]
        for effect in database.effect.rows.values():
            probing = effect.status == "unknown" and not is_for_people(effect)
            if (effect.status in WAITING_WORK or probing) and not self._is_held_back(effect):
                ends.append(f"effect {effect.id} ({effect.system}.{effect.operation}) is {effect.status}")
        for target in self._world.targets.values():
            ends += [f"{mark} has not arrived" for mark, deed in target.deeds.items() if deed.pending]
        for job in database.job.rows.values():
            ends.append(f"job {job.id} is open")
        for state in database.system_state.rows.values():
            if state.circuit == "open" or state.paused:
                ends.append(f"system {state.system} is {state.circuit}, paused={state.paused}")
        return ends

    def _is_held_back(self, effect: Effect) -> bool:
        """Tell whether an older item of its key, which waits for a person, holds it back."""
        if effect.order_key is None or effect.status != "intended":
            return False
        return any(
            (older.created_at, older.id) < (effect.created_at, effect.id)
            and older.order_key == effect.order_key
            and older.status in ("dead", "unknown", "intended")
            for older in self._database.effect.rows.values()
        )

    # -- while it runs -------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Compare live with stored state again and again."""
        while True:
            await asyncio.sleep(0.7)
            for node in self._world.nodes:
                if node.process.alive and node.worker is not None:
                    self._compare_node(node)

    def _compare_node(self, node: Node) -> None:
        assert node.worker is not None
        runtime = node.worker.runtime
        now = self._world.clock.now()
        for live in list(runtime.instances.all()):
            token = runtime.keeper.token(live.lane)
            if token is None or not self._database.held_by(node.name, live.lane, token, now):
                continue
            row = self._database.instance.rows.get((live.tenant, live.id))
            if row is not None and row.version == live.version:
                self._compare(node.name, live, row)

    def _compare(self, name: str, live: Live, row: Instance) -> None:
        key = (row.tenant, row.id)
        if live.status == "frozen" or row.status == "frozen" or row.status in ENDED:
            # What an ended instance had in its scopes is not written once more: nobody reads it again.
            return
        state = live.state
        expected = {("root",): row.root}
        found: dict[Any, bytes] = {("root",): codec.encode_root(state)}
        expected["scope", ROOT] = row.scope0
        for scope in self._database.scope.by("instance", key):
            expected["scope", scope.scope] = scope.state
        for number, scope_state in state.scopes.items():
            found["scope", number] = codec.encode_scope(scope_state)
        for item in self._database.variable.by("instance", key):
            expected[item.scope, item.name] = item.value
        for number, variables in state.variables.items():
            for name_of, value in variables.items():
                found[number, name_of] = values.encode(value)
        found.setdefault(("scope", ROOT), b"")
        for mark in expected.keys() | found.keys():
            if expected.get(mark) != found.get(mark):
                self.violations.append(
                    f"{name}: instance {row.id} v{row.version} differs at {mark}: stored "
                    f"{expected.get(mark)!r}, live {found.get(mark)!r}"
                )

    # -- at the end ------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Judge the whole history."""
        self._judge_events()
        self._judge_effects()
        self._judge_deeds()
        self._judge_instances()
        self._judge_outages()
        self._judge_order()
        self.violations += judge_notices(self._world)
        self._count()

    def _judge_events(self) -> None:
        world = self._world
        stored = {row.id: row for row in self._database.event.rows.values()}
        for event_id in sorted(world.accepted):
            row = stored.get(event_id)
            if row is None:
                self.violations.append(f"event {event_id} was acknowledged and is lost")
            elif row.routed_at is None or row.note is not None:
                self.violations.append(f"event {event_id} was not carried out: {row.note}")
        runs = Counter(
            (row.process_id, row.business_key)
            for row in self._database.instance.rows.values()
            if row.parent_id is None
        )
        wanted = Counter((order.process, order.group or order.id) for order in world.orders)
        for run in sorted(runs.keys() | wanted.keys(), key=str):
            if runs[run] != wanted[run]:
                self.violations.append(f"{run}: {wanted[run]} wanted, {runs[run]} instances")

    def _judge_effects(self) -> None:
        for effect in self._database.effect.rows.values():
            deed = self.deed_of(effect) or Deed()
            where = f"effect {effect.id} {effect.system}.{effect.operation}"
            if effect.operation == "look":
                continue
            if effect.status == "done" and not deed.done:
                self.violations.append(f"{where} is done, but the target never did it")
            if effect.status in ("refused", "cancelled", "superseded", "intended") and deed.done:
                self.violations.append(f"{where} is {effect.status}, but the target did it")
            if effect.status == "attempted":
                self.violations.append(f"{where} is still attempted")
            if effect.status == "unknown" and not is_for_people(effect):
                self.violations.append(f"{where} is unknown, although it can be found out")

    def _judge_deeds(self) -> None:
        for target in self._world.targets.values():
            for (order, step), deed in target.deeds.items():
                where = f"{target.name}: {order}/{step}"
                if deed.done > 1:
                    self.violations.append(f"{where} was done {deed.done} times")
                if len(deed.keys) > 1:
                    self.violations.append(f"{where} was sent with several keys: {sorted(deed.keys)}")
                if deed.pending:
                    self.violations.append(f"{where} has not arrived yet")

    def _judge_instances(self) -> None:
        for row in self._database.instance.rows.values():
            if row.status == "completed":
                self._judge_completed(row)
            elif row.status == "active":
                if not self.reasons(row):
                    self.violations.append(f"instance {row.id} ({row.process_id}) waits for nothing")
            elif row.status == "suspended":
                self.violations.append(f"instance {row.id} ({row.process_id}) is still suspended")
            elif row.status == "frozen":
                self.violations.append(f"instance {row.id} ({row.process_id}) is frozen")

    def _judge_completed(self, row: Instance) -> None:
        steps = processes.STEPS.get(row.process_id)
        if steps is None or row.process_id == "ordered":
            return
        deeds = {
            step: self._world.targets[operation.partition(".")[0]].deeds.get((row.business_key or "", step))
            for step, operation in steps.items()
        }
        refused = any(deed is not None and deed.verdict == "refused" for deed in deeds.values())
        for step, deed in deeds.items():
            if steps[step].endswith(".look") or refused:
                continue
            if row.process_id == "hurried":
                if step == "a" and not any(each is not None and each.done for each in deeds.values()):
                    self.violations.append(f"instance {row.id} has completed, but nothing was done")
            elif row.process_id == "refusable" and step == "b":
                if deed is not None:
                    self.violations.append(f"instance {row.id} took the way of a refusal without one")
            elif deed is None or deed.done != 1:
                self.violations.append(f"instance {row.id} has completed, but {step} was not done")

    def reasons(self, row: Instance) -> list[str]:
        """Return what an instance waits for."""
        database = self._database
        found = []
        for effect in database.effect.by("instance", (row.tenant, row.id)):
            if effect.status == "dead":
                letters = database.dead_letter.rows.values()
                if any(each.subject_id == effect.id and each.status == "open" for each in letters):
                    found.append("dead letter")
            elif effect.status == "unknown":
                found.append("unknown")
            elif effect.status not in FINAL_EFFECTS and self._is_held_back(effect):
                found.append("held back")
        if any(each.instance_id == row.id for each in database.subscription.rows.values()):
            found.append("message")
        if any(
            each.instance_id == row.id and each.closed_at is None for each in database.incident.rows.values()
        ):
            found.append("incident")
        if any(each.instance_id == row.id and each.status == "open" for each in database.task.rows.values()):
            found.append("task")
        if any(each.status == "active" for each in database.instance.by("parent", (row.tenant, row.id))):
            found.append("child")
        return found

    def _judge_outages(self) -> None:
        database, world = self._database, self._world
        for name, target in world.targets.items():
            letters = [
                each for each in database.dead_letter.rows.values() if each.outage and each.system == name
            ]
            if len(letters) > target.outages or world.watchdog.openings[name] > target.outages:
                self.violations.append(
                    f"{name}: {target.outages} outages, {world.watchdog.openings[name]} circuits opened, "
                    f"{len(letters)} dead letters of outages"
                )
            for each in database.dead_letter.rows.values():
                if each.system == name and each.error_class == "unavailable" and not each.outage:
                    self.violations.append(f"{name}: {each.subject_id} was given up without an outage")
            allowed = target.outages * world.nodes_made * 2 * (target.cap + 4)
            if target.faults["down"] > allowed:
                self.violations.append(f"{name}: {target.faults['down']} calls in outages, {allowed} allowed")
            left = [each.id for each in letters if each.status == "open"]
            if left:
                self.violations.append(f"{name}: dead letters of an outage that has passed stay open: {left}")
            if world.nodes_made == 1 and target.calling_max > target.cap:
                self.violations.append(f"{name}: {target.calling_max} calls at once, allowed {target.cap}")

    def _judge_order(self) -> None:
        world = self._world
        sent = [order.id for order in world.orders if order.group]
        done = world.targets["alpha"].order.get("G", [])
        if done != [each for each in sent if each in done]:
            self.violations.append(f"order of the key was {done}, sent was {sent}")

    def _count(self) -> None:
        """Accepted = completed + refused + dead letters + waiting + unknown, instance by instance."""
        figures, world = self._world.figures, self._world
        for row in self._database.instance.rows.values():
            figures["instances"] += 1
            figures[f"instances {row.status}"] += 1
            if row.status == "active" and (reasons := self.reasons(row)):
                figures[f"waiting: {reasons[0]}"] += 1
        for target in world.targets.values():
            figures["calls"] += target.calls
            for fault, count in target.faults.items():
                figures[f"fault {fault}"] += count
            figures["repeats known by the target"] += sum(deed.repeats for deed in target.deeds.values())
        figures["circuits opened"] += sum(world.watchdog.openings.values())
        figures["commit answers lost"] += world.weather.lost

    def picture(self) -> dict[str, Any]:
        """Return the outcome of everything, to compare before and after a restart."""
        database = self._database
        picture: dict[str, Any] = {}
        for effect in database.effect.rows.values():
            picture[f"effect {effect.id}"] = (effect.status, effect.attempts)
        for row in database.instance.rows.values():
            picture[f"instance {row.id}"] = (row.status, row.version)
        for letter in database.dead_letter.rows.values():
            picture[f"dead letter {letter.id}"] = letter.status
        for target in self._world.targets.values():
            for (order, step), deed in target.deeds.items():
                picture[f"{target.name} {order}/{step}"] = (deed.sent, deed.done)
        return picture
