"""Cross-references as a mapping sees them: a port, and a table of them in memory."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from unicodedata import normalize

from lineshaft.mapping.model import Candidate, Reference

_CANDIDATES: Final = 3
_COMMON: Final = re.compile(
    r"股份有限公司|有限责任公司|有限公司|集团|公司|\b(?:co|ltd|inc|llc|gmbh|corp|limited|company)\b|[\s\W_]+"
)


class References(Protocol):
    """Answers which code a record has in another system."""

    def code(self, reference: Reference) -> str | None:
        """Return the code; ``None`` or empty where there is none."""
        ...

    def nearest(self, reference: Reference) -> Sequence[Candidate]:
        """Return records whose id is like the one that has no match, the likeliest first."""
        ...


@dataclass(frozen=True, slots=True)
class Binding:
    """One business object and its ids: by system."""

    kind: str
    ids: Mapping[str, str]


class Found:
    """Answers that were looked up beforehand; knows nothing else."""

    def __init__(self, found: Mapping[Reference, str]) -> None:
        self._found = found

    def code(self, reference: Reference) -> str | None:
        """Return the code that was found."""
        return self._found.get(reference)

    def nearest(self, reference: Reference) -> Sequence[Candidate]:
        """Return what was found for other ids of the same kind and is alike."""
        topic = (reference.kind, reference.source, reference.target)
        known = [
            (each.id, code)
            for each, code in self._found.items()
            if (each.kind, each.source, each.target) == topic
        ]
        return nearest(reference.id, known)


class CrossReference:
    """A table of bindings: which ids of which systems are the same business object."""

    def __init__(self, bindings: Iterable[Binding]) -> None:
        self.bindings = tuple(bindings)
        self._codes: dict[tuple[str, str, str], Binding] = {}
        for binding in self.bindings:
            for system, local in binding.ids.items():
                self._codes.setdefault((binding.kind, system, local), binding)

    def code(self, reference: Reference) -> str | None:
        """Return the code that the same object has in the target."""
        binding = self._codes.get((reference.kind, reference.source, reference.id))
        return binding.ids.get(reference.target) if binding is not None else None

    def nearest(self, reference: Reference) -> Sequence[Candidate]:
        """Return objects whose id in the source is alike and that have a code in the target."""
        known = [
            (each.ids[reference.source], each.ids[reference.target])
            for each in self.bindings
            if each.kind == reference.kind and {reference.source, reference.target} <= each.ids.keys()
        ]
        return nearest(reference.id, known)


def nearest(wanted: str, known: Iterable[tuple[str, str]], most: int = _CANDIDATES) -> tuple[Candidate, ...]:
    """Return the likeliest of (id, code): letters and digits alone count, and no 有限公司 or Ltd."""
    plain = _plain(wanted)
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(plain)
    found = []
    for local, code in known:
        matcher.set_seq1(_plain(local))
        if matcher.real_quick_ratio() > 0.5 and matcher.quick_ratio() > 0.5:
            score = matcher.ratio()
            if score > 0.5:
                found.append(Candidate(local, code, round(score, 3)))
    return tuple(sorted(found, key=lambda each: (-each.score, each.id))[:most])


def _plain(written: str) -> str:
    folded = normalize("NFKC", written).casefold()
    return _COMMON.sub("", folded) or folded
