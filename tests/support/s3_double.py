"""A contract double of the S3 API over a folder, written from its reference; no product.

It has listing (version 2), head, get with ranges, put with ``If-None-Match``, copy with its conditions and
delete. It checks every signature (version 4) from the request as it came, without the code that made it. Its
answers and errors have the forms of the reference. A plan is applied to the next object written or read.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import shutil
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, unquote, unquote_plus
from xml.sax.saxutils import escape

from aiohttp import web

_PERFORMED = ("lost_reply", "half_answer", "garbage")
_PAGE = 3
"""Few keys in a page of a listing: every reader must go on."""


class S3Double:
    """One service with one bucket."""

    def __init__(self, root: Path, access: str, secret: str, bucket: str = "exchange") -> None:
        self.root = root
        self.access, self.secret, self.bucket = access, secret, bucket
        self.region = "cn-north-1"
        self.plans: list[str] = []
        self.arrived = 0
        self.requests: list[str] = []
        self.port = 0
        self.breaks_after_copy = False
        self._meta: dict[str, dict[str, str]] = {}
        self._tags: dict[tuple[str, int, int], str] = {}
        self._runner: web.AppRunner | None = None
        self._doors: set[asyncio.Transport] = set()

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        assert self._runner is not None
        self.cut_all()
        await self._runner.cleanup()

    def cut_all(self) -> None:
        for door in list(self._doors):
            door.abort()
        self._doors.clear()

    # -- one request -------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        self._doors.add(transport)
        content = await request.read()
        path = request.raw_path.partition("?")[0]
        wrong = self._signature(request, path, content)
        if wrong:
            return _error(403, wrong, "The request signature we calculated does not match")
        bucket, _, key = unquote(path.lstrip("/")).partition("/")
        self.requests.append(f"{request.method} {key}")
        if bucket != self.bucket:
            return _error(404, "NoSuchBucket", "The specified bucket does not exist")
        if not key:
            return self._listing(request)
        if request.method == "PUT" and "x-amz-copy-source" in request.headers:
            return await self._copy(request, key)
        if request.method == "PUT":
            return await self._put(request, transport, key, content)
        if request.method == "DELETE":
            self._path(key).unlink(missing_ok=True)
            return web.Response(status=204)
        return await self._get(request, transport, key)

    async def _put(
        self, request: web.Request, transport: asyncio.Transport, key: str, content: bytes
    ) -> web.StreamResponse:
        self.arrived += 1
        plan = self.plans.pop(0) if self.plans else "ok"
        if plan in ("refuse", "echo_secret"):
            return _error(403, "AccessDenied", "超信用额度" if plan == "refuse" else f"no, {self.secret}")
        if plan == "busy":
            return _error(503, "SlowDown", "Please reduce your request rate.")
        if plan == "server_error":
            return _error(500, "InternalError", "")
        if plan == "hang":
            await asyncio.Event().wait()
        if plan == "dead_connection":
            transport.abort()
            await asyncio.Event().wait()
        if request.headers.get("If-None-Match") == "*" and self._path(key).exists():
            return _error(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")
        self._store(key, content)
        self._meta.pop(key, None)
        if plan in _PERFORMED:
            return await self._broken(request, transport, plan)
        return web.Response(headers={"ETag": self._tag(key)})

    async def _get(self, request: web.Request, transport: asyncio.Transport, key: str) -> web.StreamResponse:
        if request.method == "GET" and self.plans[:1] not in ([], ["ok"]):
            self.arrived += 1
            plan = self.plans.pop(0)
            if plan in _PERFORMED:
                return await self._broken(request, transport, plan)
            return _error(500, "InternalError", "")
        path = self._path(key)
        if not path.is_file():
            return _error(
                404, "NoSuchKey", "The specified key does not exist.", head=request.method == "HEAD"
            )
        status = path.stat()
        headers = {
            "ETag": self._tag(key), "Last-Modified": formatdate(status.st_mtime, usegmt=True),
            "Content-Type": "application/octet-stream", **self._meta.get(key, {}),
        }  # fmt: skip
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(status.st_size)})
        content = path.read_bytes()
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start and start >= len(content):
            return _error(416, "InvalidRange", "The requested range is not satisfiable")
        return web.Response(body=content[start:], headers=headers, status=206 if start else 200)

    async def _copy(self, request: web.Request, key: str) -> web.StreamResponse:
        source = unquote(request.headers["x-amz-copy-source"]).lstrip("/").removeprefix(f"{self.bucket}/")
        if not self._path(source).is_file():
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        if request.headers.get("x-amz-copy-source-if-match", self._tag(source)) != self._tag(source):
            return _error(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")
        self._store(key, self._path(source).read_bytes())
        assert request.headers.get("x-amz-metadata-directive") == "REPLACE"
        self._meta[key] = {
            name: value for name, value in request.headers.items() if name.lower().startswith("x-amz-meta-")
        }
        if self.breaks_after_copy:
            self.breaks_after_copy = False
            assert request.transport is not None
            request.transport.abort()
        return _xml("<CopyObjectResult><ETag>&quot;x&quot;</ETag></CopyObjectResult>")

    def _listing(self, request: web.Request) -> web.Response:
        prefix = request.query.get("prefix", "")
        keys = sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())
        inside = [key for key in keys if key.startswith(prefix)]
        flat = [
            key for key in inside if request.query.get("delimiter") != "/" or "/" not in key[len(prefix) :]
        ]
        start = int(request.query.get("continuation-token", "0"))
        page = flat[start : start + min(_PAGE, int(request.query.get("max-keys", "1000")))]
        more = start + len(page) < len(flat)
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{self._path(key).stat().st_size}</Size>"
            f"<LastModified>{_iso(self._path(key))}</LastModified><ETag>{escape(self._tag(key))}</ETag></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{start + len(page)}</NextContinuationToken>" if more else ""
        return _xml(
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{items}</ListBucketResult>"
        )

    async def _broken(
        self, request: web.Request, transport: asyncio.Transport, plan: str
    ) -> web.StreamResponse:
        if plan == "garbage":
            return web.Response(text="<html>oops</html>", content_type="text/html")
        if plan == "half_answer":
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            await asyncio.sleep(0)
        transport.abort() if plan == "lost_reply" else transport.close()
        return await asyncio.Event().wait()  # type: ignore[func-returns-value,return-value]

    # -- signatures --------------------------------------------------------------------------------

    def _signature(self, request: web.Request, path: str, content: bytes) -> str:
        """Return what is wrong with a request's signature, by its error code."""
        kind, _, rest = request.headers.get("Authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if kind != "AWS4-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= parts.keys():
            return "AccessDenied"
        access, day, region, service, _ = parts["Credential"].split("/")
        if access != self.access:
            return "InvalidAccessKeyId"
        stated = request.headers["x-amz-content-sha256"]
        if stated != hashlib.sha256(content).hexdigest() or service != "s3" or region != self.region:
            return "SignatureDoesNotMatch"
        names = parts["SignedHeaders"].split(";")
        sent = {name.lower() for name in request.headers if name.lower().startswith("x-amz-")} | {"host"}
        if not sent <= set(names):
            return "AccessDenied"
        pairs = [pair.partition("=") for pair in request.raw_path.partition("?")[2].split("&") if pair]
        query = "&".join(
            sorted(f"{quote(unquote_plus(a), '-._~')}={quote(unquote_plus(b), '-._~')}" for a, _, b in pairs)
        )
        lines = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
        whole = f"{request.method}\n{path}\n{query}\n{lines}\n{parts['SignedHeaders']}\n{stated}"
        scope = f"{day}/{region}/s3/aws4_request"
        asked = "\n".join(
            (
                "AWS4-HMAC-SHA256",
                request.headers["x-amz-date"],
                scope,
                hashlib.sha256(whole.encode()).hexdigest(),
            )
        )
        key = ("AWS4" + self.secret).encode()
        for word in scope.split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        good = hmac.new(key, asked.encode(), hashlib.sha256).hexdigest()
        return "" if hmac.compare_digest(good, parts["Signature"]) else "SignatureDoesNotMatch"

    # -- the folder --------------------------------------------------------------------------------

    def _path(self, key: str) -> Path:
        return self.root / key

    def _store(self, key: str, content: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.tmp")
        part.write_bytes(content)
        shutil.move(part, path)

    def _tag(self, key: str) -> str:
        path = self._path(key)
        status = path.stat()
        known = (key, status.st_size, status.st_mtime_ns)
        if known not in self._tags:
            self._tags[known] = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        return f'"{self._tags[known]}"'


def _iso(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _xml(content: str, status: int = 200) -> web.Response:
    return web.Response(
        body=f'<?xml version="1.0" encoding="UTF-8"?>\n{content}'.encode(), status=status,
        content_type="application/xml",
    )  # fmt: skip


def _error(status: int, code: str, words: str, *, head: bool = False) -> web.Response:
    if head:
        return web.Response(status=status)
    return _xml(f"<Error><Code>{code}</Code><Message>{escape(words)}</Message></Error>", status)
