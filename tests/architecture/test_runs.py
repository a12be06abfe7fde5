"""The runs keep their promises: skips are counted, budgets bite under CI, figures are recorded."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.conftest import ROOT
from tools import check, machine

NEEDS_BROWSER = '@pytest.mark.needs("browser")\ndef test_page_opens_in_browser():\n    pass\n'
PASSES = "def test_one_is_one():\n    assert 1 == 1\n"
PROOF = """
@pytest.mark.proof
def test_storm_loses_nothing(proof_record):
    proof_record("storm", {"steps": 1_000_000, "violations": 0}, seed=4711)
"""


class Project:
    """A small project with this one's runner."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("tools", "tests/support"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "tests" / "conftest.py", root / "tests")
        shutil.copy(ROOT / "pyproject.toml", root)

    def add(self, kind: str, source: str, name: str = "test_sample.py") -> None:
        folder = self.root / "tests" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"import pytest\n\n{source}")

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        environment = {
            key: value for key, value in os.environ.items() if key not in {"CI", "LINESHAFT_PROOF_RECORD"}
        }
        environment |= {
            "PYTHONPATH": f"{ROOT / 'src'}",
            "LINESHAFT_TEST_BROWSER": "/nowhere/chromium",
        } | variables
        return self._run([sys.executable, "-m", *(arguments or ("pytest",))], environment)

    def run_code(self, code: str) -> tuple[int, str]:
        return self._run([sys.executable, "-c", code], {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}"})

    def _run(self, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
        finished = subprocess.run(
            command, check=False, cwd=self.root, capture_output=True, text=True, env=environment
        )
        return finished.returncode, finished.stdout + finished.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_missing_service_is_a_counted_skip_on_a_users_machine(project: Project) -> None:
    project.add("unit", PASSES + NEEDS_BROWSER)
    status, words = project.run()
    assert status == 0
    assert "1 skipped: needs browser: install Chromium" in words
    assert "1 passed, 1 skipped" in words


def test_missing_service_is_a_failure_under_ci(project: Project) -> None:
    project.add("unit", PASSES + NEEDS_BROWSER)
    status, words = project.run(CI="true")
    assert status != 0
    assert "needs browser: install Chromium" in words
    assert "1 passed, 1 error" in words


@pytest.mark.parametrize(("ci", "expected"), [("", 0), ("true", 1)])
def test_kind_above_its_budget_fails_under_ci_only(project: Project, ci: str, expected: int) -> None:
    kinds = project.root / "tests" / "support" / "kinds.py"
    text = kinds.read_text(encoding="utf-8")
    kinds.write_text(re.sub(r'Kind\("unit", \d+', 'Kind("unit", 0', text), encoding="utf-8")
    project.add("unit", PASSES)
    status, words = project.run(CI=ci)
    assert status == expected
    assert "ABOVE ITS BUDGET" in words


def test_budgets_of_a_slower_machine_are_longer_and_have_an_end(project: Project) -> None:
    project.add("unit", PASSES)
    _, words = project.run(LINESHAFT_TEST_SLOWNESS="1.50")
    assert f"of {160 * 1.5:4.0f} s" in words
    reference = machine.REFERENCE_S
    assert machine.factor([]) == machine.factor([reference / 2, reference, 9.0]) == 1
    assert machine.factor([reference, reference * 1.2, 9.0]) == pytest.approx(1.2)
    assert machine.factor([9.0]) == machine.MOST
    assert 1 <= machine.Watch().start().stop() <= machine.MOST


def test_slower_machine_makes_fewer_random_trials_but_never_less_than_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for slowness, expected in (("0.5", 2000), ("1.0", 2000), ("1.6", 1250), ("9.0", 1000)):
        monkeypatch.setenv(machine.VARIABLE, slowness)
        assert machine.effort(2000) == expected


def test_what_keeps_a_core_busy_runs_first_with_what_waits_between(project: Project) -> None:
    project.add("unit", PASSES, "test_b.py")
    project.add("e2e", PASSES, "test_d.py")
    project.add("simulation", PASSES, "test_a.py")
    project.add("integration", PASSES, "test_c.py")
    _, words = project.run("pytest", "-v")
    places = [words.index(f"tests/{kind}/") for kind in ("e2e", "integration", "simulation", "unit")]
    assert places == sorted(places)


def test_long_runs_are_left_out_of_other_commands(project: Project) -> None:
    project.add("simulation", PASSES + PROOF)
    status, words = project.run()
    assert status == 0
    assert "1 passed, 1 deselected" in words


def test_long_run_is_recorded_with_commit_and_seed_and_shown_on_the_page(project: Project) -> None:
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *command], check=True, cwd=project.root)
    project.add("simulation", PROOF)
    status, words = project.run("pytest", "-m", "proof", LINESHAFT_PROOF_RECORD="1")
    assert status == 0, words
    entry = json.loads(
        (project.root / "docs" / "reference" / "proof" / "storm.json").read_text(encoding="utf-8")
    )
    assert entry["seed"] == 4711
    assert entry["figures"] == {"steps": 1_000_000, "violations": 0}
    assert len(entry["commit"]) == 12
    _, page = project.run_code("from tools import docs; print(docs.proof())")
    assert "## storm" in page
    assert "seed `4711`" in page
    assert "| steps | 1,000,000 |" in page


