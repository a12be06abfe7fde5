"""A bucket that speaks the S3 API as a place for files.

An object appears whole or not at all, so nothing is written under another name first. There is no renaming: a
file is moved by a copy that says what it is a copy of, and then the source is deleted. A move that broke off
between the two is found by that mark and finished.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import aiohttp
from lxml import etree
from yarl import URL

from lineshaft.connectors.files.aws_signature import Keys, escaped, query_text, signed
from lineshaft.connectors.files.store import Entry, Fault, FaultKind, joined, parted

_PIECE: Final = 1 << 18
_FROM: Final = "x-amz-meta-lineshaft-from"
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
_KINDS: Final[Mapping[str, FaultKind]] = {
    "InvalidAccessKeyId": "credentials", "SignatureDoesNotMatch": "credentials",
    "ExpiredToken": "credentials", "InvalidToken": "credentials",
    "AuthorizationHeaderMalformed": "credentials",
    "AccessDenied": "denied", "AllAccessDisabled": "denied", "MethodNotAllowed": "denied",
    "NoSuchBucket": "unreachable", "PermanentRedirect": "unreachable", "RequestTimeTooSkewed": "unreachable",
    "NoSuchKey": "missing", "PreconditionFailed": "exists", "ConditionalRequestConflict": "busy",
    "OperationAborted": "busy", "SlowDown": "busy", "ServiceUnavailable": "busy", "TooManyRequests": "busy",
    "QuotaExceeded": "full", "EntityTooLarge": "full", "InternalError": "other",
}  # fmt: skip
_STATUSES: Final[Mapping[int, FaultKind]] = {
    401: "credentials", 403: "denied", 404: "missing", 409: "busy", 412: "exists", 429: "busy", 503: "busy",
    507: "full",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the bucket is and who we are there."""

    endpoint: str
    region: str
    name: str
    keys: Keys
    timeout_s: float
    host_style: bool = False
    """The bucket is the first part of the host's name, not of the path."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stands in the head of an object."""

    size: int
    mark: str
    """Its ETag and the second of its last change."""
    copied_from: str
    content_type: str


