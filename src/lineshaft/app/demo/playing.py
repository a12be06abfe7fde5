"""Plays scenarios on a factory and judges them row by row, also under faults drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.stage import TROUBLE, Check, Row, Scenario, Stage, Unmet
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.text import Language

SPEED: Final = 14_400.0
FAULTS_AT_ONCE: Final = 3
"""So many faults are drawn for each system that may be broken."""


@dataclass(frozen=True, slots=True)
class Played:
    """One row as it went."""

    row: Row
    checks: tuple[Check, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return bool(self.checks) and all(each.good for each in self.checks)


@dataclass(slots=True)
class Verdict:
    """A scenario as it went."""

    scenario: Scenario
    seed: int | None
    rows: list[Played] = field(default_factory=list)
    books: object = None
    struck: dict[str, int] = field(default_factory=dict)
    """How often faults struck, by system."""

    @property
    def passed(self) -> bool:
        """Whether every row passed."""
        return all(each.passed for each in self.rows) and len(self.rows) == len(self.scenario.rows)

    @property
    def digest(self) -> str:
        """Return a short name of the documents at the end: two runs with the same one ended the same."""
        return blake2b(repr(self.books).encode(), digest_size=6).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "scenario": self.scenario.name,
            "passed": self.passed,
            "fault_seed": self.seed,
            "faults_struck": self.struck,
            "documents": self.books,
            "documents_digest": self.digest,
            "rows": [
                {
                    "id": each.row.id,
                    "title": each.row.title.to_dict(),
                    "passed": each.passed,
                    "seconds": round(each.seconds, 1),
                    "checks": [
                        {"what": c.what, "good": c.good, "expected": c.expected, "came": c.came}
                        for c in each.checks
                    ],
                }
                for each in self.rows
            ],
        }


def plan_for(scenario: Scenario, folder: Path, port: int = 0, language: str = "both") -> Plan:
    """Return the factory of a scenario: a fresh one, in a folder of its own."""
    return Plan(
        folder,
        port,
        SPEED,
        systems=scenario.systems,
        options=scenario.options,
        language=language,
        pack=scenario.pack,
        hub_settings={
            "engine.poll_s": "0.1",
            "engine.retry_gaps_s": "[0.3, 0.6, 1.2]",
            "alerts.look_s": "0.5",
        },
    )


async def play(
    scenario: Scenario, plan: Plan, tell: Callable[[str, str], None], seed: int | None = None
) -> Verdict:
    """Start the factory, play every row, and judge; with a ``seed`` under the faults drawn from it."""
    verdict = Verdict(scenario, seed)
    clock = SystemClock()
    async with Factory(plan, tell) as factory:
        if seed is not None:
            await _break(factory, scenario.faults, random.Random(seed))
        stage = Stage(factory)
        for row in scenario.rows:
            stage.checks = []
            begun = clock.monotonic()
            try:
                await row.play(stage)
            except Unmet:
                pass
            except TROUBLE as error:
                stage.checks.append(
                    Check("", good=False, expected="", came=f"{type(error).__name__}: {error}")
                )
            played = Played(row, tuple(stage.checks), clock.monotonic() - begun)
            verdict.rows.append(played)
            tell(*(line_of(played, language) for language in ("en", "zh")))
        if seed is not None:
            verdict.struck = await _mend(factory, scenario.faults)
        if scenario.books is not None:
            verdict.books = await scenario.books(stage)
    return verdict


async def _break(
    factory: Factory, faults: Mapping[str, Sequence[Mapping[str, Any]]], chance: random.Random
) -> None:
    for system, kinds in sorted(faults.items()):
        for spec in chance.sample(list(kinds), min(FAULTS_AT_ONCE, len(kinds))):
            # Each strikes a few times only: what is broken for good is not what is asked about here.
            often = {"count": chance.randint(1, 3), "probability": round(chance.uniform(0.3, 1.0), 2)}
            await factory.admin(system, "POST", "/faults", {**often, **spec})


async def _mend(factory: Factory, systems: Mapping[str, object]) -> dict[str, int]:
    struck = {}
    for system in sorted(systems):
        found = await factory.admin(system, "GET", "/faults")
        rows = found["faults"] if isinstance(found, dict) else found
        struck[system] = sum(int(each["hits"]) for each in rows)
        await factory.admin(system, "DELETE", "/faults")
    return struck


def line_of(played: Played, language: Language) -> str:
    """Return how a row went in one line, and what was wrong below it."""
    zh = language == "zh"
    word = ("通过" if zh else "pass") if played.passed else ("失败" if zh else "FAIL")
    checks = f"{len(played.checks)} {'项核对' if zh else 'checks'}"
    title = played.row.title.in_language(language)
    lines = [f"{played.row.id:<6} {word}  {title}  ({checks}, {played.seconds:.1f} s)"]
    expected, came = ("应为", "实为") if zh else ("expected", "but found")
    lines += [
        f"       ! {each.what}: {expected} {each.expected}, {came} {each.came}"
        for each in played.checks
        if not each.good
    ]
    return "\n".join(lines)


def summary_of(verdict: Verdict, language: Language) -> str:
    """Return how a scenario went, in one line."""
    good = sum(1 for each in verdict.rows if each.passed)
    total = len(verdict.scenario.rows)
    title = verdict.scenario.title.in_language(language)
    struck = sum(verdict.struck.values())
    if language == "zh":
        faults = "" if verdict.seed is None else f",故障种子 {verdict.seed}(命中 {struck} 次)"
        return f"{title}:{good}/{total} 行通过{faults};单据摘要 {verdict.digest}"
    faults = "" if verdict.seed is None else f", fault seed {verdict.seed} ({struck} faults struck)"
    return f"{title}: {good} of {total} rows pass{faults}; documents {verdict.digest}"
