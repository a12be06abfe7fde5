"""The console is built when its sources changed and not otherwise, and the package brings it along."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from architecture.conftest import ROOT
from tools import console


@pytest.fixture
def small_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LINESHAFT_SKIP_CONSOLE", raising=False)
    monkeypatch.setattr(console, "WEB", tmp_path / "web")
    monkeypatch.setattr(console, "CONSOLE", tmp_path / "console")
    monkeypatch.setattr(console, "DIGEST", tmp_path / "console" / ".built-from")
    (tmp_path / "web" / "src").mkdir(parents=True)
    (tmp_path / "web" / "src" / "main.tsx").write_text("one")
    (tmp_path / "console").mkdir()
    return tmp_path


def built(root: Path) -> None:
    (root / "console" / "index.html").write_text("page")
    (root / "console" / ".built-from").write_text(console.sources_digest())


def test_console_is_built_where_there_is_none(small_web: Path) -> None:
    assert console.reason_to_skip() is None


def test_console_of_the_same_sources_is_taken_as_it_is(small_web: Path) -> None:
    built(small_web)
    assert console.reason_to_skip() == "the console of these sources is there already"


@pytest.mark.parametrize("changed", ["src/main.tsx", "src/added.tsx", "package-lock.json"])
def test_console_is_built_again_after_a_change(small_web: Path, changed: str) -> None:
    built(small_web)
    (small_web / "web" / changed).write_text("two")
    assert console.reason_to_skip() is None


@pytest.mark.parametrize("changed", ["node_modules/a.js", "README.md"])
def test_what_does_not_shape_the_console_builds_nothing(small_web: Path, changed: str) -> None:
    built(small_web)
    (small_web / "web" / changed).parent.mkdir(exist_ok=True)
    (small_web / "web" / changed).write_text("two")
    assert console.reason_to_skip() is not None


def test_console_can_be_left_out_on_purpose(small_web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINESHAFT_SKIP_CONSOLE", "1")
    assert "LINESHAFT_SKIP_CONSOLE=1" in (console.reason_to_skip() or "")


def test_no_script_of_the_console_calls_npm() -> None:
    """The Node of the wheel has no npm on the path that works: a wheel holds no links."""
    scripts = json.loads((console.WEB / "package.json").read_text(encoding="utf-8"))["scripts"]
    assert not {name: words for name, words in scripts.items() if re.search(r"\bnp[mx]\b", words)}


def wheel(folder: Path, **variables: str) -> tuple[list[str], str]:
    finished = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        check=True, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **variables},
    )  # fmt: skip
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file).namelist(), finished.stdout + finished.stderr


def test_package_holds_the_product_and_its_packs_and_nothing_else(tmp_path: Path) -> None:
    names, words = wheel(tmp_path, LINESHAFT_SKIP_CONSOLE="1")
    assert "LINESHAFT_SKIP_CONSOLE=1 is set" in words
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "lineshaft",
        "lineshaft_packs",
        "plantbox",
    }
    assert "lineshaft/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    for path in (ROOT / "src" / "lineshaft_packs").rglob("*.yaml"):
        assert path.relative_to(ROOT / "src").as_posix() in names


@pytest.mark.skipif(
    console.reason_to_skip() is None, reason="the console is not built here; `make test` builds it"
)
def test_package_brings_the_console_along(tmp_path: Path) -> None:
    names, _ = wheel(tmp_path)
    assert "lineshaft/api/console/index.html" in names
    assert any(name.startswith("lineshaft/api/console/assets/") for name in names)
