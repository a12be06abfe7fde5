"""Receiving webhooks: apart from ``Connector``, because not every system calls us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from lineshaft.sdk.outcomes import Change


@runtime_checkable
class WebhookReceiver(Protocol):
    """A connector whose system sends webhooks."""

    def receive(self, trigger: str, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Change]:
        """Verify a delivery and return its events. Touches no network.

        Args:
            trigger: Name of a webhook trigger of the spec.
            headers: As they came; names in any case.
            body: The raw bytes, because signatures are over them.
            now: For the age of a signed time stamp.

        Raises:
            NotFound: There is no such webhook.
            NotAllowed: The signature is missing, wrong or too old: answer 401 and keep nothing.
            InputError: It is genuine but cannot be read: answer 400.
        """
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was sent to a webhook's address."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """The events of a delivery, and what its sender wants to hear; without ``body`` the hub's own answer."""

    changes: list[Change] = field(default_factory=list)
    body: bytes | None = None
    content_type: str = "application/json"
    status: int = 200
    handshake: bool = False
    """The sender only asked whether the address is ours: there is nothing to take in."""


@runtime_checkable
class WebhookAnswerer(Protocol):
    """A receiver that can also answer a handshake, or in the words that its system expects."""

    def answer(self, trigger: str, delivery: Delivery, now: datetime) -> WebhookAnswer:
        """Verify a delivery and return its events and the answer; raises as ``receive`` does."""
        ...
