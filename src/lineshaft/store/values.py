"""Value classes that are cheap to make: millions of rows and writes pass through the store's port.

``frozen`` is kept by the type checker alone. Python's own frozen classes go through a function call for every
field when they are made, and were a tenth of all that the engine spent on an instance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def dataclass(*, frozen: bool, slots: bool) -> Callable[[type[T]], type[T]]:
    """Return what makes a value class as ``dataclasses.dataclass`` does, equal and hashed by its fields."""
    return dataclasses.dataclass(slots=slots, eq=True, unsafe_hash=frozen)
