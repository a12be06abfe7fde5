"""What the API is given to work with: ports and the engine's own faces, wired by the composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Problem
from lineshaft.base.ids import Ids
from lineshaft.base.limits import DEFAULT_LIMITS, Limits
from lineshaft.base.text import Text
from lineshaft.engine.bulk import BulkWork
from lineshaft.engine.clearing import Clearing
from lineshaft.engine.crossref import CrossReference
from lineshaft.engine.drafts import Drafts
from lineshaft.engine.facts import FactBook
from lineshaft.engine.flows.desk import FlowDesk
from lineshaft.engine.health import StoreHealth
from lineshaft.engine.inbox import Inbox
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.operations import Operations
from lineshaft.engine.outlets import Kept, Outlets
from lineshaft.engine.outside import OutsideWork
from lineshaft.engine.persons import Persons
from lineshaft.engine.pressure import Pressure
from lineshaft.engine.rehearsal import Given, Rehearsal
from lineshaft.engine.releases import File, LoadedRelease
from lineshaft.engine.retention import Retention
from lineshaft.engine.reviews import Reviews
from lineshaft.insight.activity import ActivityBook
from lineshaft.insight.alert_acts import AlertDesk
from lineshaft.insight.alerting import Alerts
from lineshaft.insight.board import BoardBook
from lineshaft.insight.counting import Counting
from lineshaft.insight.drift import Drift
from lineshaft.insight.forms import FormBook
from lineshaft.insight.kpis import Kpis
from lineshaft.insight.live import LiveFeed
from lineshaft.insight.process_stats import ProcessFigures
from lineshaft.insight.processes import ProcessBook
from lineshaft.insight.watches import Watches
from lineshaft.sdk import ChangePage, CheckStep, ConnectorSpec, Outcome, ResourceSpec
from lineshaft.sdk.objects import ObjectsSpec
from lineshaft.sdk.sensitive import SensitiveSpec
from lineshaft.sdk.states import StateMap
from lineshaft.sdk.trail import TrailSpec
from lineshaft.sdk.webhook import Delivery, WebhookAnswer
from lineshaft.security.addresses import Network
from lineshaft.security.audit import Anchor, Audit
from lineshaft.security.directory import Directory
from lineshaft.security.duties import Duties
from lineshaft.security.hook_gate import HookGate
from lineshaft.security.oidc import Oidc
from lineshaft.security.secret_shelf import SecretShelf
from lineshaft.security.sessions import Sessions
from lineshaft.security.sign_in_methods import SignInMethods
from lineshaft.security.signing_in import SigningIn
from lineshaft.security.system_settings import SystemSettings
from lineshaft.security.tokens import TokenBook, Tokens
from lineshaft.security.tracking import TrackingLinks
from lineshaft.security.vault import Vault
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


@dataclass(frozen=True, slots=True)
class DeclaredSetting:
    """A setting that a system asks for, and what it was given."""

    name: str
    title: Text
    type: str
    required: bool
    value: Any
    origin: Literal["configuration", "kept", ""]


@dataclass(frozen=True, slots=True)
class DeclaredSettings:
    """How a system is reached."""

    system: str
    settings: list[DeclaredSetting]
    secrets: list[tuple[str, bool]]
    """Names, and whether somebody gave them."""
    problem: Text | None


class ConnectedSystems(Protocol):
    """The systems of the active release."""

    def all(self) -> list[ConnectedSystem]:
        """Return them by name."""
        ...

    def receive(
        self, system: str, trigger: str, delivery: Delivery, now: datetime
    ) -> tuple[list[Incoming], WebhookAnswer]:
        """Verify a webhook's delivery; return its events and the answer; see ``lineshaft.sdk.webhook``."""
        ...

    @property
    def trail(self) -> TrailSpec:
        """What the active release says about the chain of an order."""
        ...

    @property
    def sensitive(self) -> SensitiveSpec:
        """Which fields are sensitive and which documents are money, as the active release says."""
        ...

    async def check(self, system: str) -> list[CheckStep]:
        """Test the connection step by step; raises ``NotFound``."""
        ...

    def settings(self, system: str) -> DeclaredSettings:
        """Return how a system is reached; raises ``NotFound``."""
        ...

    async def describe(self, system: str) -> list[ResourceSpec]:
        """Return the resources as the live system has them; raises ``NotFound``."""
        ...

    async def record(self, system: str, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one record; raises ``NotFound`` for a system that there is not."""
        ...

    async def changes(self, system: str, resource: str, cursor: bytes | None) -> ChangePage:
        """Return one page of what changed; raises ``NotFound``."""
        ...

    async def ask(self, system: str, operation: str, payload: Mapping[str, Any]) -> Outcome:
        """Carry out an operation that only reads; raises ``NotFound``."""
        ...

    def download(self, system: str, resource: str, record_id: str) -> AsyncIterator[bytes]:
        """Yield a file's content in pieces; raises ``NotFound`` where there is none."""
        ...


class Publisher(Protocol):
    """Makes releases."""

    def check(self, files: Sequence[File]) -> None:
        """Check everything together and change nothing; raises ``DefinitionError``."""
        ...

    async def publish(self, files: Sequence[File], *, by: str, note: str) -> LoadedRelease:
        """Check everything together and make it the active release."""
        ...


class Designer(Protocol):
    """Looks at definitions that somebody is drawing."""

    def offers(self) -> list[tuple[str, Text, ConnectorSpec]]:
        """Return every system that a task can call, with its declaration."""
        ...

    def problems(self, folder: Mapping[str, bytes], paths: Collection[str]) -> list[Problem]:
        """Return errors and doubts of the files at ``paths``, and what keeps all from being published."""
        ...


class Rehearsals(Protocol):
    """Runs what somebody is drawing, in memory."""

    async def run(
        self,
        folder: Mapping[str, bytes],
        process_id: str,
        variables: Mapping[str, Any],
        given: Sequence[Given],
        start: str | None = None,
    ) -> Rehearsal:
        """Run a process on given values; nothing is called, stored or sent."""
        ...


@dataclass(frozen=True, slots=True)
class SystemNeeds:
    """What a system of a release asks of the environment that connects it; names only."""

    system: str
    settings: list[str]
    secrets: list[str]
    missing_settings: list[str]
    missing_secrets: list[str]
    problem: Text | None = None
    """Why it cannot be connected with the settings that are there."""


class Promoting(Protocol):
    """Looks at a release as this environment would connect it."""

    async def needs(self, files: Sequence[File]) -> list[SystemNeeds]:
        """Return what each system asks for, and what of it is missing; raises ``DefinitionError``."""
        ...

    def secrets_within(self, content: bytes) -> list[str]:
        """Return the names of this hub's secrets whose values stand in a content."""
        ...


@dataclass(frozen=True, slots=True)
class BackupRun:
    """A backup that the hub made, or could not make."""

    id: str
    at: datetime
    file: str
    """Its name in the folder of backups; ``""`` where there is none."""
    size: int
    seconds: float
    counts: Mapping[str, int]
    """Rows by table."""
    trouble: Mapping[str, str] | None = None
    """By language."""


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """When the hub makes backups by itself."""

    nightly: bool
    at: str
    keep: int
    folder: str
    next_at: datetime | None


class Backups(Protocol):
    """Makes backups of the whole store."""

    def plan(self) -> BackupPlan:
        """Return when and where."""
        ...

    async def runs(self, limit: int) -> list[BackupRun]:
        """Return what was made, newest first."""
        ...

    async def make(self) -> BackupRun:
        """Make one now; raises ``Conflict`` where one is being made."""
        ...


@dataclass(frozen=True, slots=True)
class ManifestDraft:
    """A first manifest of a system; nothing is connected or kept."""

    manifest: str
    base_url: str
    """Where its description says the system is."""
    secrets: list[str]
    """Names of the secrets that it refers to."""
    resources: list[str]
    operations: list[str]


Drafting = Callable[[str, bytes, Sequence[str]], ManifestDraft]
"""Makes a first manifest: the system's name, its OpenAPI description, which paths or tags to take."""


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
    inbox: Inbox
    reviews: Reviews
    forms: FormBook
    bulk: BulkWork
    flows: FlowDesk
    outside: OutsideWork
    facts: FactBook
    outlets: Outlets
    webhook_secret: Callable[[Kept], str]
    """Returns the present secret of a subscription."""
    intake: Intake
    systems: ConnectedSystems
    publisher: Publisher
    promotion: Promoting
    drafts: Drafts
    designer: Designer
    rehearsals: Rehearsals
    tokens: TokenBook
    """Says who holds a token."""
    token_shelf: Tokens
    """Makes, rotates and ends tokens."""
    sessions: Sessions
    directory: Directory
    signing_in: SigningIn
    sign_in_methods: SignInMethods
    audit: Audit
    duties: Duties
    secrets: SecretShelf
    vault: Callable[[], Vault]
    """Seals what is kept of an answer; raises ``HubError`` where there is no master key."""
    hook_gate: HookGate
    """Says from where webhooks may come."""
    system_settings: SystemSettings
    refresh_settings: Callable[[], Awaitable[None]]
    """Connects the systems whose settings are others now."""
    refresh_secrets: Callable[[], Awaitable[None]]
    """Opens the sealed secrets anew, and connects the systems that waited for one."""
    live: LiveFeed
    clock: Clock
    ids: Ids
    processes: ProcessBook
    process_figures: ProcessFigures
    counting: Counting
    retention: Retention
    persons: Persons
    backups: Backups
    alerts: Alerts
    activity: ActivityBook
    board: BoardBook
    kpis: Kpis
    send_briefing: Callable[[], Awaitable[None]]
    watches: Watches
    alert_desk: AlertDesk
    drift: Drift
    crossref: CrossReference
    objects: Callable[[], ObjectsSpec]
    """Returns the types of objects of the active release."""
    states: Callable[[], StateMap]
    """Returns the state maps of the active release."""
    metrics: Callable[[], Awaitable[str]]
    """Makes a page of metrics."""
    version: str
    tracking: TrackingLinks
    tenant: str = "default"
    limits: Limits = DEFAULT_LIMITS
    surroundings: Surroundings = Surroundings()
    trusted_proxies: tuple[Network, ...] = ()
    oidc: Oidc | None = None
    """The firm's identity provider, where there is one."""
    public_url: str = ""
    """How browsers reach the hub; empty: as they have just done."""
    anchors: Callable[[], list[Anchor]] = list
    """The ends that the audit log had, as this hub has written them down outside the store."""
    pressure: Pressure | None = None
    """Says whether more can be taken in; ``None``: always."""
    clearing: Clearing | None = None
    """Says when a backlog will be gone; ``None``: nobody looks."""
    drafting: Drafting | None = None
    """Makes first manifests; ``None``: not here."""
    health: StoreHealth | None = None
    """Says whether the store takes what is written; ``None``: nobody knows."""
