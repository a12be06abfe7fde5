"""Receiving webhooks: apart from ``Connector``, because not every system calls us."""

from __future__ import annotations

from collections.abc import Mapping
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
