"""A job worker that was written for Camunda 8, with its own client, works for the hub as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import Served
from .test_outside import ended

PACKAGE = Path(__file__).parent / "camunda"
CACHE = Path(__file__).parents[3] / ".cache" / "camunda-worker"


@pytest.fixture(scope="module")
def installed() -> Path:
    """Install the client once; skipped where there is no Node or no way to get it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no Node on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "worker.mjs"):
        shutil.copy(PACKAGE / name, CACHE / name)
    if not (CACHE / "node_modules" / "@camunda8" / "sdk").is_dir():
        found = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=CACHE, check=False, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        if found.returncode:
            pytest.skip(f"the client cannot be had: {found.stderr[-300:]}")
    return CACHE


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("strategy", ["OAUTH", "BASIC", "BEARER"])
def test_worker_of_a_firm_completes_fails_and_throws(served: Served, installed: Path, strategy: str) -> None:
    surroundings = {
        "ZEEBE_REST_ADDRESS": served.url,
        "CAMUNDA_AUTH_STRATEGY": strategy,
        "ZEEBE_CLIENT_ID": "scale",
        "ZEEBE_CLIENT_SECRET": "worker-token",
        "CAMUNDA_OAUTH_URL": f"{served.url}/oauth/token",
        "CAMUNDA_TOKEN_DISK_CACHE_DISABLE": "true",
        "CAMUNDA_BASIC_AUTH_USERNAME": "scale",
        "CAMUNDA_BASIC_AUTH_PASSWORD": "worker-token",
        "CAMUNDA_OAUTH_TOKEN": "worker-token",
        "CAMUNDA_LOG_LEVEL": "warn",
    }
    ran = subprocess.run(
        ["node", "worker.mjs"],
        cwd=installed, env={**os.environ, **surroundings}, check=False,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout.partition("REPORT ")[2])

    assert {each["truck"] for each in report["done"]} == {"A-1", "FAILS"}
    assert {each["scale"] for each in report["done"]} == {"north"}
    assert report["failures"] == 1
    # Its worker has said that it is done; the process goes on a moment later.
    states = [ended(served, key)["instance"]["status"] for key in report["instances"]]
    assert states == ["completed", "completed", "completed"]
