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
    """How one request is made: by its ``path`` below the base address, or by an address that came."""

    method: str
    path: PathTemplate | None
    query: Template | None = None
    headers: Template | None = None
    body: Template | None = None
    encoding: str = "json"
    nesting: str = "brackets"
    charset: str = "utf-8"
    base: Expression | None = None
    """Another base address than the connection's, e.g. of a login server."""
    url: Expression | None = None
    action: str = ""
    """Of SOAP: what the envelope asks for."""


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
    rules: tuple[tuple[Expression, Judgement], ...] = ()
    """Asked first, in order: where the expression is true, that is what it means."""
    form: str = "auto"
    """How the body is read; see ``wire.FORMS``."""


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
    pages: PagesRule | None = None


@dataclass(frozen=True, slots=True)
class KeyPlacement:
    """Where the idempotency key goes: a header, or a field of the body (a path of names)."""

    header: str | None = None
    field: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PagesRule:
    """A request that reads a whole list: all its pages are ``records``, each read in full with ``detail``."""

    records: Expression
    paging: PagingRule
    records_max: int = 10_000
    detail: DetailRule | None = None


@dataclass(frozen=True, slots=True)
class StepRule:
    """One of several requests of an operation."""

    name: str
    request: RequestRule
    answers: AnswerRule
    reads_only: bool
    when: Expression | None = None
    until: Expression | None = None
    """Repeat this reading until it is true."""
    every_s: float = 2.0
    within_s: float = 60.0
    key: KeyPlacement | None = None
    pages: PagesRule | None = None
    stop: Judgement | None = None
    """What it means when ``until`` did not become true in time; *unknown* by default."""


@dataclass(frozen=True, slots=True)
class BatchRule:
    """Several items in one request, and where each item's own result stands in the answer."""

    size: int
    request: RequestRule
    results: Expression
    """A list in the order of the items."""
    ok: Expression
    code: Expression | None = None
    text: Expression | None = None
    number: Expression | None = None
    answer: Template | None = None


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation. ``spec`` (in ``Manifest.spec``) has its public side."""

    name: str
    request: RequestRule | None
    answers: AnswerRule
    reads_only: bool
    timeout_s: float
    key: KeyPlacement | None = None
    probe: ProbeRule | None = None
    repeated: Expression | None = None
    answer: Template | None = None
    number: Expression | None = None
    documents: tuple[DocumentRule, ...] = ()
    steps: tuple[StepRule, ...] = ()
    """Instead of ``request``."""
    effective: Expression | None = None
    """True when the document is not only saved but in force."""
    pages: PagesRule | None = None
    batch: BatchRule | None = None
    repeats_safely: bool = False
    """The whole operation may be done again: by its key, or because the target updates what is there."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What goes along with every request."""

    headers: Template | None = None
    query: Template | None = None
    cookies: Template | None = None
    body: Template | None = None
    """Fields merged into a body that is a table."""


@dataclass(frozen=True, slots=True)
class NoAuth:
    """The target asks for no credentials."""


@dataclass(frozen=True, slots=True)
class FixedAuth:
    """The same credentials with every request: bearer token, API key, several of them."""

    extras: Extras


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """HTTP basic authentication (RFC 7617)."""

    user: Template
    password: Template


@dataclass(frozen=True, slots=True)
class SignatureRule:
    """A digest, keyed hash or RSA signature over parts of a request."""

    digest: str
    key: Template | None
    key_encoding: str
    encoding: str
    message: Expression
    derive: tuple[Expression, ...] = ()
    """The key that signs is made from ``key`` by the same keyed hash over these, one after the other."""


@dataclass(frozen=True, slots=True)
class SignatureAuth:
    """Requests that carry signatures.

    ``first`` goes in before anything is signed (an application's id, a time stamp), ``then`` after it, over
    ``signatures.NAME``. A single signature without a name is ``signature``.
    """

    signatures: Mapping[str, SignatureRule]
    first: Extras
    then: Extras


@dataclass(frozen=True, slots=True)
class LoginStep:
    """One request of a login; what it keeps is ``session.NAME`` in later requests."""

    request: RequestRule
    success: Expression | None = None
    keep: Mapping[str, Expression] = field(default_factory=dict)
    sign: SignatureAuth | None = None
    """How this request itself is signed."""


