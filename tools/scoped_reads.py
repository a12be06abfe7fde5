"""Proves that every read of the store takes a ``Scope``: part of ``make check``.

Three findings: a method of the port that takes no ``scope: Scope`` and does not stand on the closed list
below; a method of a make that takes it and never uses it; an SQL text that selects from a table of the
firm's data without naming ``tenant``.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STORE = Path("src/lineshaft/store")
PORT = STORE / "port.py"
PROTOCOL = "Store"

WITHOUT_SCOPE = {
    "life": {"name", "open", "close", "migrate", "now", "listen"},
    "leases": {
        "register_worker",
        "forget_worker",
        "acquire_lanes",
        "renew_lanes",
        "release_lanes",
        "acquire_source",
    },
    "writing": {"commit"},
}
"""The closed list: what of the port returns no data of the firm, by reason."""

TABLES_WITHOUT_TENANT = {
    "alembic_version",
    "generate_series",
    "json_each",
    "lane_lease",
    "pg_class",
    "pg_inherits",
    "source_lease",
    "sqlite_master",
    "unnest",
    "worker",
}
"""What holds nothing of any firm: the store's own bookkeeping, and functions that SQL calls like tables."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def complaints(root: Path = ROOT) -> list[str]:
    """Return every unscoped read below ``root``."""
    port = root / PORT
    if not port.exists():
        return [f"{PORT}: expected the store's port, but there is no such file"]
    protocol = next(
        (
            node
            for node in ast.parse(port.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ClassDef) and node.name == PROTOCOL
        ),
        None,
    )
    if protocol is None:
        return [f"{PORT}: expected a class {PROTOCOL}, but there is none"]
    exempt = set().union(*WITHOUT_SCOPE.values())
    reads = {function.name for function in _public_methods(protocol)} - exempt
    found = [
        f"{PORT}:{function.lineno}: {function.name} takes no `scope: Scope`; every read does "
        "(or it stands on the closed list in tools/scoped_reads.py)"
        for function in _public_methods(protocol)
        if function.name in reads and not _takes_scope(function)
    ]
    for path in sorted((root / STORE).rglob("*.py")):
        if path != port:
            found += _complaints_of_make(path, path.relative_to(root), reads)
    return found


def _complaints_of_make(path: Path, name: Path, reads: set[str]) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in _methods_of_a_make(tree):
        if function.name in reads and not _takes_scope(function):
            yield f"{name}:{function.lineno}: {function.name} takes no `scope: Scope`"
        elif function.name in reads and not _uses_scope(function):
            yield f"{name}:{function.lineno}: {function.name} takes a scope and never uses it"
    for line, text in _texts(tree):
        if re.search(r"\bSELECT\b", text) and not re.search(r"\btenant\b", text):
            tables = set(re.findall(r"\b(?:FROM|JOIN)\s+([a-z_]+)", text)) - TABLES_WITHOUT_TENANT
            if tables:
                yield f"{name}:{line}: SELECT from {', '.join(sorted(tables))} without naming tenant"


def _methods_of_a_make(tree: ast.Module) -> Iterator[Function]:
    """Yield public methods, also those written as functions of ``self`` that a class takes over."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _public_methods(node)
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            positional = statement.args.args
            if positional and positional[0].arg == "self":
                yield statement


def _public_methods(node: ast.ClassDef) -> list[Function]:
    return [
        child
        for child in node.body
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_")
    ]


def _takes_scope(function: Function) -> bool:
    return any(
        argument.arg == "scope"
        and argument.annotation is not None
        and ast.unparse(argument.annotation).strip("\"'") == "Scope"
        for argument in [*function.args.args, *function.args.kwonlyargs]
    )


def _uses_scope(function: Function) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "scope"
        for statement in function.body
        for node in ast.walk(statement)
    )


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every text constant with its line; the parts of an f-string as one text."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def main() -> None:
    """Print what is unscoped; the exit status tells whether anything is."""
    texts = complaints()
    print("\n".join(texts) or "scoped reads: every read of the store takes a scope")
    sys.exit(1 if texts else 0)


if __name__ == "__main__":
    main()
