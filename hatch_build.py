"""The build hook: a plain ``pip install .`` brings the console along.

It builds ``web/`` into ``src/lineshaft/api/console/`` with Node from a wheel, so that the machine that
installs needs no Node of its own. It does nothing, and says so, for an editable install, where the
console of exactly these sources is there already, and with ``LINESHAFT_SKIP_CONSOLE=1``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the console before the wheel is packed."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what the build needs beyond hatchling: Node, where the console has to be built."""
        console = _console(self.root)
        return [] if console.reason_to_skip() else [console.NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console, or say why not."""
        console = _console(self.root)
        reason = "an editable install takes it from `make web`" if version == "editable" else None
        reason = reason or console.reason_to_skip()
        if reason:
            self.app.display_info(f"console: not built: {reason}")
        else:
            self.app.display_info("console: building web/")
            console.build()


def _console(root: str) -> Any:
    if str(Path(root)) not in sys.path:
        sys.path.insert(0, str(Path(root)))
    from tools import console

    return console
