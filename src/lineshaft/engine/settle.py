"""What follows from the end of a call: evidence, refusal, retry, unknown, parked, dead letter, open circuit.

The error's class alone decides (docs/architecture.md, the six classes). Each verdict is one transaction: the
ledger, the process's step, the dead letter and the system's state together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from lineshaft.base.errors import (
    ConnectorError,
    HubError,
    MissingReference,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from lineshaft.base.ids import lane_of
from lineshaft.bpmn.kernel import commands
from lineshaft.engine.config import RetryPolicy
from lineshaft.engine.documents import document_writes
from lineshaft.engine.facts import letter_fact
from lineshaft.engine.notices import Notices
from lineshaft.engine.protection import Protection
from lineshaft.engine.references import missed
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.steps import Steps, attempt_of
from lineshaft.engine.systems import Operation
from lineshaft.engine.transaction import Transaction
from lineshaft.engine.words import kept, storable
from lineshaft.feel import codec as values
from lineshaft.sdk import Outcome
from lineshaft.store.rows import WAITS_FOR, DeadLetter, Effect, Job, SystemState
from lineshaft.store.writes import (
    PutDeadLetter,
    PutJob,
    PutSystemState,
    UnitResult,
    UpdateEffect,
)

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The due time of what only a person can move on."""


