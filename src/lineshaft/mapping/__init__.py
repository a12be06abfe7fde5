"""Floor 3: a record of one shape into a record of another.

Pure; ``load(path)`` and the Excel reader are the named exemptions.
"""

from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.model import Mapped, Reference
from lineshaft.mapping.reader import load, read_mapping

__all__ = ["CompiledMapping", "Mapped", "Reference", "load", "read_mapping"]