def test_long_run_that_fails_records_nothing(project: Project) -> None:
    project.add("simulation", PROOF.replace("    proof_record", "    assert False\n    proof_record"))
    status, _ = project.run("pytest", "-m", "proof", LINESHAFT_PROOF_RECORD="1")
    assert status == 1
    assert not (project.root / "docs" / "reference" / "proof").exists()


BENCHMARK = '''"""Counts to three."""
import json


def main(argv):
    print("counting")
    print(json.dumps({"figures": {"numbers/s": 3.5}}))
'''


@pytest.mark.parametrize(
    ("source", "good", "kept"),
    [
        (BENCHMARK, True, True),
        (BENCHMARK.replace("print(json", "str(json"), False, False),
        (BENCHMARK.replace('    print("counting")', '    raise SystemExit("broken")'), False, False),
        (BENCHMARK.replace("print(json.dumps(", "print('SKIP: no scale'); str(("), True, False),
    ],
    ids=["good", "without figures", "failing", "skipped"],
)
def test_benchmark_is_run_and_kept(project: Project, source: str, good: bool, kept: bool) -> None:
    (project.root / "bench").mkdir()
    shutil.copy(ROOT / "bench" / "__init__.py", project.root / "bench")
    shutil.copy(ROOT / "bench" / "run.py", project.root / "bench")
    (project.root / "bench" / "counting.py").write_text(source)
    command = "from bench import run; print(run._run('counting', run.benchmarks()['counting'], {}))"
    _, words = project.run_code(command)
    assert str(good) in words.splitlines()
    result = project.root / "bench" / "results" / "counting.json"
    assert result.exists() is kept
    if kept:
        entry = json.loads(result.read_text(encoding="utf-8"))
        assert entry["summary"] == "Counts to three."
        assert entry["figures"] == {"numbers/s": 3.5}


def test_build_server_runs_the_readmes_test_command_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "exec make test" in script.read_text(encoding="utf-8")


def test_fast_tests_are_each_in_one_process_of_the_check() -> None:
    tests = check.ROOT / "tests"
    lanes = check.fast_lanes(tests)
    run = [path for lane in lanes for each in lane for path in sorted([each, *each.rglob("test_*.py")])]
    files = [path for path in run if path.suffix == ".py"]
    wanted = {
        path for each in check.FAST_TESTS for path in [tests / each, *(tests / each).rglob("test_*.py")]
    }
    assert len(files) == len(set(files))
    assert set(files) == {path for path in wanted if path.suffix == ".py"}