class S3Store:
    """Files below one prefix of a bucket."""

    def __init__(self, root: str, bucket: Callable[[], Bucket], now: Callable[[], datetime]) -> None:
        self._root = root
        self._bucket = bucket
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def connect(self) -> None:
        """See that the bucket is there and lets us list."""
        await self._asked("GET", None, {"list-type": "2", "max-keys": "1", "prefix": self._prefix("")})

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def list(self, folder: str) -> list[Entry]:
        """Return the objects right below a folder by name. A folder without objects is an empty one."""
        prefix = self._prefix(folder)
        query = {"list-type": "2", "delimiter": "/", "prefix": prefix}
        found: list[Entry] = []
        while True:
            _, content = await self._asked("GET", None, query)
            root = _parsed(content)
            for item in root.iterfind("{*}Contents"):
                key = item.findtext("{*}Key") or ""
                if key.startswith(prefix) and key != prefix and not key.endswith("/"):
                    changed = datetime.fromisoformat(item.findtext("{*}LastModified") or "")
                    size, tag = int(item.findtext("{*}Size") or 0), item.findtext("{*}ETag") or ""
                    found.append(Entry(key.removeprefix(prefix), size, f"{size}-{_mark(tag, changed)}"))
            token = root.findtext("{*}NextContinuationToken")
            if root.findtext("{*}IsTruncated") != "true" or not token:
                return sorted(found, key=lambda entry: entry.name)
            query["continuation-token"] = token

    async def find(self, path: str) -> Entry | None:
        """Return one object, ``None`` where there is none.

        Every piece of work begins with this question: an idle connection that has died is replaced here.
        """
        idle = self._session
        try:
            seen = await self._head(path)
        except Fault as fault:
            if fault.kind != "lost" or idle is None:
                raise
            seen = await self._head(path)
        return Entry(parted(path)[1], seen.size, f"{seen.size}-{seen.mark}") if seen is not None else None

    async def fetch(self, path: str, into: BinaryIO) -> None:
        """Copy the rest of the object, a piece at a time."""
        headers = {"range": f"bytes={into.tell()}-"} if into.tell() else {}
        async with self._sent("GET", path, {}, headers, b"") as response:
            if response.status == 416:
                return
            await _judge(response)
            _must_be_ours(response)
            if into.tell() and response.status != 206:
                raise Fault("other", "the server does not give the rest of a file", str(response.status))
            async for piece in response.content.iter_chunked(_PIECE):
                into.write(piece)

    async def write(
        self, path: str, content: bytes, *, replace: bool, placing: Callable[[], None] = lambda: None
    ) -> None:
        """Put the object, which appears in one step."""
        headers = {"content-type": "application/octet-stream"}
        if not replace:
            # Servers that do not know the condition are asked first.
            if await self._head(path) is not None:
                raise Fault("exists", f"{path} exists", "PreconditionFailed")
            headers["if-none-match"] = "*"
        placing()
        response, _ = await self._asked("PUT", path, {}, headers, content)
        _must_be_ours(response)

    async def move(self, source: str, target: str, *, replace: bool) -> None:
        """Copy with a mark, then delete the source."""
        seen = await self._head(source)
        if seen is None:
            raise Fault("missing", f"{source} is not there", "NoSuchKey")
        there = await self._head(target)
        if there is None or there.copied_from != seen.mark:
            if there is not None and not replace:
                raise Fault("exists", f"{target} exists", "PreconditionFailed")
            headers = {
                "x-amz-copy-source": f"/{self._bucket().name}/{escaped(self._key(source), slashes=True)}",
                "x-amz-copy-source-if-match": seen.mark.rpartition("@")[0],
                "x-amz-metadata-directive": "REPLACE",
                "content-type": seen.content_type,
                _FROM: seen.mark,
            }
            _, content = await self._asked("PUT", target, {}, headers)
            # A copy that takes long is answered with a good status first, and may still fail.
            if _parsed(content).tag.rpartition("}")[2] == "Error":
                raise _fault_of(200, content)
        await self.remove(source)

    async def finish_move(self, source: str, target: str) -> None:
        """Delete the source where the target is a copy of just it."""
        seen, there = await self._head(source), await self._head(target)
        if seen is not None and there is not None and there.copied_from == seen.mark:
            await self.remove(source)

    async def remove(self, path: str) -> None:
        """Delete an object."""
        await self._asked("DELETE", path, {})

    async def may_write(self, folder: str) -> bool | None:
        """S3 has no way to ask."""
        return None

    # -- requests ----------------------------------------------------------------------------------

    async def _head(self, path: str) -> _Seen | None:
        async with self._sent("HEAD", path, {}, {}, b"") as response:
            status, headers = response.status, response.headers
            if status == 404:
                return None
            if status < 300:
                _must_be_ours(response)
                return _Seen(
                    int(headers.get("Content-Length", 0)),
                    _mark(headers["ETag"], parsedate_to_datetime(headers["Last-Modified"])),
                    headers.get(_FROM, ""),
                    headers.get("Content-Type", "application/octet-stream"),
                )
        if status in (301, 400, 401, 403):
            # The answer to HEAD has no body: a listing says why.
            await self.connect()
        raise _fault_of(status, b"")

    async def _asked(
        self,
        method: str,
        path: str | None,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        async with self._sent(method, path, query, headers or {}, content) as response:
            await _judge(response)
            return response, await response.read()

    @asynccontextmanager
    async def _sent(
        self,
        method: str,
        path: str | None,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a signed request; turn what goes wrong on the way into a fault."""
        bucket = self._bucket()
        parts = urlsplit(bucket.endpoint)
        host, place = parts.netloc, parts.path.rstrip("/")
        if bucket.host_style:
            host = f"{bucket.name}.{host}"
        else:
            place += f"/{escaped(bucket.name)}"
        place += (
            f"/{escaped(self._key(path), slashes=True)}"
            if path is not None
            else "/"
            if bucket.host_style
            else ""
        )
        sealed = signed(
            method, host, place, query=query, headers=headers, content=content, keys=bucket.keys,
            region=bucket.region, at=self._now(),
        )  # fmt: skip
        address = f"{parts.scheme}://{host}{place}" + (f"?{query_text(query)}" if query else "")
        if self._session is None:
            # Answers come as they are stored: a compressed object stays one.
            self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
            # By itself it sends a PUT again whose connection broke: what that means is not its to judge.
            self._session._retry_connection = False
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=bucket.timeout_s, sock_read=30.0)
        try:
            async with self._session.request(
                method, URL(address, encoded=True), data=content or None, headers=sealed, timeout=timeout,
                allow_redirects=False, skip_auto_headers=("content-type", "accept-encoding"),
            ) as response:  # fmt: skip
                yield response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ssl.SSLError) as error:
            raise Fault("unreachable", str(error), type(error).__name__) from None
        except (aiohttp.ClientError, OSError, EOFError, ValueError, KeyError) as error:
            raise Fault("lost", str(error) or type(error).__name__, type(error).__name__) from None

    def _key(self, path: str) -> str:
        parts = path.split("/")
        if ".." in parts or any("\0" in part or "\\" in part for part in parts):
            raise Fault("denied", f"{path} leaves the connection's folder", "path")
        return joined(self._root, *parts)

    def _prefix(self, folder: str) -> str:
        key = self._key(folder)
        return f"{key}/" if key else ""


def _mark(tag: str, changed: datetime) -> str:
    return f"{tag.strip()}@{int(changed.timestamp())}"


def _must_be_ours(response: aiohttp.ClientResponse) -> None:
    """Check that it was the service who answered: what stands in between has no ETag."""
    if "ETag" not in response.headers:
        raise Fault("lost", "the answer is not one of an S3 service: it has no ETag", str(response.status))


async def _judge(response: aiohttp.ClientResponse) -> None:
    if response.status >= 300:
        raise _fault_of(response.status, await response.read())


def _fault_of(status: int, content: bytes) -> Fault:
    code, words = "", ""
    if content:
        try:
            root = etree.fromstring(content, _PARSER)
            code, words = root.findtext("{*}Code") or "", root.findtext("{*}Message") or ""
            region = root.findtext("{*}Region") or root.findtext("{*}Endpoint")
            words = f"{words} ({region})" if region else words
        except etree.XMLSyntaxError:
            words = ""
    kind = _KINDS.get(code) or _STATUSES.get(status, "other")
    return Fault(kind, words or f"the server answers with status {status}", code or str(status))


def _parsed(content: bytes) -> etree._Element:
    try:
        return etree.fromstring(content, _PARSER)
    except etree.XMLSyntaxError as error:
        raise Fault("lost", f"the answer is no XML ({error})", "XMLSyntaxError") from None
