"""What a manifest says, read and compiled. Values only; nothing here acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lineshaft.connectors.http.expressions import Expression, PathTemplate, Secret, Template
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

Verdict = Literal[
    "refused", "invalid", "unavailable", "rate_limited", "unknown", "missing_reference", "expired", "done"
]
"""What a vendor code or status means. Beyond the six error classes: ``expired`` (log in again, nothing
happened) and ``done`` (it says no, but it is done)."""

VERDICTS: tuple[Verdict, ...] = (
    "refused",
    "invalid",
    "unavailable",
    "rate_limited",
    "unknown",
    "missing_reference",
    "expired",
    "done",
)


@dataclass(frozen=True, slots=True)
class RequestRule:
    """How one request is made."""

    method: str
    path: PathTemplate
    query: Template | None = None
    headers: Template | None = None
    body: Template | None = None
    encoding: str = "json"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a code or a status means; ``reference`` computes what is missing, ``wait_s`` how long to wait.

    ``this_call_only``: no other call waits with it.
    """

    verdict: Verdict
    reference: Expression | None = None
    wait_s: Expression | None = None
    this_call_only: bool = False


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """How an answer is judged.

    Names: ``status``, ``answer``, ``headers``, ``payload``, ``key``, ``settings``.
    """

    success: Expression | None = None
    code: Expression | None = None
    text: Expression | None = None
    wait_s: Expression | None = None
    codes: Mapping[str, Judgement] = field(default_factory=dict)
    statuses: Mapping[int, Judgement] = field(default_factory=dict)
    other: Judgement | None = None
    """For an error that nothing else decides."""


@dataclass(frozen=True, slots=True)
class LineRule:
    """How lines of a document are found in an answer; expressions see ``item`` besides the answer's names."""

    each: Expression
    line: Expression
    item: Expression
    quantity: Expression
    unit: Expression
    status: Expression | None = None
    amount: Expression | None = None
    currency: Expression | None = None
    from_line: Expression | None = None


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """How a document is found in an answer or an event."""

    kind: str
    number: Expression
    local_id: Expression
    source: Expression | None = None
    """For a shared rule: what it looks at, as ``source`` in its expressions; null: there is none."""
    when: Expression | None = None
    each: Expression | None = None
    """A list of documents; each is ``document`` in the other expressions."""
    status: Expression | None = None
    version: Expression | None = None
    follows: Expression | None = None
    cause: Expression | None = None
    lines: LineRule | None = None
    fields: Template | None = None


@dataclass(frozen=True, slots=True)
class ProbeRule:
    """How an earlier write is looked for."""

    request: RequestRule
    found: Expression
    answers: AnswerRule
    answer: Template | None = None
    number: Expression | None = None
    documents: tuple[DocumentRule, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyPlacement:
    """Where the idempotency key goes: a header, or a field of the body (a path of names)."""

    header: str | None = None
    field: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation. ``spec`` (in ``Manifest.spec``) has its public side."""

    name: str
    request: RequestRule
    answers: AnswerRule
    reads_only: bool
    timeout_s: float
    key: KeyPlacement | None = None
    probe: ProbeRule | None = None
    repeated: Expression | None = None
    answer: Template | None = None
    number: Expression | None = None
    documents: tuple[DocumentRule, ...] = ()


@dataclass(frozen=True, slots=True)
class NoAuth:
    """The target asks for no credentials."""


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """A fixed header: bearer token or API key. ``prefix`` stands before the secret."""

    header: str
    secret: Secret
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """HTTP basic authentication (RFC 7617)."""

    user: Template
    password: Secret


@dataclass(frozen=True, slots=True)
class SessionAuth:
    """Log in, keep the token, send it, log in again when it has expired."""

    login: RequestRule
    success: Expression | None
    token: Expression | None
    expires_in_s: Expression | None
    margin_s: float
    expired: Expression | None
    header: str
    value: Expression | None
    cookies: bool = False
    headers: Template | None = None
    """Further headers of every request, e.g. the application's id beside its token."""


@dataclass(frozen=True, slots=True)
class SignatureAuth:
    """A keyed hash over parts of the request (HMAC, RFC 2104)."""

    key: Secret
    key_encoding: str
    algorithm: str
    encoding: str
    message: Expression
    header: str
    value: Expression | None
    headers: Template | None


AuthRule = NoAuth | HeaderAuth | BasicAuth | SessionAuth | SignatureAuth


@dataclass(frozen=True, slots=True)
class PagingRule:
    """How a list goes on. Requests see ``page`` (from 1), ``offset``, ``token`` and ``page_size``."""

    kind: Literal["none", "page", "offset", "token"] = "none"
    size: int = 100
    next: Expression | None = None
    """For ``token``: the next token in the answer; null or empty ends the list."""


@dataclass(frozen=True, slots=True)
class CursorRule:
    """How far a list was read. Requests see ``cursor``.

    ``field``: the greatest value over all records (``item``) is the next cursor.
    ``next``: the answer says it.
    """

    field: Expression | None = None
    next: Expression | None = None
    start: Expression | None = None
    overlap_s: float = 0.0
    """How far a time cursor goes back at every reading, against late commits."""
    overlap: int = 0
    """The same for a number."""


@dataclass(frozen=True, slots=True)
class EventRule:
    """How events are taken out of a webhook's body or a poll's record."""

    id: Expression
    type: Expression
    subject: Expression
    each: Expression | None = None
    when: Expression | None = None
    data: Template | None = None
    occurred_at: Expression | None = None
    documents: tuple[DocumentRule, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangesRule:
    """How a resource is polled."""

    request: RequestRule
    answers: AnswerRule
    records: Expression
    cursor: CursorRule
    paging: PagingRule
    event: EventRule


@dataclass(frozen=True, slots=True)
class ReadRule:
    """How one record is read."""

    request: RequestRule
    answers: AnswerRule
    record: Expression | None = None
    missing: Expression | None = None


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """One resource."""

    name: str
    read: ReadRule | None = None
    changes: ChangesRule | None = None


@dataclass(frozen=True, slots=True)
class VerifyRule:
    """How a webhook proves where it comes from."""

    kind: Literal["hmac", "standard", "token", "none"]
    secret: Secret | None = None
    header: str = ""
    prefix: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    message: Expression | None = None
    timestamp_header: str | None = None
    tolerance_s: float = 300.0


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """One webhook. Names: ``body``, ``headers``, ``settings``."""

    name: str
    verify: VerifyRule
    event: EventRule


@dataclass(frozen=True, slots=True)
class CheckRule:
    """The harmless request that tests a connection."""

    request: RequestRule
    answers: AnswerRule


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole manifest, ready to be connected with settings and secrets."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    defaults: Mapping[str, object]
    secrets: frozenset[str]
    auth: AuthRule
    operations: Mapping[str, OperationRule]
    resources: Mapping[str, ResourceRule]
    webhooks: Mapping[str, WebhookRule]
    check: CheckRule | None
    time_zone: str = "UTC"
    """IANA name; what a time stamp without an offset means. A setting ``time_zone`` goes before it."""
    connect_timeout_s: float = 5.0
    keep_alive_s: float = 4.0
    """How long an idle connection is kept: shorter than the target keeps it, or a call meets a dead one."""
