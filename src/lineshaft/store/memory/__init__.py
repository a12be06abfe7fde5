"""The memory make of the store: deterministic, without threads, for tests and simulation.

Nothing outlives the process. It keeps every law of the store that does not need a disk.
"""

from lineshaft.store.memory.database import MemoryDatabase
from lineshaft.store.memory.store import MemoryStore

__all__ = ["MemoryDatabase", "MemoryStore"]
