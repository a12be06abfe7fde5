"""How the engine is set: every number has a unit in its name and a safe default."""

from __future__ import annotations

from dataclasses import dataclass, field

from lineshaft.base.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when an ``unavailable`` (or unanswered, repeatable) call is tried again.

    ``gaps_s`` are the pauses before each retry; their number is the number of retries. F1's default: one
    call and three retries.
    """

    gaps_s: tuple[float, ...] = (2.0, 8.0, 30.0)

    def gap_s(self, calls_made: int) -> float | None:
        """Return the pause after ``calls_made`` calls, or ``None`` when no retry is left."""
        if calls_made < 1 or calls_made > len(self.gaps_s):
            return None
        return self.gaps_s[calls_made - 1]


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The engine's settings."""

    tenant: str = "default"
    lease_ttl_s: float = 6.0
    """How long a lane stays ours without renewal; a dead worker's lanes go on after this and a heartbeat."""
    lease_margin_s: float = 2.0
    """No call begins when the lease ends within this time, by this process's own steady clock."""
    heartbeat_s: float = 1.5
    poll_s: float = 0.5
    """How long new work of another process may stay unseen when no wake-up arrives."""
    commit_batch_max: int = 400
    """Units in one commit."""
    commit_gather_s: float = 0.005
    """How long a commit may wait for further units, as long as they come in quick succession."""
    committers: int = 1
    """Commits under way at the same time; units of one lane always go through the same one."""
    in_hand_max: int = 2_000
    """Work items in memory."""
    calls_max: int = 200
    """Calls under way at the same time, all systems together."""
    live_instances_max: int = 20_000
    """Instances whose state is kept in memory."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    check_gaps_s: tuple[float, ...] = (5.0, 10.0, 20.0, 40.0, 60.0)
    """Pauses between checks of a system whose circuit is open; the last one repeats."""
    message_ttl_s: float = 3600.0
    """How long a message that nobody waits for is kept, where the route says nothing."""
    commit_retry_s: float = 0.2
    """Pause before a commit is tried again while the database is away."""
    shutdown_s: float = 10.0
    """How long calls under way may take to end when the worker stops."""
    notice_operation: str | None = None
    """The operation (``system.operation``) that carries notices to the IT team; ``None``: only shown."""
    notice_gather_s: float = 10.0
    """How long the first dead letter of a cause waits for others like it."""
    notice_quiet_s: float = 3600.0
    """How long further dead letters of a cause gather after they were told."""
    tells_facts: bool = False
    """Whether other programs are told what happens (the event feed)."""
    limits: Limits = DEFAULT_LIMITS
