"""The batch format of OData 2: many requests in one body, each with an answer of its own. Pure.

Every request stands in a change set of its own, because the requests of one change set succeed or fail
together. Sources: OData 2 Batch Processing; RFC 2046 §5.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

_LINE: Final = b"\r\n"
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})")
_DEPTH_MAX: Final = 4


def write_batch(requests: Sequence[Mapping[str, Any]], encode: Callable[[Any], bytes]) -> tuple[bytes, str]:
    """Return the body and its content type.

    Args:
        requests: ``id``, ``method``, ``url``, ``headers`` and ``body`` each.
        encode: Writes a body as JSON.
    """
    parts = []
    for each in requests:
        body = encode(each["body"]) if each.get("body") is not None else b""
        headers = {**each.get("headers", {}), "Content-Length": str(len(body))}
        head = [f"{each['method']} {each['url']} HTTP/1.1".encode()]
        head += [f"{name}: {_one_line(str(value))}".encode() for name, value in headers.items()]
        request = _LINE.join(head) + _LINE * 2 + body
        outer = (
            f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {each['id']}"
        )
        parts.append(outer.encode() + _LINE * 2 + request)
    # A boundary is the digest of what it separates: it cannot be a part of it.
    mark = sha256(b"".join(parts)).hexdigest()[:24]
    sets = []
    for index, part in enumerate(parts):
        boundary = f"changeset_{mark}_{index}"
        inner = b"--" + boundary.encode() + _LINE + part + _LINE + b"--" + boundary.encode() + b"--" + _LINE
        sets.append(f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + inner)
    outer_mark = f"batch_{mark}".encode()
    whole = b"".join(b"--" + outer_mark + _LINE + each + _LINE for each in sets)
    return whole + b"--" + outer_mark + b"--" + _LINE, f"multipart/mixed; boundary={outer_mark.decode()}"


def read_batch(body: bytes, content_type: str, decode: Callable[[bytes], Any]) -> dict[str, Any]:
    """Return ``{responses: […]}`` with ``id``, ``status``, ``body`` each; without ids they go by their order.

    Raises:
        ValueError: It is no multipart of HTTP answers.
    """
    found = list(_answers(body, content_type, decode, 0))
    if not found:
        raise ValueError("expected answers in parts, but there are none")
    for index, each in enumerate(found, start=1):
        each["id"] = each["id"] or str(index)
    return {"responses": found}


def _answers(body: bytes, content_type: str, decode: Callable[[bytes], Any], depth: int) -> Any:
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None or depth > _DEPTH_MAX:
        raise ValueError("expected multipart/mixed with a boundary")
    mark = b"--" + boundary[1].strip().encode()
    if mark + b"--" not in body:
        raise ValueError("expected the end of the parts, but it is missing")
    for part in body.split(mark)[1:]:
        if part.startswith(b"--"):
            return
        head, _, content = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
        headers = _headers(head)
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/"):
            yield from _answers(content, kind, decode, depth + 1)
            continue
        inner_head, _, answer = content.partition(b"\r\n\r\n")
        status = _STATUS.match(inner_head)
        if status is None:
            raise ValueError("expected an HTTP answer in a part")
        inner = _headers(inner_head)
        answer = answer.rstrip(b"\r\n")
        shown = decode(answer) if answer[:1] in (b"{", b"[") else answer.decode("utf-8", "replace") or None
        named = headers.get("content-id") or inner.get("content-id") or ""
        yield {"id": named, "status": int(status[1]), "body": shown}


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.decode("utf-8", "replace").partition(":") for line in head.split(b"\r\n") if b":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _one_line(value: str) -> str:
    if "\r" in value or "\n" in value:
        raise ValueError("a header holds a line break")
    return value
