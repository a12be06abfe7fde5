"""Python's cyclic garbage collector, set for a process that holds many live instances.

The hub's work makes millions of small values that die by themselves; hardly any of them is part of a cycle.
With the default thresholds the collector walks over all live instances again and again and takes a third of
the processor. Call this once, when everything is loaded.
"""

from __future__ import annotations

import gc

YOUNG_MAX = 50_000
"""New objects before the youngest generation is looked at (Python's default: 700)."""


def ease() -> None:
    """Look for cycles seldom, and never among what was loaded at the start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 50)
