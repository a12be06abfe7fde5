"""Real exchanges kept as a file, without secrets, and a small server that answers from it.

A recording is the fake of a system: made by using it, played back where the system is not there. What is
played back is looked up by method, path and query, and among equal ones by body; each answer is given in the
order in which it was recorded, the last one for ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import is_sensitive
from lineshaft.connectors.http.transport import Exchange

FORMAT: Final = 1
HIDDEN: Final = "***"
_DROPPED: Final = frozenset(
    {"authorization", "cookie", "set-cookie", "date", "server", "content-length", "transfer-encoding"}
    | {"connection", "content-encoding", "keep-alive", "user-agent"}
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange as it is kept."""

    method: str
    path: str
    query: str
    body: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""


class Recorder:
    """Keeps exchanges; ``redact`` blots out the connection's secrets."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self.exchanges: list[Recorded] = []

    def __call__(self, exchange: Exchange) -> None:
        """Keep one exchange; one without an answer is left out."""
        if exchange.reply is None:
            return
        parts = urlsplit(exchange.url)
        reply = exchange.reply
        headers = {
            name: self._redact(value)
            for name, value in reply.headers.items()
            if name not in _DROPPED and not is_sensitive(name)
        }
        self.exchanges.append(
            Recorded(
                exchange.method,
                parts.path,
                self._query(parts.query),
                self._hidden(exchange.body),
                reply.status,
                headers,
                self._hidden(reply.body),
            )
        )

    def _query(self, query: str) -> str:
        pairs = parse_qsl(query, keep_blank_values=True)
        return urlencode(
            [(name, HIDDEN if is_sensitive(name) else self._redact(value)) for name, value in pairs]
        )

    def _hidden(self, body: bytes) -> str:
        return _without_tokens(self._redact(body.decode("utf-8", "replace")))

    def text(self) -> str:
        """Return the recording as a file's text."""
        content = {"format": FORMAT, "exchanges": [asdict(each) for each in self.exchanges]}
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


_TOKEN: Final = re.compile(r'("([^"\\]{1,60})"\s*:\s*")((?:[^"\\]|\\.)*)(")')


def _without_tokens(words: str) -> str:
    """Blot out what stands under a name like ``access_token`` in a JSON text."""

    def hidden(found: re.Match[str]) -> str:
        value = HIDDEN if is_sensitive(found[2]) else found[3]
        return f"{found[1]}{value}{found[4]}"

    return _TOKEN.sub(hidden, words)


def read_recording(content: str, file: str) -> list[Recorded]:
    """Return the exchanges of a recording.

    Raises:
        InputError: It is none.
    """
    try:
        raw = json.loads(content)
        if raw["format"] != FORMAT:
            raise KeyError("format")
        return [Recorded(**each) for each in raw["exchanges"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            text(
                "Expected a recording made by `lineshaft connector`, but {file} is none: {error}",
                "{file} 不是 `lineshaft connector` 的录制文件:{error}",
                file=file,
                error=error,
            ),
            code="recording_unreadable",
        ) from error


class Replay:
    """A server that answers what was recorded."""

    def __init__(self, exchanges: Iterable[Recorded]) -> None:
        self._known: dict[tuple[str, str, str], list[Recorded]] = {}
        for each in exchanges:
            self._known.setdefault((each.method, each.path, _ordered(each.query)), []).append(each)
        self._given: dict[tuple[str, str, str, str], int] = {}
        self._runner: web.AppRunner | None = None
        self.url = ""
        self.missed: list[str] = []
        """What was asked for and is in no recording."""

    async def start(self, port: int = 0) -> str:
        """Listen on the loopback; return the address."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.text()
        query = _ordered(_hidden_query(request.rel_url.raw_query_string))
        known = self._known.get((request.method, request.rel_url.raw_path, query), [])
        if not known:
            self.missed.append(f"{request.method} {request.rel_url}")
            return web.json_response(
                {"error": f"not recorded: {request.method} {request.rel_url}"}, status=404
            )
        same = [each for each in known if _same(each.body, body)]
        chosen = same or known
        turn = (request.method, request.rel_url.raw_path, query, chosen[0].body if same else "")
        index = min(self._given.get(turn, 0), len(chosen) - 1)
        self._given[turn] = index + 1
        found = chosen[index]
        return web.Response(status=found.status, body=found.answer.encode(), headers=dict(found.headers))


def _ordered(query: str) -> str:
    return urlencode(sorted(parse_qsl(query, keep_blank_values=True)))


def _hidden_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, HIDDEN if is_sensitive(name) else value) for name, value in pairs])


def _same(recorded: str, given: str) -> bool:
    return recorded == given or _plain(recorded) == _plain(_without_tokens(given))


def _plain(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body