@dataclass(frozen=True, slots=True)
class SessionAuth:
    """Log in, keep the token, send it, log in again when it has expired."""

    logins: tuple[LoginStep, ...]
    token: Expression | None
    expires_in_s: Expression | None
    margin_s: float
    expired: Expression | None
    header: str
    value: Expression | None
    cookies: bool = False
    extras: Extras = Extras()
    """Further parts of every request, over ``token`` and ``session``."""
    logout: RequestRule | None = None


@dataclass(frozen=True, slots=True)
class JwtRule:
    """A JSON web token that we sign ourselves (RFC 7519)."""

    algorithm: str
    key: Template
    key_encoding: str
    claims: Template
    key_id: Template | None = None
    lasts_s: float = 300.0


@dataclass(frozen=True, slots=True)
class JwtAuth:
    """A token of our own with every request."""

    jwt: JwtRule
    header: str = "Authorization"
    prefix: str = "Bearer "


@dataclass(frozen=True, slots=True)
class OAuth2Auth:
    """OAuth 2.0 without a person: RFC 6749 §4.3, §4.4, §6; RFC 7523."""

    grant: Literal["client_credentials", "password", "jwt_bearer", "refresh_token"]
    token_url: PathTemplate | Expression
    client_id: Template | None
    client_secret: Template | None
    client_auth: Literal["basic", "body", "none"]
    scope: Expression | None
    parameters: Template | None
    user: Template | None
    password: Template | None
    refresh_token: Template | None
    assertion: JwtRule | None
    margin_s: float
    expired: Expression | None
    token: Expression | None
    header: str
    prefix: str
    extras: Extras = Extras()


@dataclass(frozen=True, slots=True)
class OAuth1Auth:
    """Signed requests after RFC 5849."""

    consumer_key: Template
    consumer_secret: Template
    token: Template | None
    token_secret: Template | None
    method: str
    realm: Expression | None
    place: Literal["header", "query"] = "header"


@dataclass(frozen=True, slots=True)
class CsrfRule:
    """A token that a reading hands out and every write has to show."""

    request: RequestRule
    header: str
    token: Expression
    expired: Expression | None
    cookies: bool


@dataclass(frozen=True, slots=True)
class CsrfAuth:
    """Credentials, and a CSRF token beside them."""

    inner: AuthRule
    csrf: CsrfRule


@dataclass(frozen=True, slots=True)
class WsSecurityAuth:
    """A UsernameToken in the header of every SOAP envelope."""

    user: Template
    password: Template
    digest: bool
    lasts_s: float


@dataclass(frozen=True, slots=True)
class JarAuth:
    """Credentials, and beside them the cookies that answers have set.

    ``expired``: true where an answer says that these cookies mean nothing any more.
    """

    inner: AuthRule
    expired: Expression | None
    names: frozenset[str] = frozenset()
    """Which cookies are kept; all of them where nothing is said."""


AuthRule = (
    NoAuth
    | FixedAuth
    | BasicAuth
    | SessionAuth
    | JwtAuth
    | OAuth2Auth
    | OAuth1Auth
    | SignatureAuth
    | WsSecurityAuth
    | CsrfAuth
    | JarAuth
)


@dataclass(frozen=True, slots=True)
class PagingRule:
    """How a list goes on. Requests see ``page``, ``offset``, ``token``, ``last`` and ``page_size``."""

    kind: Literal["none", "page", "offset", "token", "link", "keyset"] = "none"
    size: int = 100
    first: int = 1
    """The number of the first page."""
    next: Expression | None = None
    """``token``: the next token; ``link``: the next address; ``keyset`` (over ``item``): where to go on."""
    more: Expression | None = None
    """True: there is a further page."""
    total: Expression | None = None
    """How many records there are in all, over all pages."""
    ends: Literal["empty_page", "short_page"] = "empty_page"
    """Where neither ``more`` nor ``total`` says it: a short page may mean that the target gives fewer."""
    back: int = 0
    """``offset``: so many records of the page before are read again; see ``paging.following``."""


