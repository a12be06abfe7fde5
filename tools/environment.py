"""Makes ``.venv`` and fills it: ``python3 tools/environment.py runtime|dev|node|postgres``.

Runs before anything is installed, with whatever Python started it, so it uses the standard library
only. It never touches the Python it runs on: everything goes into ``.venv``. Versions come from
``requirements/`` (see ``tools/lock.py``); from where they are fetched is the business of the machine's
own pip configuration.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

GROUPS = {
    "runtime": ["runtime.txt", "build.txt"],
    "dev": ["dev.txt", "runtime.txt", "build.txt"],
    "bench": ["bench.txt", "dev.txt", "runtime.txt", "build.txt"],
    "node": ["node.txt"],
    "postgres": ["postgres.txt"],
}
"""What can be asked for, and the files in ``requirements/`` it stands for."""


def main(arguments: list[str]) -> None:
    """Install the groups named on the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before we know which Python it is
        sys.exit(
            f"Expected Python 3.11 or newer, but {sys.executable} is "
            f"{sys.version_info.major}.{sys.version_info.minor}. "
            "Name a newer one: make PYTHON=/path/to/python3.11 ..."
        )
    unknown = [name for name in arguments if name not in GROUPS]
    if unknown or not arguments:
        sys.exit(f"Expected some of {', '.join(GROUPS)}, but got {unknown or 'nothing'}.")
    for group in arguments:
        install(group)


def install(group: str) -> None:
    """Install one group into ``.venv``, which is made where it is missing or broken."""
    if not _works(PYTHON):
        _make_venv()
    files = [ROOT / "requirements" / name for name in GROUPS[group]]
    print(f"setup: installing {group} into .venv", flush=True)
    _pip(*[part for file in files for part in ("-r", str(file))])
    if group == "runtime":
        # The console is built by `make web`; a working tree does not wait for it.
        _pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    (VENV / f".{group}").touch()


def _pip(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    finished = subprocess.run(
        [*command, *arguments], check=False, env={**os.environ, "PYTHONNOUSERSITE": "1"}
    )
    if finished.returncode:
        sys.exit(
            "setup: pip could not install (its words stand above). "
            "Is the network there, and is pip configured for it (pip config list)?"
        )


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([str(python), "-c", probe], check=False, capture_output=True).returncode == 0


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv", str(VENV)]
    first = subprocess.run(command, check=False, capture_output=True, text=True)
    if first.returncode == 0:
        return
    # Debian ships Python without the part of venv that brings pip.
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print(f"setup: {package} is missing; installing it with apt-get", flush=True)
        quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdin": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)  # type: ignore[call-overload]
        subprocess.run(["apt-get", "install", "-y", "-qq", package], check=False, **quiet)  # type: ignore[call-overload]
        shutil.rmtree(VENV, ignore_errors=True)
        first = subprocess.run(command, check=False, capture_output=True, text=True)
        if first.returncode == 0:
            return
    sys.exit(
        f"setup: {' '.join(command)} failed:\n{first.stdout}{first.stderr}\n"
        f"On Debian or Ubuntu this helps: apt-get install {package}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
