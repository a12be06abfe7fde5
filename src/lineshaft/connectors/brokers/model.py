"""What a manifest of kind ``rabbitmq`` or ``mqtt`` says, read and checked. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lineshaft.mapping.leaves import Expression
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

Protocol = Literal["rabbitmq", "mqtt"]
Body = Literal["json", "text", "bytes"]
BODIES: tuple[Body, ...] = ("json", "text", "bytes")
Unreadable = Literal["event", "reject"]


@dataclass(frozen=True, slots=True)
class InRule:
    """Messages that are taken in."""

    name: str
    source: str
    """The queue; for MQTT the topic filter."""
    body: Body
    type: str
    subject: Expression
    id: Expression | None
    page: int
    unreadable: Unreadable = "event"
    """``reject``: the queue's own dead letter exchange gets what cannot be read."""

    @property
    def unreadable_type(self) -> str:
        """Type of the event that tells of a message nobody can read."""
        return f"{self.type.rpartition('.')[0]}.unreadable"


@dataclass(frozen=True, slots=True)
class OutRule:
    """One operation: a message is published, or a queue is looked at."""

    name: str
    action: Literal["publish", "depth"]
    timeout_s: float
    exchange: str = ""
    queue: str = ""
    key: Expression | None = None
    """Routing key; for MQTT the topic."""
    content: Expression | None = None
    body: Body = "json"
    headers: Mapping[str, Expression] = field(default_factory=dict)
    keep: bool = True
    """RabbitMQ: it survives a restart of the broker. MQTT: it is retained for later subscribers."""
    expires_s: int = 0


@dataclass(frozen=True, slots=True)
class BrokerManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    secrets: frozenset[str]
    protocol: Protocol
    resources: Mapping[str, InRule]
    operations: Mapping[str, OutRule]
    user_secret: str | None
    password_secret: str | None
    connect_timeout_s: float
    session_s: int = 0
    """MQTT: how long the broker keeps for us what we could not be told."""