@dataclass(frozen=True, slots=True)
class CursorRule:
    """How far a list was read. Requests see ``cursor``.

    ``field``: the greatest value over all records (``item``) is the next cursor.
    ``next``: the answer says it.
    ``snapshot``: a record's own id; the whole list is read and compared with the last time.
    """

    field: Expression | None = None
    next: Expression | None = None
    start: Expression | None = None
    overlap_s: float | None = None
    """How far a time cursor goes back at every reading, against late commits."""
    overlap: int = 0
    """The same for a number."""
    style: str | None = None
    """How a time cursor is written to the target; like the records' own field where nothing is said."""
    snapshot: Expression | None = None
    records_max: int = 50_000
    deleted: bool = True
    """``snapshot``: a record that is gone is told as deleted."""


@dataclass(frozen=True, slots=True)
class DetailRule:
    """One more request for each record of a list; its record is ``detail``."""

    request: RequestRule
    answers: AnswerRule
    record: Expression | None = None
    missing: Expression | None = None
    concurrency: int = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """An event rule that only takes fields of the record: which ones; ``kind`` is a fixed text."""

    id: str
    kind: str
    subject: str
    at: str | None


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
    plan: Plan | None = None
    """Where the rule is that simple."""


@dataclass(frozen=True, slots=True)
class ChangesRule:
    """How a resource is polled."""

    request: RequestRule
    answers: AnswerRule
    records: Expression
    cursor: CursorRule
    paging: PagingRule
    event: EventRule
    detail: DetailRule | None = None
    digests: bool = True
    """An expression of the event asks for ``digest``."""


@dataclass(frozen=True, slots=True)
class ReadRule:
    """How one record is read."""

    request: RequestRule
    answers: AnswerRule
    record: Expression | None = None
    missing: Expression | None = None


@dataclass(frozen=True, slots=True)
class SampleRule:
    """How some records are read to look at them, or the fields themselves are asked for."""

    request: RequestRule
    answers: AnswerRule
    records: Expression | None = None
    fields: Expression | None = None
    """A list of contexts ``name``, ``type``, ``label``, ``required``: the target's own description."""


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """One resource."""

    name: str
    read: ReadRule | None = None
    changes: ChangesRule | None = None
    sample: SampleRule | None = None
    fields: tuple[FieldSpec, ...] = ()
    strict: bool = False
    """A record that does not fit the declared fields stops the flow."""
    download: RequestRule | None = None


@dataclass(frozen=True, slots=True)
class VerifyRule:
    """How a webhook proves where it comes from."""

    kind: Literal["hmac", "standard", "token", "basic", "wecom", "dingtalk", "feishu", "none"]
    secret: Secret | None = None
    header: str = ""
    query: str = ""
    field: tuple[str, ...] = ()
    """``token``: it stands in the body."""
    prefix: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    key_encoding: str = "text"
    message: Expression | None = None
    timestamp_header: str | None = None
    tolerance_s: float = 300.0
    aes_key: Secret | None = None
    receiver: Template | None = None
    """The trailing id of an AES envelope: whom it is for."""
    user: Template | None = None
    timestamp: Expression | None = None
    """``hmac``: its time, where that is no header of its own."""


@dataclass(frozen=True, slots=True)
class HandshakeRule:
    """How a system asks whether the address is ours, and what it wants to hear."""

    when: Expression
    reply: Template
    content_type: str = "application/json"
    status: int = 200
    signed: bool = True
    """Its signature is checked as that of an event; some send it before they know the secret."""


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """One webhook. Names: ``body``, ``headers``, ``query``, ``settings``."""

    name: str
    verify: VerifyRule
    event: EventRule
    handshake: HandshakeRule | None = None
    reply: Template | None = None
    """The body of our answer, where the system expects more than status 200."""
    form: str = "auto"


@dataclass(frozen=True, slots=True)
class CheckRule:
    """The harmless request that tests a connection; ``write`` proves the right to write."""

    request: RequestRule
    answers: AnswerRule
    write: RequestRule | None = None
    write_answers: AnswerRule = AnswerRule()


@dataclass(frozen=True, slots=True)
class ProductRule:
    """Which versions of the product this manifest was made for."""

    name: str
    versions: tuple[str, ...]
    """Supported ones; ``15`` means 15 and every 15.x."""
    request: RequestRule | None
    version: Expression | None
    answers: AnswerRule = AnswerRule()


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
    product: ProductRule | None = None
    nulls: bool = True
    """False: null is left out of every body."""
    keep_alive_s: float = 4.0
    """How long an idle connection is kept: shorter than the target keeps it, or a call meets a dead one."""
    every_request: Extras = Extras()
    """Headers and query of all requests, logins too; a request's own go before them."""
