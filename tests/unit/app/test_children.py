"""Processes of the demo: how long one may take to start, and what is said of one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.app.demo import children
from lineshaft.app.demo.children import Child, ChildFailed


async def test_process_that_starts_slowly_is_waited_for_and_told_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any Python takes longer than this.
    monkeypatch.setattr(children, "SLOW_S", 0.001)
    told: list[str] = []
    child = Child(
        "mes", ["-c", "print('ready', flush=True); input()"], tmp_path, slow=lambda name, _: told.append(name)
    )
    try:
        assert await child.start() == "ready\n"
    finally:
        await child.stop()
    assert set(told) == {"mes"}


async def test_process_that_ends_instead_of_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    child = Child("mes", ["-c", "raise SystemExit('no room')"], tmp_path)
    with pytest.raises(ChildFailed, match="no room"):
        await child.start()
