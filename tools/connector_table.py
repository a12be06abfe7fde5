"""The page that says which connector passes which case of the suite; read from the tests' source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "src" / "lineshaft" / "sdk" / "suite.py"
FOLDER = ROOT / "tests" / "conformance" / "connectors"
COLUMNS = {
    "TestHttpConnector": "HTTP manifests",
    "TestTrytonConnector": "Tryton (double)",
    "SqlSuite": "SQL staging (PostgreSQL, MariaDB)",
    "FilesSuite": "files (SFTP)",
    "BrokerSuite": "RabbitMQ, MQTT",
}
"""Test classes and what a reader calls them."""


def page() -> str:
    """Return the table: a case per row, a connector per column."""
    cases = list(_cases("ConnectorSuite", SUITE))
    own = {name: found for path in sorted(FOLDER.glob("test_*.py")) for name, found in _classes(path)}
    known = [name for name in COLUMNS if name in own]
    lines = [
        "# What every connector passes",
        "",
        "One suite runs against every connector, over a real connection to a server that can be told how to",
        "fail (`lineshaft.sdk.suite`). A third party's connector subclasses it the same way. ✓ as it stands;",
        "◆ in a form of its own, because the target differs; – the target has no such thing.",
        "",
        f"| case | {' | '.join(COLUMNS[name] for name in known)} |",
        f"|---|{'|'.join(':-:' for _ in known)}|",
    ]
    for case in cases:
        marks = [_mark(own[name], case) for name in known]
        lines.append(f"| {case.removeprefix('test_').replace('_', ' ')} | {' | '.join(marks)} |")
    lines += [
        "",
        "HTTP manifests run the suite once for each of five kinds of credentials. What only they do",
        "(signatures, paging, envelopes, files of 50 MB, drift) is tested beside it: see",
        "[manifests](../manifest.md) and [recipes](../recipes.md).",
    ]
    return "\n".join(lines) + "\n"


def _cases(name: str, path: Path) -> Iterator[str]:
    for found, names in _classes(path):
        if found == name:
            yield from names


def _classes(path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each class with its cases: ``def`` where it has a body, ``none`` where it is taken out."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        names: dict[str, str] = {}
        for each in node.body:
            if isinstance(each, ast.AsyncFunctionDef | ast.FunctionDef) and each.name.startswith("test_"):
                names[each.name] = "def"
            elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                names[each.targets[0].id] = "none"
        yield node.name, names


def _mark(own: Mapping[str, str], case: str) -> str:
    return {"def": "◆", "none": "–"}.get(own.get(case, ""), "✓")
