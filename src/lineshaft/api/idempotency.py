"""``Idempotency-Key``: a request that was carried out is not carried out again; its answer is given again.

The answer lies in the store, so that it does not matter which process was asked first, nor whether it still
runs. It lies there sealed: it may show something that is shown this once (a token, a signing secret). A key
belongs to the caller who used it. The same key with another request is refused (422), one whose first request
is still under way too (409). Only answers to what was done are kept: a refusal made nothing, and the same
request may be right later.

Where a process dies between doing and keeping the answer, the key is free again after ``UNDER_WAY_S``; what
routes make takes its id from the key (``id_of``), so that it is found to exist by then.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineshaft.api.problems import ProblemJson, problem
from lineshaft.api.services import Services
from lineshaft.api.sizes import TooLarge
from lineshaft.base.errors import HubError
from lineshaft.base.scope import Scope as RowScope
from lineshaft.base.text import text
from lineshaft.security.people import Caller
from lineshaft.store.rows import Record
from lineshaft.store.writes import DeleteRecord, PutRecord, Unit, Write

HEADER: Final = "idempotency-key"
REPLAYED: Final = "idempotency-replayed"
KIND: Final = "answer"
KEPT_FOR: Final = timedelta(hours=24)
UNDER_WAY_S: Final = 60.0
KEY_CHARACTERS_MAX: Final = 200
ANSWER_BYTES_MAX: Final = 1_048_576
_WITHOUT: Final = frozenset({"/api/v1/session", "/api/v1/events"})
"""Signing in makes nothing; events have an id and a source of their own."""


class Kept(msgspec.Struct):
    """What is stored of a request and its answer."""

    digest: str
    status: int = 0
    headers: list[tuple[str, str]] = []
    body: bytes = b""
    """Of answers that an earlier version kept in the clear."""
    sealed: str = ""
    """The body in base 64, sealed."""


def id_of(request: Request) -> str | None:
    """Return the id of what a request with a key makes: always the same for the same caller and key."""
    found: str | None = request.scope.get("lineshaft.idempotency")
    return found


class Answers:
    """ASGI: carries a request with a key out once."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it as it was answered before."""
        caller: Caller | None = scope.get("lineshaft.caller")
        if scope["type"] != "http" or scope["method"] != "POST" or caller is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        key = request.headers.get(HEADER)
        if key is None or not scope["path"].startswith("/api/v1/") or scope["path"] in _WITHOUT:
            await self._app(scope, receive, send)
            return
        answer: Any
        if not 0 < len(key) <= KEY_CHARACTERS_MAX or not key.isprintable():
            answer = _wrong_key(request)
        else:
            answer = await self._once(scope, receive, send, _name(caller, key))
        if answer is not None:
            await answer(scope, receive, send)

    async def _once(
        self, scope: Scope, receive: Receive, send: Send, name: str
    ) -> ProblemJson | _Replay | None:
        """Carry it out, or return what to answer instead."""
        request = Request(scope)
        services = self._services
        try:
            body = await _whole(receive)
        except TooLarge as error:
            return problem(request, 413, code=error.code, detail=error.message, hint=error.hint)
        digest = _digest(scope, body)
        rows = RowScope.of_engine(services.tenant)
        stored = await services.store.record(rows, KIND, name)
        now = services.clock.now()
        if stored is not None and stored.due_at is not None and stored.due_at > now:
            kept = msgspec.msgpack.decode(stored.content, type=Kept)
            if kept.digest != digest:
                return _other_request(request)
            return self._again(request, name, kept) if stored.state == "answered" else _under_way(request)
        version = stored.version if stored is not None else 0
        mine = Record(
            tenant=services.tenant,
            kind=KIND,
            id=name,
            version=version + 1,
            at=now,
            state="under_way",
            due_at=now + timedelta(seconds=UNDER_WAY_S),
            content=msgspec.msgpack.encode(Kept(digest)),
        )
        if not await self._write(PutRecord(mine, version)):
            return _under_way(request)
        listening = _Listening(send)
        try:
            await self._app({**scope, "lineshaft.idempotency": name}, _again(body, receive), listening.take)
        except BaseException:
            await self._write(DeleteRecord(services.tenant, KIND, name))
            raise
        sealed = self._sealed(name, listening.body) if listening.is_worth_keeping else None
        if sealed is None:
            await self._write(DeleteRecord(services.tenant, KIND, name))
        else:
            answered = replace(
                mine,
                version=mine.version + 1,
                state="answered",
                due_at=services.clock.now() + KEPT_FOR,
                content=msgspec.msgpack.encode(listening.kept(digest, sealed)),
            )
            await self._write(PutRecord(answered, mine.version))
        await listening.release()
        return None

    def _sealed(self, name: str, body: bytes) -> str | None:
        """Return a body as it is kept; ``None``: there is no master key, and nothing is kept."""
        try:
            return self._services.vault().seal(base64.b64encode(body).decode(), f"answer:{name}")
        except HubError:
            return None

    def _again(self, request: Request, name: str, kept: Kept) -> ProblemJson | _Replay:
        if not kept.sealed:
            return _Replay(kept)
        try:
            opened = self._services.vault().open(kept.sealed, f"answer:{name}")
        except HubError as error:
            return problem(
                request, 409, code="idempotency_answer_lost", detail=error.message, hint=error.hint
            )
        return _Replay(Kept(kept.digest, kept.status, kept.headers, base64.b64decode(opened)))

    async def _write(self, write: Write) -> bool:
        result = (await self._services.store.commit([Unit([write])]))[0]
        return result.status == "written"


