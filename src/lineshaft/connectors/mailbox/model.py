"""What a manifest of kind ``mailbox`` says, read and checked. Values only; nothing here touches a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lineshaft.mapping.leaves import Expression
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

Action = Literal["move", "flag", "find"]
ACTIONS: tuple[Action, ...] = ("move", "flag", "find")


@dataclass(frozen=True, slots=True)
class FolderRule:
    """A folder whose messages are taken in; it is only looked at, nothing is marked as read."""

    name: str
    folder: str
    from_now: bool
    page: int
    bytes_max: int
    """Larger messages are told with their headers alone."""
    inline_max: int
    """Attachments up to so many bytes come inside of the event."""
    idle_s: float
    when: Expression | None
    """Which messages are told, over ``item``."""
    type: Expression
    subject: Expression


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation on messages of a folder."""

    name: str
    action: Action
    resource: str
    timeout_s: float
    id: Expression | None = None
    """``move``, ``flag``: the message, as events and ``find`` name it."""
    to: Expression | None = None
    """``move``: the folder."""
    flags: tuple[str, ...] = ()
    off: bool = False
    """``flag``: take the flags away."""
    where: Mapping[str, Expression] | None = None
    """``find``: ``from``, ``to``, ``subject``, ``text``, ``message_id`` contain these."""


@dataclass(frozen=True, slots=True)
class MailboxManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    secrets: frozenset[str]
    user_secret: str
    password_secret: str | None
    token_secret: str | None
    """An OAuth 2.0 access token instead of a password (XOAUTH2)."""
    resources: Mapping[str, FolderRule]
    operations: Mapping[str, OperationRule]
    connect_timeout_s: float
