"""What the API answers about people, tokens and the audit log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lineshaft.api.views import TitleView
from lineshaft.base.ids import is_id
from lineshaft.base.text import Language
from lineshaft.security.actions import ACTIONS, title_of
from lineshaft.security.audit import Finding, Verdict
from lineshaft.security.duties import Proposal
from lineshaft.security.members import Department, Position, User
from lineshaft.security.records import Kept
from lineshaft.security.roles import Role
from lineshaft.security.sessions import SessionRecord
from lineshaft.security.tokens import Token
from lineshaft.store.rows import AuditEntry


@dataclass(frozen=True, slots=True)
class UserView:
    """A person."""

    login: str
    name: str
    department: str
    positions: list[str]
    roles: list[str]
    email: str
    channel: str
    """How they want to be told: a system; empty: by mail."""
    channel_name: str
    active: bool
    source: str
    must_change: bool
    totp: bool
    created_at: datetime | None
    signed_in_at: datetime | None

    @classmethod
    def of(cls, kept: Kept[User]) -> UserView:
        """Return the view of a person; no digest, no secret."""
        user = kept.value
        return cls(
            kept.id,
            user.name,
            user.department,
            list(user.positions),
            list(user.roles),
            user.email,
            user.channel,
            user.channel_name,
            user.active,
            user.source,
            user.must_change,
            bool(user.totp),
            user.created_at,
            user.signed_in_at,
        )


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A way to tell single people."""

    system: str
    title: TitleView


@dataclass(frozen=True, slots=True)
class OwnChannelView:
    """How somebody wants to be told, and how they could be."""

    channel: str
    """A system; empty: by mail."""
    name: str
    """Who they are there: a telephone number, an id."""
    email: str
    channels: list[ChannelView]


@dataclass(frozen=True, slots=True)
class UserMadeView:
    """A person who was added."""

    user: UserView
    password: str | None
    """To be used once; shown this once. ``None`` where one was given, or a directory outside has it."""
    proposal: str | None = None
    """Their roles wait for a second person: the proposal's id."""


@dataclass(frozen=True, slots=True)
class PasswordSetView:
    """A password that was set anew."""

    login: str
    password: str | None


