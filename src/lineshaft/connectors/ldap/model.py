"""What a manifest of kind ``ldap`` says, read and checked. Values only; nothing here touches a directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lineshaft.mapping.leaves import Expression
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

ValueType = Literal["string", "number", "boolean", "date and time"]
VALUE_TYPES: tuple[ValueType, ...] = ("string", "number", "boolean", "date and time")

Action = Literal["put", "add", "modify", "delete", "password", "join", "leave", "find"]
ACTIONS: tuple[Action, ...] = ("put", "add", "modify", "delete", "password", "join", "leave", "find")

Marker = Literal["modifyTimestamp", "whenChanged", "uSNChanged"]
MARKERS: tuple[Marker, ...] = ("modifyTimestamp", "whenChanged", "uSNChanged")
"""Attributes that tell what changed: a time everywhere, a time and a counter in Active Directory."""

PasswordStyle = Literal["extended", "active_directory", "attribute"]
PASSWORD_STYLES: tuple[PasswordStyle, ...] = ("extended", "active_directory", "attribute")


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One field of an entry, and its attribute."""

    name: str
    attribute: str
    type: ValueType
    many: bool = False
    """It is a list, whatever the count of its values."""
    link: str | None = None
    """It names entries of this resource: keys here, names (DNs) in the directory."""
    required: bool = False


@dataclass(frozen=True, slots=True)
class ChangesRule:
    """How a resource is polled."""

    by: Marker
    overlap_s: float
    """How far every sweep goes back: replicas tell changes late."""
    page: int
    from_now: bool
    type: Expression
    subject: Expression
    id: Expression | None
    deleted: str = ""
    """Type of the event of an entry that is gone; empty: it is not told."""


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """A kind of entries: where they stand, what they are made of, what they are known by."""

    name: str
    base: str
    """Below the connection's own base."""
    subtree: bool
    filter: str
    classes: tuple[str, ...]
    key: str
    """The field whose value is unique: how an entry is found again."""
    rdn: str
    """The field that gives a new entry its name."""
    fields: Mapping[str, AttributeRule]
    changes: ChangesRule | None = None


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation on entries of one resource."""

    name: str
    action: Action
    resource: str
    timeout_s: float
    key: Expression | None = None
    values: Mapping[str, Expression] = field(default_factory=dict)
    where: Mapping[str, Expression] = field(default_factory=dict)
    password: Expression | None = None
    style: PasswordStyle = "extended"
    members: str = ""
    """``join``, ``leave``: the field that lists the members."""
    member: Expression | None = None


@dataclass(frozen=True, slots=True)
class LdapManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    secrets: frozenset[str]
    user_secret: str | None
    password_secret: str | None
    resources: Mapping[str, ResourceRule]
    operations: Mapping[str, OperationRule]
    connect_timeout_s: float
