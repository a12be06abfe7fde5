"""Runs the benchmarks and keeps their figures: ``make bench``, or ``python -m bench.run NAME … -- OPTION …``.

The convention: each module beside this one is a benchmark. Its docstring's first line says what it
measures. It has ``main(argv: list[str]) -> None``, which prints lines for people and, last, one line of
JSON: ``{"figures": {"SQLite, instances/s": 8000, …}}``, figures in the order they should be read. It
runs as a process of its own, so that none warms up another; it is given the options. What a benchmark
needs and cannot have it says in a line ``SKIP: reason`` and exits with 0.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from tools import check, docs, services, stamp

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results"


def benchmarks() -> dict[str, Path]:
    """Return the benchmarks by name: the modules here that have a ``main``, this one excepted."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
        if has_main and path.stem != "run":
            found[path.stem] = path
    return found


def main(argv: list[str]) -> None:
    """Run the benchmarks named, or all, and write docs/reference/performance.md."""
    known = benchmarks()
    place = argv.index("--") if "--" in argv else len(argv)
    argv, options = argv[:place], argv[place + 1 :]
    unknown = [name for name in argv if name not in known]
    if unknown:
        sys.exit(f"Expected some of {', '.join(known)}, but got {', '.join(unknown)}.")
    prepared = services.prepare({"postgres"})
    try:
        good = [_run(name, known[name], prepared.environment, options) for name in argv or known]
    finally:
        prepared.close()
    docs.write_all()
    sys.exit(0 if all(good) else 1)


def _run(name: str, path: Path, environment: dict[str, str], options: list[str] | None = None) -> bool:
    print(f"== {name}", flush=True)
    program = f"import sys; from bench.{name} import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *(options or [])],
        cwd=check.ROOT, env={**check.environment(), **environment}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    last = ""
    for line in process.stdout:
        print(f"   {line}", end="", flush=True)
        last = line.strip() or last
    if process.wait():
        print(f"   FAILED with exit status {process.returncode}")
        return False
    if last.startswith("SKIP:"):
        return True
    try:
        figures = json.loads(last)["figures"]
    except (ValueError, KeyError, TypeError):
        print('   FAILED: expected a last line {"figures": {…}}')
        return False
    summary = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or name).split("\n")[0]
    entry = {"name": name, "summary": summary, **stamp.of_this_tree(), "figures": figures}
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(entry, ensure_ascii=False, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
