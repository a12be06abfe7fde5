"""Floor 3: a record of one shape into a record of another.

Pure; ``load(path)`` and the Excel reader are the named exemptions.
"""

from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.model import Candidate, Mapped, Origin, Reference, Unmatched
from lineshaft.mapping.reader import load, read_mapping
from lineshaft.mapping.references import Binding, CrossReference, Found, References

__all__ = [
    "Binding",
    "Candidate",
    "CompiledMapping",
    "CrossReference",
    "Found",
    "Mapped",
    "Origin",
    "Reference",
    "References",
    "Unmatched",
    "load",
    "read_mapping",
]
