"""Operations at work: one request, several steps, whole lists, batches.

Several steps are one operation to the engine. Where a later step fails after an earlier one has written, the
error never claims that nothing happened: the operation is repeated as a whole where it is safe to repeat, and
otherwise its outcome is unknown until somebody has looked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from lineshaft.base.errors import (
    ConnectorError,
    ExpressionError,
    Invalid,
    MissingReference,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.calling import Asked, Caller
from lineshaft.connectors.http.details import detail_of
from lineshaft.connectors.http.expressions import Names, Template, fill
from lineshaft.connectors.http.facts import as_list, documents_of
from lineshaft.connectors.http.judging import error_of
from lineshaft.connectors.http.model import (
    AnswerRule,
    BatchRule,
    DetailRule,
    OperationRule,
    PagesRule,
    ProbeRule,
    RequestRule,
    StepRule,
)
from lineshaft.connectors.http.paging import Place, following, is_recheck
from lineshaft.connectors.http.texts import as_text
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.outcomes import ItemOutcome, Outcome


class Operator:
    """Carries out operations over a caller."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def call(
        self, rule: OperationRule, payload: Mapping[str, Any], context: CallContext, stream: Any = None
    ) -> Outcome:
        """Carry out an operation once.

        Raises:
            ConnectorError: One of the six classes.
        """
        names: dict[str, Any] = {"payload": payload, "key": context.key}
        asked = Asked(
            rule.name,
            rule.reads_only,
            min(context.timeout_s, rule.timeout_s),
            context.sending,
            rule.key,
            stream=stream,
        )
        if rule.steps:
            answer_names = await self._steps(rule, names, asked)
        elif rule.pages is not None:
            assert rule.request is not None
            answer_names = await self._pages(rule.request, rule.answers, rule.pages, names, asked)
        else:
            assert rule.request is not None
            answer_names, _ = await self._caller.judged(rule.request, rule.answers, names, asked)
        try:
            outcome = self._outcome(rule, answer_names)
            if rule.effective is not None and rule.effective.lenient(answer_names) is not True:
                raise self._not_effective(rule, outcome)
        except ExpressionError as error:
            raise self._caller.unreadable(error, asked) from error
        return outcome

    async def probe(
        self, rule: OperationRule, payload: Mapping[str, Any], context: CallContext
    ) -> Outcome | None:
        """Look for an earlier write with the same key."""
        probe = rule.probe
        assert probe is not None
        asked = Asked(f"{rule.name} (probe)", True, context.timeout_s)
        names = {"payload": payload, "key": context.key}
        if probe.pages is not None:
            answer_names = await self._pages(probe.request, probe.answers, probe.pages, names, asked)
        else:
            answer_names, _ = await self._caller.judged(probe.request, probe.answers, names, asked)
        try:
            if probe.found.value(answer_names) is not True:
                return None
            return self._outcome(probe, answer_names)
        except ExpressionError as error:
            raise self._caller.unreadable(error, asked) from error

    def _outcome(self, rule: OperationRule | ProbeRule, names: Names) -> Outcome:
        repeated = True
        if isinstance(rule, OperationRule):
            repeated = rule.repeated is not None and rule.repeated.lenient(names) is True
        return Outcome(
            self._answer(rule.answer, names),
            as_text(rule.number.value(names)) or None if rule.number is not None else None,
            documents_of(rule.documents, names),
            repeated,
        )

    def _answer(self, template: Template | None, names: Names) -> Mapping[str, Any]:
        if template is None:
            value = {"records": names["records"]} if "records" in names else names["answer"]
        else:
            value = fill(template, names, self._caller.vault)
        if isinstance(value, Mapping):
            return value
        return {} if value is None else {"answer": value}

    def _not_effective(self, rule: OperationRule, outcome: Outcome) -> ConnectorError:
        source = rule.effective.source if rule.effective is not None else ""
        return Refused(
            text(
                "{system}, {what}: saved as {number}, but it is not in force ({source} is not true)",
                "{system},{what}:已保存为 {number},但未生效({source} 不成立)",
                system=self._caller.system,
                what=rule.name,
                number=outcome.number or "-",
                source=source,
            ),
            code="not_effective",
            hint=text("look at the document in that system", "请在该系统中查看此单据"),
        )

    # --- several steps ---------------------------------------------------------------------------

    async def _steps(self, rule: OperationRule, names: dict[str, Any], asked: Asked) -> dict[str, Any]:
        results: dict[str, Any] = {step.name: None for step in rule.steps}
        written: list[str] = []
        deadline = self._caller.clock.monotonic() + asked.timeout_s
        seen: dict[str, Any] = self._caller.names(**names, status=0, answer=None, headers={})
        for step in rule.steps:
            current = {**names, "steps": dict(results)}
            try:
                if step.when is not None and step.when.value(self._caller.names(**current)) is not True:
                    continue
                seen = await self._step(step, current, asked, deadline)
            except ExpressionError as error:
                invalid = Invalid(error.message, code="request_incomplete", hint=error.hint)
                raise self._after(rule, step, written, invalid) from error
            except ConnectorError as error:
                raise self._after(rule, step, written, error) from error
            kept = ("status", "answer", "headers", "records")
            results[step.name] = {key: seen[key] for key in kept if key in seen}
            if not step.reads_only:
                written.append(step.name)
        return {**seen, "steps": results}

    async def _step(self, step: StepRule, names: Names, asked: Asked, deadline: float) -> dict[str, Any]:
        caller, rule_reads = self._caller, asked.reads_only
        within = caller.clock.monotonic() + step.within_s
        while True:
            left = max(0.001, deadline - caller.clock.monotonic())
            own = Asked(
                f"{asked.what} ({step.name})",
                step.reads_only,
                left,
                asked.sending if rule_reads or not step.reads_only else None,
                step.key,
            )
            if step.pages is not None:
                return await self._pages(step.request, step.answers, step.pages, names, own)
            seen, reply = await caller.judged(step.request, step.answers, names, own)
            if step.until is None or step.until.lenient({**seen, "steps": names["steps"]}) is True:
                return seen
            now = caller.clock.monotonic()
            if now + step.every_s > min(within, deadline):
                words = text(
                    "{system}, {what}: it did not come about within {within_s} s",
                    "{system},{what}:{within_s} 秒内未完成",
                    system=caller.system,
                    what=own.what,
                    within_s=int(step.within_s),
                )
                if step.stop is not None:
                    raise error_of(step.stop, step.answers, reply, seen, caller.case(own))
                raise OutcomeUnknown(words, code="not_finished")
            await asyncio.sleep(step.every_s)

    def _after(
        self, rule: OperationRule, step: StepRule, written: Sequence[str], error: ConnectorError
    ) -> ConnectorError:
        """Return the error of a step, in the light of what was written before it."""
        if not written:
            return error
        done = text("done before: {steps}", "此前已完成:{steps}", steps=", ".join(written))
        message = Text("{error} ({done})", "{error}({done})", {"error": error.message, "done": done})
        again = isinstance(error, Unavailable | RateLimited | MissingReference)
        if again and rule.repeats_safely:
            return error
        if again:
            return OutcomeUnknown(
                message,
                code="half_done",
                vendor_code=error.vendor_code,
                vendor_text=error.vendor_text,
                hint=text("look at the document in that system", "请在该系统中查看此单据"),
            )
        if isinstance(error, Refused | Invalid | OutcomeUnknown):
            return type(error)(
                message,
                code=error.code,
                vendor_code=error.vendor_code,
                vendor_text=error.vendor_text,
                hint=error.hint,
            )
        return error

    # --- whole lists -----------------------------------------------------------------------------

    async def _pages(
        self, request: RequestRule, answers: AnswerRule, pages: PagesRule, names: Names, asked: Asked
    ) -> dict[str, Any]:
        place = Place.first(pages.paging)
        records: list[Any] = []
        while True:
            request_names = {**names, **place.names(pages.paging)}
            link = place.token if pages.paging.kind == "link" else None
            own = Asked(asked.what, asked.reads_only, asked.timeout_s, asked.sending, asked.key, link)
            seen, reply = await self._caller.judged(request, answers, request_names, own)
            try:
                found = as_list(pages.records.value(seen))
                further = following(pages.paging, place, seen, found, reply)
                if is_recheck(pages.paging, place, found):
                    records = []
                elif pages.paging.kind == "page" and place.doubt and place.page == pages.paging.first:
                    records = list(found)
                else:
                    records += found
            except ExpressionError as error:
                raise self._caller.unreadable(error, asked) from error
            if further is None or len(records) >= pages.records_max:
                records = records[: pages.records_max]
                if pages.detail is not None:
                    records = await self._details(pages.detail, records, names, asked)
                return {**seen, "records": records}
            place = further

    async def _details(
        self, rule: DetailRule, records: Sequence[Any], names: Names, asked: Asked
    ) -> list[Any]:
        """Read each record in full; one that is gone meanwhile is left out."""
        gate = asyncio.Semaphore(rule.concurrency)

        async def one(record: Any) -> Any:
            own = Asked(f"{asked.what} (detail)", True, asked.timeout_s)
            async with gate:
                return await detail_of(self._caller, rule, {**names, "item": record}, own)

        try:
            found = await asyncio.gather(*(one(record) for record in records))
        except ExpressionError as error:
            raise self._caller.unreadable(error, asked) from error
        return [each for each in found if each is not None]

    # --- batches ---------------------------------------------------------------------------------

    async def batch(
        self,
        rule: OperationRule,
        batch: BatchRule,
        items: Sequence[Mapping[str, Any]],
        context: CallContext,
    ) -> list[ItemOutcome]:
        """Carry out a batch, ``batch.size`` items in one request; one result per item, in order."""
        found: list[ItemOutcome] = []
        for start in range(0, len(items), batch.size):
            part = items[start : start + batch.size]
            key = context.key if len(items) <= batch.size else f"{context.key}/{start // batch.size}"
            try:
                found += await self._part(rule, batch, part, key, context)
            except ConnectorError as error:
                if start == 0 and not found:
                    raise
                # Parts that went before keep their results; this one's error is each of its items'.
                found += [ItemOutcome(error=error) for _ in part]
        return found

    async def _part(
        self,
        rule: OperationRule,
        batch: BatchRule,
        items: Sequence[Mapping[str, Any]],
        key: str,
        context: CallContext,
    ) -> list[ItemOutcome]:
        asked = Asked(rule.name, False, min(context.timeout_s, rule.timeout_s), context.sending, rule.key)
        names = {"items": list(items), "key": key}
        seen, _ = await self._caller.judged(batch.request, rule.answers, names, asked)
        try:
            results = as_list(batch.results.value(seen))
        except ExpressionError as error:
            raise self._caller.unreadable(error, asked) from error
        if len(results) != len(items):
            raise OutcomeUnknown(
                text(
                    "{system}, {what}: expected {count} results, but {came} came",
                    "{system},{what}:应返回 {count} 个结果,实际为 {came} 个",
                    system=self._caller.system,
                    what=rule.name,
                    count=len(items),
                    came=len(results),
                ),
                code="results_missing",
            )
        return [
            self._item(rule, batch, {**seen, "item": result, "payload": item})
            for item, result in zip(items, results, strict=True)
        ]

    def _item(self, rule: OperationRule, batch: BatchRule, names: Names) -> ItemOutcome:
        if batch.ok.lenient(names) is True:
            try:
                number = as_text(batch.number.value(names)) or None if batch.number is not None else None
                answer = names["item"]
                if batch.answer is not None:
                    answer = fill(batch.answer, names, self._caller.vault)
            except ExpressionError as error:
                return ItemOutcome(error=self._caller.unreadable(error, Asked(rule.name, False)))
            return ItemOutcome(
                outcome=Outcome(answer if isinstance(answer, Mapping) else {"answer": answer}, number)
            )
        code = as_text(batch.code.lenient(names)) if batch.code is not None else ""
        words = as_text(batch.text.lenient(names)) if batch.text is not None else ""
        return ItemOutcome(error=self._item_error(rule, names, code, words))

    def _item_error(self, rule: OperationRule, names: Names, code: str, words: str) -> ConnectorError:
        """Judge one item's "no" by the codes that are declared for the whole answer."""
        judgement = rule.answers.codes.get(code) or rule.answers.other
        shown = self._caller.vault.redact(words)
        message = text(
            "{system}, {what}: {words} [{code}]",
            "{system},{what}:{words} [{code}]",
            system=self._caller.system,
            what=rule.name,
            words=shown,
            code=code or "-",
        )
        verdict = judgement.verdict if judgement is not None else "invalid"
        if verdict == "missing_reference" and judgement is not None and judgement.reference is not None:
            reference = as_text(judgement.reference.lenient(names))
            return MissingReference(message, reference=reference, vendor_code=code or None, vendor_text=shown)
        kinds: Mapping[str, type[ConnectorError]] = {
            "refused": Refused,
            "unavailable": Unavailable,
            "rate_limited": RateLimited,
            "unknown": OutcomeUnknown,
        }
        return kinds.get(verdict, Invalid)(message, vendor_code=code or None, vendor_text=shown)
