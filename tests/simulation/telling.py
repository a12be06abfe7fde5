"""What the IT team must have been told at the end of a history, and how often at most."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lineshaft.feel import codec as values
from lineshaft.store.rows import Effect
from simulation.nodes import CONFIG

if TYPE_CHECKING:
    from simulation.world import World

SKEW_S = 2.5
"""Two nodes' clocks may differ so much, and a little more."""


def judge_notices(world: World) -> list[str]:
    """One notice per outage, one at its end, one per cause and quiet time; none about the mail itself."""
    database = world.database
    told: dict[tuple[str, str], list[tuple[Effect, Any]]] = defaultdict(list)
    for effect in database.effect.rows.values():
        if effect.operation == "notify":
            payload = values.decode(effect.request)["payload"]
            told[payload["kind"], payload["system"]].append((effect, payload))
    found = [f"mail: told of its own trouble ({kind})" for kind, name in told if name == "mail"]
    for name in world.targets:
        letters = [each for each in database.dead_letter.rows.values() if each.system == name]
        outages = sum(1 for each in letters if each.outage)
        if name == "mail":
            continue
        if len(told["outage", name]) != outages:
            found.append(f"{name}: {outages} outages, {len(told['outage', name])} notices")
        if len(told["over", name]) != world.watchdog.openings[name]:
            ends = world.watchdog.openings[name]
            found.append(f"{name}: {ends} outages ended, {len(told['over', name])} notices")
        by_cause: dict[str, list[Effect]] = defaultdict(list)
        for effect, payload in told["dead_letters", name]:
            by_cause[payload["cause"]].append(effect)
        for cause, effects in by_cause.items():
            times = sorted(effect.created_at for effect in effects)
            quiet = timedelta(seconds=CONFIG.notice_quiet_s - SKEW_S)
            if any(later - at < quiet for at, later in pairwise(times)):
                found.append(f"{name}: notices of cause {cause} at {times}")
        for letter in letters:
            if letter.status == "open" and not letter.outage:
                last = max((each.created_at for each in by_cause[letter.cause]), default=None)
                if last is None or last < letter.created_at:
                    found.append(f"{name}: nobody was told of dead letter {letter.subject_id}")
    return found