class Settle:
    """Writes down how calls ended."""

    def __init__(
        self,
        runtime: Runtime,
        steps: Steps,
        protection: Protection,
        *,
        again: Callable[[Effect, float], None],
        offer_job: Callable[[Job], None],
        hold_back: Callable[[str], None],
        notices: Notices,
    ) -> None:
        self._notices = notices
        self._runtime = runtime
        self._steps = steps
        self._protection = protection
        self._again = again
        self._offer_job = offer_job
        self._hold_back = hold_back
        self.on_settled: Callable[[Effect, UnitResult], None] = lambda effect, result: None

    def done(self, effect: Effect, outcome: Outcome) -> None:
        """The call went through: the evidence, the documents, the process goes on."""
        tx = self._runtime.begin(effect.lane)
        self._runtime.figures.done(effect.system, max(0.0, (tx.now - effect.created_at).total_seconds()))
        evidence = {"number": outcome.number, "answer": dict(outcome.answer), "repeated": outcome.repeated}
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "done",
                settled_at=tx.now,
                evidence=values.encode(evidence),
                late_evidence=effect.status in ("unknown", "dead"),
            )
        )
        for write in document_writes(
            effect.tenant,
            effect.system,
            outcome.documents,
            now=tx.now,
            business_key=effect.business_key,
            department=effect.department,
        ):
            tx.add(write)
        answer = commands.CompleteJob(effect.token or 0, dict(outcome.answer), attempt_of(effect))
        self._step(tx, effect, answer)
        self._submit(tx, effect)

    def failed(self, effect: Effect, error: ConnectorError, operation: Operation | None) -> None:
        """The call ended with one of the six classes."""
        match error:
            case Refused():
                self._refused(effect, error)
            case RateLimited():
                self._rate_limited(effect, error)
            case MissingReference():
                self._parked(effect, error)
            case OutcomeUnknown() if operation is not None and not operation.is_repeatable:
                settles_s = operation.spec.settles_within_s
                again = self._runtime.clock.now() + timedelta(seconds=settles_s)
                self.unknown(effect, operation, error, again_at=again)
            case Unavailable() | OutcomeUnknown():
                self._unavailable(effect, error)
            case _:
                self._dead(effect, error, outage=False)

    def unknown(
        self,
        effect: Effect,
        operation: Operation,
        error: HubError,
        *,
        again_at: datetime | None = None,
        probes: bool = True,
    ) -> None:
        """Nobody knows what became of the call: a probe finds out, or a person decides."""
        tx = self._runtime.begin(effect.lane)
        probes = probes and operation.spec.safety == "probe"
        due_at = (again_at or tx.now) if probes else NEVER
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "unknown",
                due_at=due_at,
                error_class="unknown",
                error_text=kept(error),
                of_call=_was_marked(effect),
            )
        )
        if probes:
            self._again_at(tx, replace(effect, status="unknown", due_at=due_at))
        else:
            self._notices.unknown(tx, effect, error)
        self._submit(tx, effect)

    def probe_failed(self, effect: Effect, operation: Operation, error: BaseException) -> None:
        """The target could not be asked: ask again later."""
        del operation
        tx = self._runtime.begin(effect.lane)
        due_at = tx.now + timedelta(seconds=self._runtime.config.check_gaps_s[0])
        text_of = kept(error) if isinstance(error, HubError) else type(error).__name__
        tx.add(UpdateEffect(effect.tenant, effect.id, "unknown", due_at=due_at, error_text=text_of))
        self._again_at(tx, replace(effect, status="unknown", due_at=due_at))
        self._submit(tx, effect)

    def not_done(self, effect: Effect, operation: Operation) -> None:
        """The probe found nothing, after the time to settle: the call may be made again."""
        del operation
        now = self._runtime.clock.now()
        self._once_more(replace(effect, error_class="not_done"), now, attempts=effect.attempts)

    def not_sent(self, effect: Effect) -> None:
        """This worker may not call any more (or not now) and has sent nothing: as if it had not tried."""
        now = self._runtime.clock.now()
        self._once_more(effect, now, attempts=max(0, effect.attempts - 1), at_its_time=False)

    def set_aside(self, effect: Effect, operation: Operation | None, error: HubError) -> None:
        """The answer cannot be stored (a bad character, a limit).

        What may be repeated becomes a dead letter that says so; of anything else nobody but a person can
        say what was done, and a replay would do it twice.
        """
        if operation is not None and not operation.is_repeatable and effect.status != "intended":
            self.unknown(effect, operation, error, probes=False)
        else:
            # It was done; as long as nobody has seen that, it is no ordinary mistake in the data.
            self._dead(effect, OutcomeUnknown(storable(str(error)), code=error.code), outage=False)

    # -- classes -----------------------------------------------------------------------------------------

    def _refused(self, effect: Effect, error: Refused) -> None:
        tx = self._runtime.begin(effect.lane)
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "refused",
                settled_at=tx.now,
                error_class=error.default_code,
                error_text=kept(error),
            )
        )
        reason = storable(error.vendor_text or str(error))
        code = storable(error.vendor_code) if error.vendor_code else None
        refusal = {"refusal": {"code": code, "reason": reason, "system": effect.system, **error.context}}
        self._step(tx, effect, commands.ThrowError(effect.token or 0, "refused", reason, refusal))
        self._submit(tx, effect)

    def _rate_limited(self, effect: Effect, error: RateLimited) -> None:
        if error.about is None and not error.this_call_only:
            self._protection.gate(effect.system).slow_down(error.wait_s)
        due_at = self._runtime.clock.now() + timedelta(seconds=error.wait_s)
        # Whoever looks sees what it waits for, where that is this call's own matter.
        shown = error if error.this_call_only else None
        self._once_more(effect, due_at, attempts=max(0, effect.attempts - 1), error=shown, about=error.about)

    def _parked(self, effect: Effect, error: MissingReference) -> None:
        tx = self._runtime.begin(effect.lane)
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "parked",
                reference=error.reference,
                attempts=max(0, effect.attempts - 1),
                error_class=error.default_code,
                error_text=kept(error),
                of_call=_was_marked(effect),
            )
        )
        tx.add(missed(effect.tenant, error.reference, tx.now, effect.id))
        self._submit(tx, effect)

    def _unavailable(self, effect: Effect, error: ConnectorError) -> None:
        gate = self._protection.gate(error.about or effect.system)
        if gate.is_closed:
            # The circuit opened meanwhile: this one waits like all others, and the call does not count.
            self._wait_for_system(effect, error)
            return
        if error.code == "not_configured":
            self._hold_back_quietly(effect, error)
            return
        retry = self._retry_of(effect)
        gap_s = retry.gap_s(effect.attempts)
        if gap_s is None and gate.has_recovered_since(effect.attempted_at):
            # The call began in an outage that has passed meanwhile: it is no new one.
            gap_s = retry.gaps_s[0] if retry.gaps_s else 1.0
        if gap_s is None:
            self._open_circuit(effect, error)
            return
        if error.about is None:
            gate.suspect_is(effect.id)
            self._hold_back(effect.system)
        due_at = self._runtime.clock.now() + timedelta(seconds=gap_s)
        self._once_more(effect, due_at, attempts=effect.attempts, error=error, about=error.about)

    def _retry_of(self, effect: Effect) -> RetryPolicy:
        """Return how often a call is tried again: the active release's word, else the hub's."""
        release = self._runtime.releases.newest
        live = self._runtime.instances.held(effect.instance_id) if effect.instance_id is not None else None
        process = live.program.process_id if live is not None else None
        found = release.policies.of(process, effect.system, effect.operation) if release is not None else None
        return (found.retry if found is not None else None) or self._runtime.config.retry

    def _wait_for_system(self, effect: Effect, error: ConnectorError) -> None:
        """Wait uncounted; one that only had to ask the system asks again later."""
        asked = error.about is not None
        gap_s = self._runtime.config.check_gaps_s[0] if asked else 0.0
        due_at = self._runtime.clock.now() + timedelta(seconds=gap_s)
        attempts = max(0, effect.attempts - 1)
        self._once_more(effect, due_at, attempts=attempts, error=error, about=error.about, at_its_time=asked)

    def _overtaken(self, effect: Effect, error: ConnectorError) -> None:
        """The system's state is another one than this worker knows: look again, uncounted, after a pause.

        Another worker saw the outage first, a person has paused or resumed the system, or this very unit was
        written before and its answer was lost: then the item is no longer attempted, and nothing is written.
        Without a pause the system would be called again and again until the other state is known here.
        """
        gaps = self._retry_of(effect).gaps_s
        due_at = self._runtime.clock.now() + timedelta(seconds=gaps[0] if gaps else 1.0)
        attempts = max(0, effect.attempts - 1)
        self._once_more(
            effect, due_at, attempts=attempts, error=error, about=error.about, of_call=_was_marked(effect)
        )

    def _once_more(
        self,
        effect: Effect,
        due_at: datetime,
        *,
        attempts: int,
        error: ConnectorError | None = None,
        about: str | None = None,
        at_its_time: bool = True,
        of_call: bool = False,
    ) -> None:
        """Call again at ``due_at``, unless the process has given the call up and nothing can have been done.

        ``about``: the system that the call could not ask, where it is that one it waits for.

        Once an answer was lost, ``unknown`` stays the error's class until the target has spoken: such a call
        is never written off as cancelled.
        """
        doubtful = effect.error_class == "unknown" or isinstance(error, OutcomeUnknown)
        error_class = "unknown" if doubtful else error.default_code if error else effect.error_class
        tx = self._runtime.begin(effect.lane)
        wanted = doubtful or self._is_wanted(effect)
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "intended" if wanted else "cancelled",
                due_at=due_at,
                attempts=attempts,
                settled_at=None if wanted else tx.now,
                error_class=error_class,
                error_text=kept(error) if error is not None else None,
                reference=f"{WAITS_FOR}{about}" if about is not None else None,
                of_call=of_call,
            )
        )
        if wanted and at_its_time:
            later = replace(
                effect, status="intended", due_at=due_at, attempts=attempts, error_class=error_class
            )
            self._again_at(tx, later)
        self._submit(tx, effect)

    def _is_wanted(self, effect: Effect) -> bool:
        """Tell whether the process still waits for the call, as far as that is in memory."""
        if effect.instance_id is None or effect.token is None:
            return True
        live = self._runtime.instances.held(effect.instance_id)
        return live is None or effect.token in live.state.owners

    def _hold_back_quietly(self, effect: Effect, error: ConnectorError) -> None:
        """The system lacks settings: everything for it waits until it has them. That is nobody's outage."""
        state, tx = self._opened(effect, error)
        doubtful = effect.error_class == "unknown"
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "intended",
                due_at=tx.now,
                attempts=max(0, effect.attempts - 1),
                error_class="unknown" if doubtful else error.default_code,
                error_text=kept(error),
            )
        )
        self._write_open(tx, effect, error, state, is_told=False)

    def _open_circuit(self, effect: Effect, error: ConnectorError) -> None:
        """The first exhausted item opens the circuit: one dead letter, one notice; the rest waits."""
        state, tx = self._opened(effect, error)
        letter = self._dead_writes(tx, effect, error, outage=True)
        self._notices.outage(tx, effect, error, state, letter.id)
        self._write_open(tx, effect, error, state, is_told=True)

    def _opened(self, effect: Effect, error: ConnectorError) -> tuple[SystemState, Transaction]:
        """Return the system's state with an open circuit, and the transaction that writes it."""
        system = error.about or effect.system
        known = self._protection.gate(system).state
        state = SystemState(
            tenant=effect.tenant,
            system=system,
            version=(known.version if known is not None else 0) + 1,
            circuit="open",
            paused=known.paused if known is not None else False,
            reason=kept(error),
            since=self._runtime.clock.now(),
            changed_by="engine",
        )
        tx = self._runtime.begin(effect.lane)
        tx.add(PutSystemState(state, known.version if known is not None else 0))
        return state, tx

    def _write_open(
        self, tx: Transaction, effect: Effect, error: ConnectorError, state: SystemState, *, is_told: bool
    ) -> None:
        """Write an open circuit; ``is_told``: somebody learns of it, and is told of its end too."""
        system = state.system
        gate = self._protection.gate(system)
        check = check_job(
            effect.tenant, system, tx.now, self._runtime.config.check_gaps_s[0], is_told=is_told
        )
        tx.add(PutJob(check))

        def settled(result: UnitResult) -> None:
            gate.clear_suspicion(effect.id)
            if result.status == "written":
                gate.state = state
                self._hold_back(system)
                self._offer_job(check)
                self.on_settled(effect, result)
            elif result.error is not None and result.error.code == "write_conflict":
                self._overtaken(effect, error)
            else:
                self.on_settled(effect, result)

        self._runtime.submit(tx, settled)

    def _dead(self, effect: Effect, error: ConnectorError, *, outage: bool) -> None:
        tx = self._runtime.begin(effect.lane)
        letter = self._dead_writes(tx, effect, error, outage=outage)
        self._notices.dead_letter(tx, letter, effect, error)
        self._submit(tx, effect)

    # -- parts -------------------------------------------------------------------------------------------

    def _dead_writes(
        self, tx: Transaction, effect: Effect, error: ConnectorError, *, outage: bool
    ) -> DeadLetter:
        words = kept(error)
        tx.add(
            UpdateEffect(
                effect.tenant,
                effect.id,
                "dead",
                due_at=NEVER,
                error_class="unknown" if effect.error_class == "unknown" else error.default_code,
                error_text=words,
                reference=f"{WAITS_FOR}{error.about}" if error.about is not None else None,
                of_call=_was_marked(effect),
            )
        )
        letter = DeadLetter(
            tenant=effect.tenant,
            id=self._runtime.ids.new(),
            subject="effect",
            subject_id=effect.id,
            lane=effect.lane,
            status="open",
            error_class=error.default_code,
            cause=cause_of(effect.system, effect.operation, error),
            error_text=words,
            created_at=tx.now,
            system=(error.about if outage else None) or effect.system,
            operation=effect.operation,
            instance_id=effect.instance_id,
            business_key=effect.business_key,
            department=effect.department,
            payload=effect.request,
            attempts=effect.attempts,
            outage=outage,
        )
        tx.add(PutDeadLetter(letter))
        if self._runtime.config.tells_facts:
            tx.add(letter_fact(letter))
        self._runtime.figures.dead_letters[letter.system or ""] += 1
        return letter

    def _step(self, tx: Transaction, effect: Effect, command: Any) -> None:
        """Let the process that waits for this effect go on, if it still does."""
        if effect.instance_id is None:
            return
        live = self._runtime.instances.held(effect.instance_id)
        assert live is not None, "the caller has made sure that the instance is in memory"
        self._steps.apply(tx, live, command)

    def _again_at(self, tx: Transaction, effect: Effect) -> None:
        """Take the effect in hand again at its time, without waiting for a poll."""
        delay_s = max(0.0, (effect.due_at - tx.now).total_seconds())
        tx.then(lambda: self._again(effect, delay_s))

    def _submit(self, tx: Transaction, effect: Effect) -> None:
        self._runtime.submit(tx, lambda result: self.on_settled(effect, result))


def _was_marked(effect: Effect) -> bool:
    """Tell whether the ledger said that the call is being made, when it was made."""
    return effect.status == "attempted"


def check_job(tenant: str, system: str, now: datetime, gap_s: float, *, is_told: bool = True) -> Job:
    """Return the job that looks whether a system is there again, and tells so where ``is_told``."""
    return Job(
        tenant=tenant,
        id=f"check/{system}",
        lane=lane_of(tenant, f"system:{system}"),
        kind="check",
        due_at=now + timedelta(seconds=gap_s),
        created_at=now,
        payload=values.encode({"system": system, "since": now, "is_told": is_told}),
    )


def cause_of(system: str, operation: str, error: ConnectorError) -> str:
    """Return the fingerprint by which equal failures are grouped: digits and quoted parts do not count."""
    words = (
        storable(error.vendor_code)
        if error.vendor_code
        else "".join("#" if each.isdigit() else each for each in str(error))
    )
    mark = f"{system}.{operation}/{error.default_code}/{words}"
    return blake2b(mark.encode("utf-8", "replace"), digest_size=10).hexdigest()
