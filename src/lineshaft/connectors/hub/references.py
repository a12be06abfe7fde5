"""Finding codes: first in the cross-reference, then by asking the system that knows, and then remembered.

It touches the world only through the callables it is given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lineshaft import feel
from lineshaft.base.errors import DefinitionError, ExpressionError, Invalid, Problem
from lineshaft.base.text import text
from lineshaft.mapping import Reference
from lineshaft.sdk.pack import FeelText, ReferenceSource

Known = Callable[[Sequence[Reference]], Awaitable[Mapping[Reference, str]]]
"""Answers from the hub's cross-reference 编码对照; what it does not know is left out."""
Ask = Callable[[str, str, Mapping[str, Any], str], Awaitable[Mapping[str, Any]]]
"""Calls a reading operation (system, operation, payload, key of the asking call) and returns its answer."""
Remember = Callable[[Mapping[Reference, str]], Awaitable[None]]
"""Keeps newly found codes in the cross-reference."""


@dataclass(frozen=True, slots=True)
class _Question:
    source: ReferenceSource
    payload: tuple[tuple[str, feel.Expression], ...]
    rows: feel.Expression
    id: feel.Expression
    code: feel.Expression


class ReferenceDesk:
    """Resolves references of one release."""

    def __init__(
        self, sources: Sequence[ReferenceSource], known: Known, ask: Ask, remember: Remember | None = None
    ) -> None:
        """Compile the sources' expressions.

        Raises:
            DefinitionError: An expression cannot be used.
        """
        self._known = known
        self._ask = ask
        self._remember = remember
        self._questions = {
            (source.kind, source.source, source.target): _question(source) for source in sources
        }

    async def resolve(self, references: Sequence[Reference], key: str = "") -> Mapping[Reference, str]:
        """Return the codes that could be found; a reference without one is left out.

        Raises:
            ConnectorError: A system that had to be asked could not be.
        """
        found = dict(await self._known(references)) if references else {}
        open_by_question: dict[tuple[str, str, str], list[Reference]] = {}
        for reference in references:
            if reference not in found:
                open_by_question.setdefault((reference.kind, reference.source, reference.target), []).append(
                    reference
                )
        fresh: dict[Reference, str] = {}
        for topic, wanted in open_by_question.items():
            question = self._questions.get(topic)
            if question is not None:
                fresh |= await self._put(question, wanted, key)
        if fresh and self._remember is not None:
            await self._remember(fresh)
        return found | fresh

    async def _put(self, question: _Question, wanted: Sequence[Reference], key: str) -> dict[Reference, str]:
        source = question.source
        try:
            ids = [reference.id for reference in wanted]
            payload = {name: entry.evaluate({"ids": ids}, strict=True) for name, entry in question.payload}
            answer = await self._ask(source.system, source.operation, payload, key)
            rows = question.rows.evaluate({"answer": answer}, strict=True) or []
            codes = {
                str(question.id.evaluate({"row": row}, strict=True)): question.code.evaluate(
                    {"row": row}, strict=True
                )
                for row in rows
            }
        except ExpressionError as error:
            raise Invalid(
                text(
                    "{place}: the look-up of {kind} codes in {system} is not as declared: {error}",
                    "{place}:{system} 的 {kind} 编码查询与声明不符:{error}",
                    place=source.place,
                    kind=source.kind,
                    system=source.system,
                    error=error,
                ),
                code="reference_answer",
            ) from error
        return {reference: str(codes[reference.id]) for reference in wanted if codes.get(reference.id)}


def _question(source: ReferenceSource) -> _Question:
    problems: list[Problem] = []

    def compiled(expression: FeelText, name: str) -> feel.Expression:
        try:
            return feel.compile(expression.source, {name})
        except ExpressionError as error:
            problems.append(Problem("expression", error.message, expression.place, hint=error.hint))
            return feel.compile("null", ())

    question = _Question(
        source,
        tuple((name, compiled(expression, "ids")) for name, expression in source.payload.items()),
        compiled(source.rows, "answer"),
        compiled(source.id, "row"),
        compiled(source.code, "row"),
    )
    if problems:
        raise DefinitionError(problems)
    return question
