"""Key figures 指标: what the release and the firm's people define, computed from the hub's records.

A figure that users have set is written like one of a pack (``sdk.kpis``) and stands in the store; of two with
one name the users' holds, and without it the pack's holds again.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from lineshaft import feel
from lineshaft.base.clock import Clock
from lineshaft.base.errors import DefinitionError, HubError, InputError, NotFound, Place, Problem
from lineshaft.base.scope import Scope
from lineshaft.base.text import Language, text
from lineshaft.insight.kpi_records import RecordTables, Row, Rows
from lineshaft.sdk.kpis import FIELDS, KpiSpec, RecordSet, read_kpis
from lineshaft.sdk.trail import TrailSpec
from lineshaft.security.records import Kept, Shelf, changed_meanwhile, written
from lineshaft.store.port import Store
from lineshaft.store.writes import Write

KIND: Final = "kpi"
LASTS_S: Final = 5.0
"""How long the records that were read are used again."""
_KEPT_MAX: Final = 60
_PLACES: Final = Decimal("0.0001")


class SetKpi(msgspec.Struct, frozen=True):
    """What users have made of a figure."""

    definition: dict[str, Any]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure as it stands."""

    spec: KpiSpec
    value: Decimal | None
    """``None``: there is no record to make it of."""
    before: Decimal | None
    """What it was in the period before, of the same length."""
    change: Decimal | None
    """Against the baseline, in per cent of it."""
    met: bool | None
    """Whether the target is; ``None`` where there is none, or no value."""
    counted: int
    """Of how many records it was made."""
    listed: int
    """How many records stand behind it."""
    complete: bool
    """False where there are more records than are looked at."""
    at: datetime
    shipped: bool
    version: int
    """How often users changed it; 0: never."""
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class KpiRow:
    """A record behind a figure."""

    row: Row
    value: Decimal | None
    """Its part of the figure."""


@dataclass(frozen=True, slots=True)
class _Known:
    spec: KpiSpec
    shipped: bool
    kept: Kept[SetKpi] | None


