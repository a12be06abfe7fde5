"""Faults that one can switch on while a system runs: what they are, and when one strikes.

Chance is seeded, so that a run can be repeated. How a fault acts on a request is in ``gate``; on a
webhook in ``webhooks``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as made_by
from fnmatch import fnmatchcase
from typing import Any

from plantbox.fields import BadField, Fields
from plantbox.simtime import real_seconds

KINDS = (
    "down",
    "reset",
    "slow",
    "error_but_done",
    "ok_with_error",
    "lost_reply",
    "late_commit",
    "rate_limited",
    "wrong_code",
    "changed_schema",
    "duplicate_webhook",
    "late_webhook",
)


@dataclass(slots=True)
class Fault:
    """One switched-on fault; ``hits`` counts how often it struck, ``count`` is how often it may."""

    id: int
    kind: str
    match: str
    probability: float
    count: int | None
    ms: int
    hold_ms: int
    mode: str
    status: int
    code: str
    message: str
    done: bool
    retry_after: int
    per_second: int
    field: str
    to: str
    chance: random.Random
    hits: int = 0
    recent: list[float] = made_by(default_factory=list)

    def view(self) -> dict[str, Any]:
        """Return what the admin listener shows."""
        names = ("id", "kind", "match", "probability", "count", "ms", "mode", "hits")
        return {name: getattr(self, name) for name in names}

    def strikes(self, operation: str) -> bool:
        """Decide whether it strikes this call, and count it."""
        if not self._meant(operation) or (self.count is not None and self.hits >= self.count):
            return False
        if self.per_second and not self._above_rate():
            return False
        if self.chance.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _meant(self, operation: str) -> bool:
        if self.match.startswith("!"):
            return not fnmatchcase(operation, self.match[1:])
        return fnmatchcase(operation, self.match)

    def _above_rate(self) -> bool:
        now = real_seconds()
        self.recent = [moment for moment in self.recent if moment > now - 1]
        if len(self.recent) < self.per_second:
            self.recent.append(now)
            return False
        return True


class FaultBoard:
    """The faults that are on."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._last = 0
        self._faults: dict[int, Fault] = {}

    def add(self, spec: Mapping[str, Any]) -> Fault:
        """Switch a fault on; ``BadField`` says what is wrong with ``spec``."""
        fields = Fields(dict(spec))
        kind = fields.text("kind")
        if kind not in KINDS:
            raise BadField("kind", f"Expected one of {', '.join(KINDS)}, but found {kind}.")
        mode = fields.optional("mode") or "503"
        if mode not in ("503", "refuse"):
            raise BadField("mode", f"Expected 503 or refuse, but found {mode}.")
        self._last += 1
        fault = Fault(
            id=self._last,
            kind=kind,
            match=fields.optional("match") or "*",
            probability=float(_probability(spec.get("probability"))),
            count=None if spec.get("count") is None else fields.whole("count", 1),
            ms=fields.whole("ms", 0, high=3_600_000),
            hold_ms=fields.whole("hold_ms", 0, high=3_600_000),
            mode=mode,
            status=fields.whole("status", 500, low=400, high=599),
            code=fields.optional("code") or "",
            message=fields.optional("message") or "",
            done=fields.flag("done", default=False),
            retry_after=fields.whole("retry_after", 1, high=3600),
            per_second=fields.whole("per_second", 0),
            field=fields.optional("field") or "",
            to=fields.optional("to") or "",
            chance=random.Random(f"{self._seed}:{self._last}"),
        )
        self._faults[fault.id] = fault
        return fault

    def lift(self, number: int | None = None) -> list[Fault]:
        """Switch off one fault, or all."""
        if number is None:
            lifted = list(self._faults.values())
            self._faults.clear()
            return lifted
        found = self._faults.pop(number, None)
        return [] if found is None else [found]

    def pick(self, operation: str, kinds: Iterable[str]) -> Fault | None:
        """Return the first fault of these kinds that strikes this call."""
        if not self._faults:
            return None
        for fault in self._faults.values():
            if fault.kind in kinds and fault.strikes(operation):
                return fault
        return None

    def closing(self) -> Fault | None:
        """Return the fault that keeps the port closed, if one does."""
        for fault in self._faults.values():
            if fault.kind == "down" and fault.mode == "refuse":
                return fault
        return None

    def views(self) -> list[dict[str, Any]]:
        """Return all that are on."""
        return [fault.view() for fault in self._faults.values()]


def _probability(value: Any) -> float:
    if value is None:
        return 1.0
    try:
        chance = float(value)
    except (TypeError, ValueError):
        raise BadField("probability", f"Expected a number from 0 to 1, but found {value!r}.") from None
    if not 0 <= chance <= 1:
        raise BadField("probability", f"Expected a number from 0 to 1, but found {value!r}.")
    return chance


def parse_option(text: str) -> dict[str, Any]:
    """Read ``KIND:key=value,…`` of the command line."""
    kind, _, rest = text.partition(":")
    spec: dict[str, Any] = {"kind": kind}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        spec[key] = value == "true" if key == "done" else value
    return spec


def rewrite(value: Any, fault: Fault, default_field: str) -> Any:
    """Return a JSON value with unknown codes (``wrong_code``) or a renamed field (``changed_schema``)."""
    name = fault.field or default_field
    if isinstance(value, list):
        return [rewrite(item, fault, default_field) for item in value]
    if not isinstance(value, dict):
        return value
    changed: dict[str, Any] = {}
    for key, item in value.items():
        if key != name:
            changed[key] = rewrite(item, fault, default_field)
        elif fault.kind == "wrong_code":
            changed[key] = f"{item}-UNKNOWN" if isinstance(item, str) else item
        else:
            changed[fault.to or f"{key}_v2"] = item
    return changed