@dataclass(frozen=True, slots=True)
class UserPage:
    """People."""

    items: list[UserView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class DepartmentView:
    """A department."""

    id: str
    title: TitleView
    parent: str

    @classmethod
    def of(cls, name: str, value: Department) -> DepartmentView:
        """Return the view of a department."""
        return cls(name, TitleView(value.zh, value.en), value.parent)


@dataclass(frozen=True, slots=True)
class DepartmentPage:
    """Departments."""

    items: list[DepartmentView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PositionView:
    """A position."""

    id: str
    title: TitleView
    roles: list[str]

    @classmethod
    def of(cls, name: str, value: Position) -> PositionView:
        """Return the view of a position."""
        return cls(name, TitleView(value.zh, value.en), list(value.roles))


@dataclass(frozen=True, slots=True)
class PositionPage:
    """Positions."""

    items: list[PositionView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role: a line of the matrix."""

    id: str
    title: TitleView
    actions: list[str]
    rows: str
    """``all`` departments, the ``tree`` below one's own, or one's ``own``."""
    fields: dict[str, str]
    """Class of sensitive fields → ``all`` or ``own``; what is not here is masked."""
    shipped: bool

    @classmethod
    def of(cls, role: Role) -> RoleView:
        """Return the view of a role."""
        return cls(
            role.id,
            TitleView(role.zh, role.en),
            sorted(role.actions),
            role.rows,
            dict(role.fields),
            role.shipped,
        )


@dataclass(frozen=True, slots=True)
class NamedView:
    """A name of the hub's, with its words."""

    id: str
    title: TitleView


@dataclass(frozen=True, slots=True)
class RoleMatrixView:
    """All roles, and all that a role can say."""

    roles: list[RoleView]
    actions: list[NamedView]
    field_classes: list[NamedView]

    @classmethod
    def actions_named(cls) -> list[NamedView]:
        """Return every action with its words."""
        return [NamedView(name, TitleView.of(words)) for name, words in ACTIONS.items()]


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token; never its text."""

    id: str
    name: str
    roles: list[str]
    departments: list[str] | None
    scopes: list[str] | None
    addresses: list[str]
    created_at: datetime
    expires_at: datetime | None
    former_until: datetime | None
    """Until when the secret before the last rotation is good too."""
    used_at: datetime | None
    made_by: str

    @classmethod
    def of(cls, kept: Kept[Token]) -> TokenView:
        """Return the view of a token."""
        value = kept.value
        return cls(
            kept.id,
            value.name,
            list(value.roles),
            list(value.departments) if value.departments is not None else None,
            list(value.scopes) if value.scopes is not None else None,
            list(value.addresses),
            value.created_at,
            value.expires_at,
            value.former_until,
            value.used_at,
            value.made_by,
        )


@dataclass(frozen=True, slots=True)
class TokenPage:
    """Tokens, oldest first."""

    items: list[TokenView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class TokenMadeView:
    """A token that was made or rotated; its text is shown this once."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class OwnSessionView:
    """Where somebody is signed in."""

    id: str
    created_at: datetime
    seen_at: datetime
    method: str
    address: str
    agent: str
    current: bool

    @classmethod
    def of(cls, kept: Kept[SessionRecord], current: bool) -> OwnSessionView:
        """Return the view of a session."""
        value = kept.value
        return cls(
            kept.id[:12],
            value.created_at,
            value.seen_at,
            value.method,
            value.address,
            value.agent,
            current,
        )


@dataclass(frozen=True, slots=True)
class OwnSessionPage:
    """Sessions, newest first."""

    items: list[OwnSessionView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class TotpOfferView:
    """A secret for the phone."""

    secret: str
    address: str
    """``otpauth://…``, as a phone reads it from a picture."""
    offer: str
    """To be given back with the first code."""


@dataclass(frozen=True, slots=True)
class TotpOnView:
    """One-time codes are asked for from now on."""

    recovery_codes: list[str]


@dataclass(frozen=True, slots=True)
class AuditLineView:
    """A line of the audit log."""

    seq: int
    at: datetime
    action: str
    outcome: str
    actor: str
    subject_type: str
    subject: str
    address: str
    request_id: str
    detail: dict[str, Any]
    erased: bool
    title: TitleView
    """What was done, in words; ``action`` is what one filters by."""
    name: str | None
    """What people call the subject where that is only an id: a document's number, a token's name."""

    @classmethod
    def of(cls, row: AuditEntry, names: Mapping[str, str]) -> AuditLineView:
        """Return the view of a line; ``names`` of subjects as ``api.audit_names`` finds them."""
        detail = json.loads(row.detail) if row.detail else {}
        return cls(
            row.seq,
            row.at,
            row.action,
            row.outcome,
            row.actor,
            row.subject_type,
            row.subject,
            row.address,
            row.request_id,
            detail,
            row.erased_at is not None,
            TitleView.of(title_of(row.action)),
            names.get(row.subject) or (detail.get("name") if is_id(row.subject) else None),
        )


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines of the audit log, newest first."""

    items: list[AuditLineView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFindingView:
    """Something that is wrong with the audit log."""

    seq: int
    message: str

    @classmethod
    def of(cls, finding: Finding, language: Language) -> AuditFindingView:
        """Return the view of a finding."""
        return cls(finding.seq, finding.message.in_language(language))


@dataclass(frozen=True, slots=True)
class AuditVerdictView:
    """What checking the audit log has shown."""

    sound: bool
    lines: int
    erased: int
    anchor: str
    """``number:chain`` of its end, to be kept elsewhere and shown at the next check."""
    anchors: int
    """How many anchors from outside the database it was held against."""
    findings: list[AuditFindingView] = field(default_factory=list)

    @classmethod
    def of(cls, verdict: Verdict, anchors: int, language: Language) -> AuditVerdictView:
        """Return the view of a verdict."""
        head = verdict.head
        return cls(
            verdict.sound,
            verdict.lines,
            verdict.erased,
            f"{head.seq}:{head.chain}" if head is not None and head.seq else "",
            anchors,
            [AuditFindingView.of(each, language) for each in verdict.findings],
        )


@dataclass(frozen=True, slots=True)
class SecretView:
    """A secret, as it may be spoken of."""

    name: str
    set_at: datetime
    set_by: str
    key_id: str
    """The master key it is sealed with."""
    problem: str | None
    """Why it cannot be opened (its master key is lost), in the caller's language."""
    version: int
    """Grows with every value that is set, and whenever it is sealed anew."""


@dataclass(frozen=True, slots=True)
class SecretPage:
    """Secrets, by name."""

    items: list[SecretView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class ProposalView:
    """Something that waits for a second person."""

    id: str
    kind: str
    action: str
    what: str
    by: str
    reason: str
    at: datetime
    status: str
    decided_by: str
    decided_at: datetime | None
    note: str
    own: bool
    """Whether it is the caller's own, which they cannot approve."""

    @classmethod
    def of(cls, kept: Kept[Proposal], own: bool) -> ProposalView:
        """Return the view of a proposal."""
        value = kept.value
        return cls(
            kept.id,
            value.kind,
            value.action,
            value.what,
            value.by,
            value.reason,
            value.at,
            value.status,
            value.decided_by,
            value.decided_at,
            value.note,
            own,
        )


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """Proposals."""

    items: list[ProposalView]
    next: str | None = None