class Kpis:
    """All key figures of one tenant."""

    def __init__(
        self,
        store: Store,
        tables: RecordTables,
        clock: Clock,
        tenant: str,
        shipped: Callable[[], tuple[KpiSpec, ...]],
    ) -> None:
        self._store = store
        self._tables = tables
        self._clock = clock
        self._shelf = Shelf(store, tenant, KIND, SetKpi)
        self._shipped = shipped
        self._read: OrderedDict[tuple[object, ...], tuple[float, datetime, Rows]] = OrderedDict()
        self._reading = asyncio.Lock()

    async def all(self, scope: Scope, spec: TrailSpec, language: Language) -> list[Kpi]:
        """Return all figures within what ``scope`` may see, in the order in which they are written."""
        return [await self._figure(known, scope, spec, language) for known in (await self._all()).values()]

    async def one(
        self, name: str, scope: Scope, spec: TrailSpec, language: Language
    ) -> tuple[Kpi, list[KpiRow]]:
        """Return a figure and the records behind it, the worst first; raises ``NotFound``."""
        known = await self._one(name)
        figure = await self._figure(known, scope, spec, language)
        _, rows = await self._rows(known.spec, scope, spec, language, since=self._since(known.spec))
        return figure, behind(known.spec, rows.rows)

    async def put(
        self, name: str, definition: Mapping[str, Any], by: str, *, version: int | None, note: Write
    ) -> None:
        """Let a figure be as ``definition`` says.

        Args:
            name: The figure's; the definition must have the same.
            definition: As one entry under ``kpis`` in a pack's file.
            by: Who says so.
            version: Of the figure that was read; ``None``: whatever there is.
            note: The audit log's line.

        Raises:
            DefinitionError: It cannot be used; lists all problems.
            Conflict: Somebody else was faster.
        """
        read_one(name, definition)
        over = await self._shelf.get(name)
        if version is not None and version != (over.version if over is not None else 0):
            raise changed_meanwhile(name)
        now = self._clock.now()
        value = SetKpi(json.loads(_as_json(definition)), by, now)
        if not await written(self._store, self._shelf.put(name, value, over, now), note):
            raise changed_meanwhile(name)

    async def reset(self, name: str, note: Write) -> None:
        """Let the pack's figure hold again, or have none where no pack has one; raises ``NotFound``."""
        if await self._shelf.get(name) is None:
            raise NotFound(
                text("Nobody has changed the figure {name}.", "指标 {name} 未被修改过。", name=name)
            )
        await written(self._store, self._shelf.remove(name), note)

    async def _all(self) -> dict[str, _Known]:
        shipped = {each.name: each for each in self._shipped()}
        found = {name: _Known(each, True, None) for name, each in shipped.items()}
        for kept in sorted(await self._shelf.all(), key=lambda each: each.at):
            try:
                spec = read_one(kept.id, kept.value.definition)
            except HubError:
                # An older version let it through; the pack's holds.
                continue
            found[kept.id] = _Known(spec, kept.id in shipped, kept)
        return found

    async def _one(self, name: str) -> _Known:
        known = (await self._all()).get(name)
        if known is None:
            raise NotFound(text("There is no key figure {name}.", "没有指标 {name}。", name=name))
        return known

    def _since(self, spec: KpiSpec) -> datetime:
        return self._clock.now() - timedelta(days=spec.days)

    async def _figure(self, known: _Known, scope: Scope, trail: TrailSpec, language: Language) -> Kpi:
        spec, kept = known.spec, known.kept
        since = self._since(spec)
        # The period before is read with it: one reading serves all figures of as many days.
        at, rows = await self._rows(spec, scope, trail, language, since=since - timedelta(days=spec.days))
        here = [row for row in rows.rows if row.at >= since]
        value, counted = compute(spec, here)
        before, _ = compute(spec, [row for row in rows.rows if row.at < since])
        return Kpi(
            spec,
            value,
            before,
            _change(value, spec.baseline),
            _met(value, spec),
            counted,
            len(behind(spec, here)),
            rows.complete,
            at,
            known.shipped,
            kept.version if kept is not None else 0,
            kept.value.at if kept is not None else None,
            kept.value.by if kept is not None else "",
        )

    async def _rows(
        self, spec: KpiSpec, scope: Scope, trail: TrailSpec, language: Language, *, since: datetime
    ) -> tuple[datetime, Rows]:
        longest = self._since(spec) - timedelta(days=spec.days)
        key = (spec.of, spec.days, scope, language)
        async with self._reading:
            kept = self._read.get(key)
            if kept is None or self._clock.monotonic() >= kept[0]:
                now = self._clock.now()
                found = await self._tables.read(spec.of, scope, trail, longest, language)
                kept = (self._clock.monotonic() + LASTS_S, now, found)
                self._read[key] = kept
                while len(self._read) > _KEPT_MAX:
                    self._read.popitem(last=False)
        _, at, rows = kept
        return at, Rows(tuple(row for row in rows.rows if row.at >= since), rows.complete)


def read_one(name: str, definition: Mapping[str, Any]) -> KpiSpec:
    """Return the figure that a definition says.

    Raises:
        DefinitionError: It cannot be used.
        InputError: It is not the figure ``name``.
    """
    content = f'{{"format": 1, "kpis": [{_as_json(definition)}]}}'
    [spec] = read_kpis([(name, content.encode())])
    problems = formula_problems([spec])
    if problems:
        raise DefinitionError(problems)
    if spec.name != name:
        raise InputError(
            text(
                "Expected the figure {name}, but the definition is of {found}.",
                "指标名应为 {name},定义中却是 {found}。",
                name=name,
                found=spec.name,
            ),
            code="kpi_name",
        )
    return spec


def formula_problems(specs: Iterable[KpiSpec]) -> list[Problem]:
    """Compile what figures say of records, so that a slip is found before it is kept."""
    problems = []
    for spec in specs:
        written_as = {"where": spec.where, "value": spec.value, "good": spec.good}
        for key, formula in written_as.items():
            place = Place(file="kpis", path=f"kpis.{spec.name}.{key}")
            try:
                names = feel.compile(formula, FIELDS[spec.of]).names if formula is not None else frozenset()
            except feel.FeelSyntaxError as error:
                problems.append(Problem("kpi_formula", error.message, place))
                continue
            strange = sorted(set(names) - set(FIELDS[spec.of]))
            if strange:
                message = text(
                    "Expected names of {of} ({known}), but `{strange}` is none of them",
                    "{of} 的字段为 {known},没有 `{strange}`",
                    of=spec.of,
                    known=", ".join(FIELDS[spec.of]),
                    strange=strange[0],
                )
                problems.append(Problem("kpi_name", message, place))
    return problems


