"""Keeps the pure rooms pure where import contracts cannot see it; part of ``make check``.

The import contracts forbid modules; this finds what needs no import: built-in functions that touch the
world, methods of paths that touch the disk, and clocks of ``datetime``. ``load(path)`` is the named
exemption: a module-level function of that name (or ``load_…``) may read the file it was given.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PURE_ROOMS = ("base", "feel", "canonical", "dmn", "mapping", "bpmn")
FORBIDDEN_CALLS = {"open", "print", "input", "eval", "exec", "__import__", "breakpoint"}
EXEMPT = {("src/lineshaft/feel/emitter.py", "exec()")}
"""Compiled expressions: source that the emitter wrote itself from a checked tree, never a user's text."""

DISK_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rglob", "iterdir"}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}


def complaints(root: Path = ROOT) -> list[str]:
    """Return every impure call in the pure rooms below ``root``."""
    found = []
    for room in PURE_ROOMS:
        for path in sorted((root / "src" / "lineshaft" / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            name = path.relative_to(root).as_posix()
            found += [
                f"{name}:{line}: {what} has no place in a pure room"
                for line, what in _impure(tree)
                if (name, what) not in EXEMPT
            ]
    return found


def _impure(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for statement in tree.body:
        is_load = isinstance(statement, ast.FunctionDef) and statement.name.split("_")[0] == "load"
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(id=name) if name in FORBIDDEN_CALLS and not (is_load and name == "open"):
                    yield node.lineno, f"{name}()"
                case ast.Attribute(value=ast.Name(id=owner), attr=method) if (owner, method) in CLOCKS:
                    yield node.lineno, f"{owner}.{method}()"
                case ast.Attribute(attr=method) if method in DISK_METHODS and not is_load:
                    yield node.lineno, f".{method}()"


def main() -> None:
    """Print what is impure; the exit status tells whether anything is."""
    texts = complaints()
    print("\n".join(texts) or "purity: the pure rooms touch nothing of the world")
    sys.exit(1 if texts else 0)


if __name__ == "__main__":
    main()
