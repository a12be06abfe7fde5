"""The house rules that no other tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from architecture.conftest import ROOT
from support.kinds import KINDS
from tools import console, lock, services
from tools.test import LIMIT_S, TOGETHER

SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
IMPORT = re.compile(
    r"^[ \t]*(?:from ([\w.]+) import |import ([\w.]+)(?: as \w+)?[ \t]*(?:#.*)?$)", re.MULTILINE
)
DOCSTRING = re.compile(r"(?:#.*\n)*r?\"\"\"")
TEST_FUNCTION = re.compile(r"^[ \t]*(?:async )?def (test\w*)\(", re.MULTILINE)
HOUSE = {"lineshaft", "lineshaft_packs", "plantbox"}
TEXT_SUFFIXES = {
    "", ".bpmn", ".cfg", ".css", ".csv", ".dmn", ".html", ".ini", ".js", ".json", ".md", ".py", ".sh", ".sql",
    ".svg", ".toml", ".ts", ".tsx", ".txt", ".xml", ".yaml", ".yml",
}  # fmt: skip


def files_of_the_project() -> list[Path]:
    """Return what git keeps, or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        check=True, cwd=ROOT, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@cache
def text_of(path: Path) -> str:
    """Return what a file holds; several rules look at it."""
    return path.read_text(encoding="utf-8")


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of each machine's own configuration."""
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com", "yarnpkg" + ".com"]
    hosts += ["npmmirror" + ".com", "crates" + ".io", "proxy.golang" + ".org", "rubygems" + ".org"]
    found = re.compile("|".join(map(re.escape, hosts)))
    guilty = [
        names(path)
        for path in files_of_the_project()
        if path.suffix in TEXT_SUFFIXES and found.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert guilty == []


def test_locks_hold_names_and_versions_alone() -> None:
    pin = re.compile(r"[a-z0-9-]+==[^\s;]+(; platform_system != 'Windows')?")
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line.startswith("#") or pin.fullmatch(line), f"{names(path)}: {line}"
    package_lock = console.WEB / "package-lock.json"
    assert '"resolved": "http' not in package_lock.read_text(encoding="utf-8")


@pytest.mark.parametrize("group", ["runtime", "build", "dev", "bench", "node", "postgres"])
def test_locks_answer_what_is_declared(group: str) -> None:
    """Fails after a change of dependencies until `make lock` has run."""
    pins = {**lock.locked("runtime"), **lock.locked(group)}
    for requirement in lock.declared()[group]:
        name, _, version = requirement.split(";")[0].strip().partition("==")
        assert version, f"{requirement}: expected an exact version"
        assert pins.get(lock.canonical(name)) == version


def test_build_tools_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["requires"] == project["dependency-groups"]["build"]
    assert project["dependency-groups"]["node"] == [console.NODE_REQUIREMENT]


def test_every_imported_package_is_declared() -> None:
    """What another package happens to bring along may go away with it."""
    declared = {
        lock.canonical(re.split(r"[=;\s]", requirement)[0]) for requirement in lock.declared()["runtime"]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # Drivers that only some plants have: named like their package, and imported where they are needed.
    extras = {
        lock.canonical(re.split(r"[=;\s]", requirement)[0])
        for requirements in project["optional-dependencies"].values()
        for requirement in requirements
    }
    distributions = packages_distributions()
    missing = set()
    for path in SOURCES:
        for package in imported_packages(text_of(path)):
            if package in sys.stdlib_module_names or package in HOUSE:
                continue
            answers = {lock.canonical(name) for name in distributions.get(package, [])}
            if not answers & declared and lock.canonical(package) not in extras:
                missing.add(f"{names(path)}: {package}")
    assert sorted(missing) == []


def imported_packages(source: str) -> set[str]:
    """Return the packages that a file names, read line by line: a tree of every file takes seconds."""
    return {(module or other).split(".")[0] for module, other in IMPORT.findall(source)}


def test_public_names_are_there() -> None:
    """That they are sorted is the linter's business (RUF022)."""
    for path in SOURCES:
        if "__all__" not in text_of(path):
            continue
        tree = ast.parse(text_of(path))
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                public = ast.literal_eval(node.value)
                assert len(public) == len(set(public)), names(path)
                assert set(public) <= bound_names(tree), names(path)


def bound_names(tree: ast.Module) -> set[str]:
    bound: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Assign):
            bound.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign):
            bound.add(ast.unparse(node.target))
    return bound


def test_modules_say_what_they_are_for() -> None:
    silent = [names(path) for path in SOURCES if not DOCSTRING.match(text_of(path))]
    assert silent == []


def test_names_of_modules_have_a_subject() -> None:
    empty = {"utils", "util", "helpers", "common", "misc"}
    assert [
        names(path) for path in SOURCES if empty & {part.removesuffix(".py") for part in path.parts}
    ] == []


