"""What holds for every test: its kind, its budget, and what it needs from outside.

Fixtures here are for all kinds; what one kind alone shares stands in its own ``conftest.py``.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from support.kinds import KINDS, OTHER, ROOM, Kind, kind_of, places, shared_by
from support.proof import ProofRecord
from tools import machine, services

# How long one example takes says something of the machine, nothing of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

STRICT = os.environ.get("CI") == "true"

_seconds: dict[Kind, float] = defaultdict(float)
_counts: dict[Kind, int] = defaultdict(int)
_found: dict[str, str | None] = {}
_watch = machine.Watch()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files in the order of ``support.kinds``."""
    files = {item.path: item.nodeid.split("::")[0] for item in items}
    found = places(files.values())
    items.sort(key=lambda item: found[shared_by(files[item.path])])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Give each process one file after the other, and the files that share a factory to one process."""
    return ByShare(config, log) if config.getoption("dist") == "loadfile" else None


class ByShare(LoadFileScheduling):
    """Several files of tests count as one where they share something that takes long to start."""

    def _split_scope(self, nodeid: str) -> str:
        return shared_by(nodeid.split("::")[0])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test, or fail it under ``CI=true``, where a service it needs is not there."""
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            service = services.SERVICES[name]
            if name not in _found:
                _found[name] = service.find()
            if _found[name] is None:
                sentence = f"needs {name}: {service.advice}"
                if STRICT:
                    pytest.fail(sentence, pytrace=False)
                pytest.skip(sentence)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the time of each kind, set-up and tear-down too."""
    kind = kind_of(_root / report.nodeid.split("::")[0])
    _seconds[kind] += report.duration
    _counts[kind] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each kind took and what could not run here."""
    for kind in (*KINDS, OTHER):
        if _counts[kind]:
            late = "  ABOVE ITS BUDGET" if _seconds[kind] > _budget_of(kind) else ""
            took = f"{_seconds[kind]:7.1f} s of {_budget_of(kind):4.0f} s"
            terminalreporter.write_line(f"{kind.name:13} {_counts[kind]:6} tests {took}{late}")
    for reason, count in sorted(_skips(terminalreporter).items()):
        terminalreporter.write_line(f"{count} skipped: {reason}", yellow=True)


def _budget_of(kind: Kind) -> float:
    return kind.budget_s * _slowness()


@cache
def _slowness() -> float:
    return _watch.stop()


def _skips(terminalreporter: pytest.TerminalReporter) -> Counter[str]:
    reports = terminalreporter.stats.get("skipped", [])
    reasons = (
        report.longrepr[2] if isinstance(report.longrepr, tuple) else "no reason" for report in reports
    )
    return Counter(reason.removeprefix("Skipped: ") for reason in reasons)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run under ``CI=true`` where a kind took longer than its budget."""
    if hasattr(session.config, "workerinput"):
        # One of several processes: the one that gathers the results judges.
        return
    is_proof = str(session.config.getoption("markexpr")).startswith("proof")
    late = [kind.name for kind, seconds in _seconds.items() if seconds > ROOM * _budget_of(kind)]
    if STRICT and late and exitstatus == 0 and not is_proof:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    """Remember where the repository lies, and which services' names exist."""
    global _root
    _root = config.rootpath
    if STRICT and not hasattr(config, "workerinput"):
        _watch.start()


@pytest.fixture
def postgres_url() -> str:
    """The address of a PostgreSQL where tests may create databases; use with ``needs("postgres")``."""
    address = _found.get("postgres")
    assert address, "mark the test with @pytest.mark.needs('postgres')"
    return address


@pytest.fixture
def proof_record(request: pytest.FixtureRequest) -> ProofRecord:
    """Keep the figures of a long run for docs/reference/proof.md; see ``support.proof``."""
    return ProofRecord(test=request.node.nodeid)
