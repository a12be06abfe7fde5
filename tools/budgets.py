"""Keeps files and functions small: a ratchet, run by ``make check``.

New code keeps the hard limits. What was above them when it was written stands in
``tools/budget_allow.txt`` with its size, one ``path lines`` or ``path::function lines`` per line; such a
thing may shrink but not grow, and an entry that is no longer needed must go. So the list only gets
shorter.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tools", "tests", "bench")
FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 60
POSITIONAL_MAX = 5
MEMORY = ".cache/budgets.json"
_RULES = f"{FILE_LINES_MAX} {FUNCTION_LINES_MAX} {POSITIONAL_MAX}".encode()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing above its limit: ``subject`` as the list of exceptions names it."""

    subject: str
    size: int
    limit: int
    what: str

    def __str__(self) -> str:
        return f"{self.subject}: expected at most {self.limit} {self.what}, but it has {self.size}"


def findings_in(root: Path) -> Iterator[Finding]:
    """Yield everything below ``root`` that is above a limit."""
    known, now = _remembered(root), {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            name, source = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
            digest = blake2b(f"{name}\n{source}".encode(), key=_RULES).hexdigest()
            found = known.get(digest)
            if found is None:
                found = [list(astuple(each)) for each in _findings_of(source, name)]
            now[digest] = found
            yield from (Finding(*each) for each in found)
    if now.keys() != known.keys():
        memory = root / MEMORY
        memory.parent.mkdir(exist_ok=True)
        memory.write_text(json.dumps(now), encoding="utf-8")


def _remembered(root: Path) -> dict[str, list[Any]]:
    """Return what was found in files that have not changed since: to read a tree of each takes seconds."""
    try:
        found: dict[str, list[Any]] = json.loads((root / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _findings_of(source: str, name: str) -> Iterator[Finding]:
    lines = source.count("\n")
    if lines > FILE_LINES_MAX:
        yield Finding(name, lines, FILE_LINES_MAX, "lines in a file")
    for qualified, function in functions_in(ast.parse(source, filename=name)):
        length = _length(function)
        if length > FUNCTION_LINES_MAX:
            yield Finding(f"{name}::{qualified}", length, FUNCTION_LINES_MAX, "lines in a function")
        positional = [*function.args.posonlyargs, *function.args.args]
        count = len(positional) - (1 if positional and positional[0].arg in {"self", "cls"} else 0)
        if count > POSITIONAL_MAX and not name.startswith("tests/"):
            yield Finding(f"{name}::{qualified}()", count, POSITIONAL_MAX, "positional arguments")


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_in(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Yield every function below ``node`` with its qualified name."""
    for child in _statements_of(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
            yield from functions_in(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from functions_in(child, f"{prefix}{child.name}.")
        else:
            yield from functions_in(child, prefix)


def _statements_of(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements right below ``node``: no function stands in an expression."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        yield from getattr(node, part, ())


def _length(function: Function) -> int:
    """Count a function's lines without its decorators and docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def allowed(root: Path) -> dict[str, int]:
    """Read the list of exceptions: subject to the size it may have."""
    sizes = {}
    for line in (root / "tools" / "budget_allow.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            subject, size = line.rsplit(" ", 1)
            sizes[subject] = int(size)
    return sizes


def complaints(root: Path = ROOT) -> list[str]:
    """Return what is too big, and the exceptions that are not needed any more."""
    exceptions = allowed(root)
    found = {finding.subject: finding for finding in findings_in(root)}
    texts = [
        str(finding)
        + (f" (it was {exceptions[subject]}; it may only shrink)" if subject in exceptions else "")
        for subject, finding in found.items()
        if finding.size > exceptions.get(subject, 0)
    ]
    texts += [
        f"tools/budget_allow.txt: {subject} {size} is not needed any more: "
        + (f"write {found[subject].size}" if subject in found else "remove the line")
        for subject, size in exceptions.items()
        if subject not in found or found[subject].size < size
    ]
    return texts


def main() -> None:
    """Print what is wrong; the exit status tells whether anything is.

    ``--list`` prints everything above a limit, as lines of the list of exceptions.
    """
    if "--list" in sys.argv[1:]:
        print("\n".join(sorted(f"{finding.subject} {finding.size}" for finding in findings_in(ROOT))))
        return
    texts = complaints()
    print("\n".join(texts) or "budgets: every file and function is within its limits")
    sys.exit(1 if texts else 0)


if __name__ == "__main__":
    main()