REAL_TIME = {
    "tests/integration/engine/test_flow_two_ways.py",
    "tests/support/flow_lab.py",
    *(f"tests/support/{name}.py" for name in ("crash_lab", "crash_worker", "recording_target", "cut_wire")),
    *(f"tests/support/{name}.py" for name in ("fault_acts", "fault_lab", "fault_nursery", "faulty_target")),
    "tests/integration/engine/test_two_workers.py",
    "tests/integration/security/test_ldap.py",
}
"""Real processes are started, killed and stopped there for longer than a lease: that takes real time."""


def test_no_test_sleeps() -> None:
    """Tests wait for what they wait for, or move a clock; the simulation sleeps on its own clock."""
    simulation = ROOT / "tests" / "simulation"
    found = [
        f"{names(path)}:{line}"
        for path in TESTS
        if names(path) not in REAL_TIME
        for line in sleeps(path.read_text(encoding="utf-8"), virtual=path.is_relative_to(simulation))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import time\ntime.sleep(0.1)\n", [2]),
        ("import time as t\nt.sleep(1)\n", [2]),
        ("from time import sleep as nap\nnap(1)\n", [2]),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(1)\n", [3]),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n", []),
        ("import asyncio\nasync def f(gap):\n    await asyncio.sleep(gap)\n", [3]),
    ],
)
def test_sleeps_are_found(source: str, lines: list[int]) -> None:
    assert sleeps(source) == lines


def sleeps(source: str, virtual: bool = False) -> list[int]:
    """Return the lines that sleep; ``asyncio.sleep(0)`` only gives way.

    Where the event loop's clock is ``virtual``, ``asyncio.sleep`` takes no time.
    """
    if "sleep" not in source:
        return []
    tree = ast.parse(source)
    modules = {"time"} if virtual else {"time", "asyncio"}
    aliases = {name: name for name in modules}
    direct: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            direct.update(alias.asname or alias.name for alias in node.names if alias.name == "sleep")
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="sleep"), args=[given, *_]):
                is_sleep = aliases.get(owner) in modules
            case ast.Call(func=ast.Name(id=name), args=[given, *_]):
                is_sleep = name in direct
            case _:
                continue
        if is_sleep and not (isinstance(given, ast.Constant) and given.value == 0):
            found.append(node.lineno)
    return found


def test_tests_meet_servers_where_they_were_told_to() -> None:
    """A host without its port means the machine's own server, which other machines need not have."""
    settings = re.compile(r'\{[^{}]*"host": *"127\.0\.0\.1"[^{}]*\}')
    guilty = [
        f"{names(path)}: {found[0]}"
        for path in TESTS
        for found in settings.finditer(path.read_text(encoding="utf-8"))
        if '"port"' not in found[0]
    ]
    assert guilty == []


def test_every_folder_of_tests_is_a_kind() -> None:
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py"))
    }
    assert folders <= {kind.name for kind in KINDS}


def test_budgets_of_all_kinds_fit_into_what_a_run_may_take() -> None:
    # So many files run at a time, after the half minute of making ready.
    together = int(TOGETHER[TOGETHER.index("-n") + 1])
    assert sum(kind.budget_s for kind in KINDS) <= together * (LIMIT_S - 30)


def test_needs_name_services_that_are_known() -> None:
    for path in TESTS:
        for arguments in re.findall(r"mark\.needs\(([^)]*)\)", path.read_text(encoding="utf-8")):
            assert set(re.findall(r"[\"']([\w-]+)[\"']", arguments)) <= services.SERVICES.keys(), names(path)


def test_decisions_are_named_by_their_date() -> None:
    pages = [path for path in (ROOT / "docs" / "adr").glob("*.md") if path.name != "README.md"]
    assert pages
    for path in pages:
        assert re.fullmatch(r"20\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])-[a-z0-9-]+\.md", path.name), path.name
        text = path.read_text(encoding="utf-8")
        for heading in ("# ", "State: ", "## Context", "## Decision", "## Consequences", "## Rejected"):
            assert re.search(rf"^{re.escape(heading)}", text, re.MULTILINE), f"{path.name}: no {heading!r}"


def test_decisions_name_every_dependency() -> None:
    """A new dependency needs its line: what it saves, its weight, its exit, its licence."""
    page = (ROOT / "docs" / "adr" / "20261122-dependencies.md").read_text(encoding="utf-8").lower()
    for group in ("runtime", "dev", "bench", "node", "postgres"):
        for requirement in lock.declared()[group]:
            name = re.split(r"[=;\s]", requirement)[0].lower()
            assert f"| {name} " in page, f"docs/adr/20261122-dependencies.md has no line for {name}"


def test_functions_of_tests_state_a_behaviour() -> None:
    """`test_1` and `test_it` say nothing when they fail."""
    for path in TESTS:
        for name in TEST_FUNCTION.findall(text_of(path)):
            assert re.fullmatch(r"test(_[a-z0-9]+){2,}", name), f"{names(path)}: {name}"