def compute(spec: KpiSpec, rows: Sequence[Row]) -> tuple[Decimal | None, int]:
    """Return a figure and of how many records it was made.

    A record whose ``value`` is null (masked for the reader, perhaps) is left out. A mean and a share of no
    records are nothing; so is a sum of records of which no value may be seen. A sum and a count of no records
    are zero. The 95th percentile is the smallest value that is not below 95 % of them (nearest rank).
    """
    wanted = [row for row in rows if _holds(spec.where, spec.of, row)]
    if spec.figure == "count":
        counted = [row for row in wanted if _holds(spec.good, spec.of, row)]
        return Decimal(len(counted)), len(wanted)
    if spec.figure == "share":
        good = sum(_holds(spec.good, spec.of, row) for row in wanted)
        return (_rounded(Decimal(100 * good) / len(wanted)), len(wanted)) if wanted else (None, 0)
    numbers = sorted(number for row in wanted if (number := _number(spec.value, spec.of, row)) is not None)
    if spec.figure == "sum" and (numbers or not wanted):
        return sum(numbers, Decimal(0)), len(numbers)
    if not numbers:
        return None, 0
    if spec.figure == "mean":
        return _rounded(sum(numbers, Decimal(0)) / len(numbers)), len(numbers)
    if spec.figure == "median":
        middle = len(numbers) // 2
        median = numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2
        return _rounded(median), len(numbers)
    return _rounded(numbers[-(-len(numbers) * 95 // 100) - 1]), len(numbers)


def behind(spec: KpiSpec, rows: Sequence[Row]) -> list[KpiRow]:
    """Return the records behind a figure: of a share those against it, of others the worst first."""
    wanted = [row for row in rows if _holds(spec.where, spec.of, row)]
    if spec.figure == "share":
        against = spec.better == "lower"
        return [KpiRow(row, None) for row in wanted if _holds(spec.good, spec.of, row) == against]
    if spec.figure == "count":
        return [KpiRow(row, None) for row in wanted if _holds(spec.good, spec.of, row)]
    found = [KpiRow(row, _number(spec.value, spec.of, row)) for row in wanted]
    counted = [each for each in found if each.value is not None]
    sign = -1 if spec.better == "lower" else 1
    return sorted(counted, key=lambda each: sign * (each.value or Decimal(0)))


def _change(value: Decimal | None, baseline: Decimal | None) -> Decimal | None:
    if value is None or not baseline:
        return None
    return _rounded((value - baseline) / abs(baseline) * 100)


def _met(value: Decimal | None, spec: KpiSpec) -> bool | None:
    if value is None or spec.target is None:
        return None
    return value <= spec.target if spec.better == "lower" else value >= spec.target


def _holds(formula: str | None, of: RecordSet, row: Row) -> bool:
    return formula is None or _evaluated(formula, of, row) is True


def _number(formula: str | None, of: RecordSet, row: Row) -> Decimal | None:
    value = _evaluated(formula, of, row) if formula is not None else None
    return value if isinstance(value, Decimal) else None


def _evaluated(formula: str, of: RecordSet, row: Row) -> Any:
    return _compiled(formula, of).evaluate(row.values)


@lru_cache(maxsize=500)
def _compiled(formula: str, of: RecordSet) -> feel.Expression:
    return feel.compile(formula, FIELDS[of])


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_PLACES).normalize() + 0


def _as_json(definition: Mapping[str, Any]) -> str:
    return json.dumps(definition, ensure_ascii=False, default=_exact)


def _exact(value: object) -> int | float:
    exact = Decimal(str(value))
    return int(exact) if exact == exact.to_integral_value() else float(exact)
