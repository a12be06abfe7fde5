"""A mapping at work. Pure: the record and what was found come in, a record or what is wrong goes out.

References are values or a port: ``lookups`` says which ones a record needs, so that the caller can find
them in one go, and ``apply`` is given what was found. One without a match never becomes an empty code: it is
reported, with what is near.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lineshaft import canonical
from lineshaft.base.errors import HubError, Place, Problem
from lineshaft.base.text import Text
from lineshaft.canonical.rates import Rates, RateTable
from lineshaft.feel.temporal import DateTime
from lineshaft.mapping.convert import Around
from lineshaft.mapping.model import Candidate, FieldRule, Mapped, ObjectRule, Reference, ValueRule
from lineshaft.mapping.references import Found, References
from lineshaft.mapping.running import Run, list_rule, object_rule

_NO_RATES: Final = RateTable(())


class _Asked:
    """Notes which references are asked for."""

    def __init__(self) -> None:
        self.references: dict[Reference, None] = {}

    def code(self, reference: Reference) -> str | None:
        self.references[reference] = None
        return None

    def nearest(self, reference: Reference) -> Sequence[Candidate]:
        return ()


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping, read and compiled once; called with a record it gives ``Mapped``. From any thread."""

    name: str
    label: Text
    file: str
    source: str
    target: str
    parameters: tuple[str, ...]
    """Names that expressions may use besides ``record``; the caller gives their values."""
    root: ObjectRule
    maps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digest: str = ""
    """SHA-256 of the file, in hex: which version of the rules a value came from."""
    _make: Any = field(init=False, repr=False, compare=False)
    _split: Any = field(init=False, repr=False, compare=False)
    _ask: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        place = Place(self.file, 1, path="each")
        object.__setattr__(self, "_make", object_rule(self.root))
        object.__setattr__(self, "_split", list_rule(self.root, "", place) if self.root.each else None)
        asking = _asking(self.root)
        ask = None if asking is None else list_rule(asking, "", place) if asking.each else object_rule(asking)
        object.__setattr__(self, "_ask", ask)

    def lookups(
        self,
        record: Any,
        parameters: Mapping[str, Any] | None = None,
        *,
        now: datetime.datetime | None = None,
    ) -> tuple[Reference, ...]:
        """Return the references that mapping this record needs, each once, in the order of the fields.

        An id that cannot be evaluated is left to ``apply``, which reports it.
        """
        if self._ask is None:
            return ()
        asked = _Asked()
        made = self._ask(Run(asked, Around(_NO_RATES), now), {"record": record, **(parameters or {})})
        if made is not None and not isinstance(made, dict):
            list(made)
        return tuple(asked.references)

    def __call__(
        self,
        record: Any,
        references: References,
        rates: Rates = _NO_RATES,
        now: datetime.datetime | None = None,
        parameters: Mapping[str, Any] | None = None,
        *,
        trace: bool = False,
    ) -> Mapped:
        """Map one record.

        Args:
            record: The source's record; a list where the mapping's ``each`` makes records of rows.
            references: Answers look-ups.
            rates: Exchange rates, for ``currency``.
            now: What ``now()`` and ``today()`` are; without it they are problems.
            parameters: Values of the declared parameters.
            trace: Also tell where each value came from; takes several times as long.
        """
        run = Run(references, Around(rates), now, trace=trace)
        names = {"record": record, **(parameters or {})}
        if self._split is None:
            return self._finished(run, self._make(run, names))
        parts = []
        for made in self._split(run, names) or ():
            parts.append(self._finished(run, made))
            _clear(run)
        return Mapped(
            problems=(*run.problems, *(each for part in parts for each in part.problems)),
            missing=tuple(dict.fromkeys(each for part in parts for each in part.missing)),
            warnings=tuple(each for part in parts for each in part.warnings),
            unmatched=tuple(each for part in parts for each in part.unmatched),
            trace=tuple(each for part in parts for each in part.trace),
            parts=tuple(parts),
        )

    def apply(
        self,
        record: Any,
        found: Mapping[Reference, str],
        parameters: Mapping[str, Any] | None = None,
        *,
        rates: Rates = _NO_RATES,
        now: datetime.datetime | None = None,
        trace: bool = False,
    ) -> Mapped:
        """Map one record with the answers to ``lookups``; what is not in ``found`` is missing."""
        return self(record, Found(found), rates, now, parameters, trace=trace)

    def _finished(self, run: Run, made: dict[str, Any]) -> Mapped:
        kind = canonical.TYPES.get(self.target)
        if kind is None and not (run.problems or run.unmatched or run.warnings or run.origins):
            return Mapped(made)
        result = Mapped(
            made,
            tuple(run.problems),
            tuple(dict.fromkeys(each.reference for each in run.unmatched)),
            tuple(run.warnings),
            tuple(run.unmatched),
            tuple(run.origins or ()),
        )
        if not result.is_complete:
            return replace(result, record=None)
        if kind is None:
            return result
        try:
            return replace(result, record=canonical.write_object(canonical.completed(kind, _of_python(made))))
        except HubError as error:
            at = re.search(r"`\$\.?([^`]*)`", str(error.message))
            place = Place(self.file, element=at[1] if at else None, path=self.target)
            problem = Problem(error.code, error.message, place, hint=error.hint)
            return replace(result, record=None, problems=(problem,))


def _of_python(value: Any) -> Any:
    """Return a value with Python's own times for those of the expression language."""
    if isinstance(value, DateTime):
        return value.to_python()
    if isinstance(value, dict):
        return {name: _of_python(each) for name, each in value.items()}
    return [_of_python(each) for each in value] if isinstance(value, list) else value


def _clear(run: Run) -> None:
    run.problems, run.warnings, run.unmatched = [], [], []
    if run.origins is not None:
        run.origins = []


def _asking(rule: ObjectRule) -> ObjectRule | None:
    """Return the rule with the fields alone that look something up; ``None`` where there are none."""
    fields: list[tuple[str, FieldRule]] = []
    for name, below in rule.fields:
        if isinstance(below.rule, ValueRule):
            if below.rule.lookup is not None:
                fields.append((name, below))
        else:
            inner = _asking(below.rule)
            if inner is not None:
                fields.append((name, FieldRule(below.place, inner)))
    return replace(rule, fields=tuple(fields)) if fields else None