class _Listening:
    """Holds an answer back until it is stored."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self._messages.append(message)

    @property
    def is_worth_keeping(self) -> bool:
        size = sum(len(message.get("body", b"")) for message in self._messages)
        return bool(self._messages) and self._messages[0]["status"] < 300 and size <= ANSWER_BYTES_MAX

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self._messages)

    def kept(self, digest: str, sealed: str) -> Kept:
        start = self._messages[0]
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in start.get("headers", ())
            if name.lower() not in (b"x-request-id", b"set-cookie")
        ]
        return Kept(digest, start["status"], headers, sealed=sealed)

    async def release(self) -> None:
        for message in self._messages:
            await self._send(message)


class _Replay:
    """The answer as it was given first."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give it."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self._kept.headers]
        headers.append((REPLAYED.encode(), b"true"))
        await send({"type": "http.response.start", "status": self._kept.status, "headers": headers})
        await send({"type": "http.response.body", "body": self._kept.body})


def _name(caller: Caller, key: str) -> str:
    whole = f"{caller.scope.tenant}\0{caller.name}\0{key}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:40]


def _digest(scope: Scope, body: bytes) -> str:
    found = hashlib.sha256()
    for part in (scope["path"].encode("utf-8", "surrogatepass"), scope["query_string"], body):
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


async def _whole(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


def _wrong_key(request: Request) -> ProblemJson:
    error = HubError(
        text(
            "Expected an Idempotency-Key of 1 to {limit} printable characters.",
            "Idempotency-Key 应为 1 到 {limit} 个可打印字符。",
            limit=KEY_CHARACTERS_MAX,
        )
    )
    return problem(request, 400, code="idempotency_key_invalid", detail=error.message)


def _other_request(request: Request) -> ProblemJson:
    return problem(
        request,
        422,
        code="idempotency_key_reused",
        detail=text(
            "This Idempotency-Key was used for another request.", "该 Idempotency-Key 已用于另一个请求。"
        ),
        hint=text("Use a new key for a new request.", "新的请求请使用新的键。"),
    )


def _under_way(request: Request) -> ProblemJson:
    return problem(
        request,
        409,
        code="idempotency_key_in_use",
        detail=text(
            "The first request with this Idempotency-Key is still under way.",
            "使用该 Idempotency-Key 的第一个请求仍在处理中。",
        ),
        hint=text("Ask again in a moment.", "请稍后重试。"),
        headers={"Retry-After": "1"},
    )
