"""What the API is given to work with: ports and the engine's own faces, wired by the composition root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lineshaft.base.clock import Clock
from lineshaft.base.ids import Ids
from lineshaft.base.limits import DEFAULT_LIMITS, Limits
from lineshaft.base.text import Text
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.operations import Operations
from lineshaft.engine.pressure import Pressure
from lineshaft.engine.releases import File, LoadedRelease
from lineshaft.insight.live import LiveFeed
from lineshaft.insight.processes import ProcessBook
from lineshaft.sdk import CheckStep, ConnectorSpec
from lineshaft.sdk.trail import TrailSpec
from lineshaft.security.sessions import Sessions
from lineshaft.security.tokens import Tokens
from lineshaft.store.port import Store


@dataclass(frozen=True, slots=True)
class ConnectedSystem:
    """A system of the active release, as the hub has it connected."""

    name: str
    kind: str
    title: Text
    spec: ConnectorSpec
    problem: Text | None = None
    """Why it cannot be called (a missing setting, for example)."""
    home_url: str | None = None
    """The first page of the system's own screens, where the configuration names one."""
    page_url: str | None = None
    """The page of one document there, with ``{kind}``, ``{number}`` and ``{local_id}`` to be filled in."""


class ConnectedSystems(Protocol):
    """The systems of the active release."""

    def all(self) -> list[ConnectedSystem]:
        """Return them by name."""
        ...

    def receive(
        self, system: str, trigger: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[Incoming]:
        """Verify a webhook's delivery and return its events; see ``lineshaft.sdk.webhook``."""
        ...

    @property
    def trail(self) -> TrailSpec:
        """What the active release says about the chain of an order."""
        ...

    async def check(self, system: str) -> list[CheckStep]:
        """Test the connection step by step; raises ``NotFound``."""
        ...


class Publisher(Protocol):
    """Makes releases."""

    async def publish(self, files: Sequence[File], *, by: str, note: str) -> LoadedRelease:
        """Check everything together and make it the active release."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Which world this hub stands in, as people are told on every page."""

    environment: str = ""
    """``production``, ``test``, ``simulation``; ``""``: nothing is said."""
    speed: float | None = None
    """Simulated seconds per second, in a simulation."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the routes use."""

    store: Store
    operations: Operations
    intake: Intake
    systems: ConnectedSystems
    publisher: Publisher
    tokens: Tokens
    sessions: Sessions
    live: LiveFeed
    clock: Clock
    ids: Ids
    processes: ProcessBook
    version: str
    tenant: str = "default"
    limits: Limits = DEFAULT_LIMITS
    surroundings: Surroundings = Surroundings()
    pressure: Pressure | None = None
    """Says whether more can be taken in; ``None``: always."""
