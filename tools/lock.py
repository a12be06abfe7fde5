"""Writes ``requirements/``: the exact version of every package, those that others bring along too.

``make lock`` runs it after a change of the dependencies in ``pyproject.toml``. Only names and versions
are kept: no addresses and no hashes, so that the same files serve every mirror.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it: lower case, runs of ``-_.`` as one dash."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> dict[str, list[str]]:
    """Return what ``pyproject.toml`` asks for, by the name of the lock file that answers it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups: dict[str, list[str]] = {"runtime": project["project"]["dependencies"]}
    groups.update(project["dependency-groups"])
    return groups


def locked(group: str) -> dict[str, str]:
    """Return name to version as ``requirements/<group>.txt`` has them."""
    pins: dict[str, str] = {}
    for line in (ROOT / "requirements" / f"{group}.txt").read_text(encoding="utf-8").splitlines():
        requirement = line.split("#")[0].split(";")[0].strip()
        if requirement:
            name, _, version = requirement.partition("==")
            pins[canonical(name)] = version
    return pins


def resolve(requirements: list[str]) -> dict[str, str]:
    """Ask pip what ``requirements`` bring along on this machine, without installing it."""
    report = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
         "--disable-pip-version-check", "--report", "-", *requirements],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = json.loads(report.stdout)["install"]
    return {canonical(entry["metadata"]["name"]): entry["metadata"]["version"] for entry in found}


def main() -> None:
    """Resolve every group and write its file; ``dev`` leaves out what ``runtime`` and ``build`` have."""
    groups = declared()
    runtime = resolve(groups["runtime"])
    _write("runtime", runtime, groups["runtime"])
    pins = [f"{name}=={version}" for name, version in runtime.items()]
    for group in ("build", "dev", "bench", "node", "postgres"):
        found = resolve([*groups[group], *pins])
        _write(
            group, {name: version for name, version in found.items() if name not in runtime}, groups[group]
        )


def _write(group: str, versions: dict[str, str], requirements: list[str]) -> None:
    conditions = {}
    for requirement in requirements:
        name, _, condition = requirement.partition(";")
        if condition:
            conditions[canonical(name.split("==")[0])] = f"; {condition.strip()}"
    lines = [f"# Written by `make lock` from pyproject.toml: {group}."]
    lines += [f"{name}=={versions[name]}{conditions.get(name, '')}" for name in sorted(versions)]
    (ROOT / "requirements" / f"{group}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"requirements/{group}.txt: {len(versions)} packages")


if __name__ == "__main__":
    main()
