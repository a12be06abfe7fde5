"""Bodies on the wire: JSON with exact decimals, forms, multipart, XML, CSV, plain text.

Pure. A JSON number with a fraction is read as ``Decimal`` and written digit by digit, never through a float.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from lineshaft import feel
from lineshaft.base.numbers import exact, may_be_vast
from lineshaft.connectors.http.batching import read_batch, write_batch
from lineshaft.connectors.http.soap import read_soap
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.xmltree import NotXml, read_xml, write_xml

ENCODINGS: Final = ("json", "form", "multipart", "xml", "soap", "soap12", "text", "ndjson", "batch")
FORMS: Final = ("auto", "json", "xml", "soap", "form", "csv", "ndjson", "text")
"""How an answer can be read; ``auto`` goes by its content type."""
_BOM: Final = b"\xef\xbb\xbf"
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_CAREFUL: Final = msgspec.json.Decoder(float_hook=exact)


class Unreadable(Exception):
    """A body is not what its kind promises; the text says why."""


def _other(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, feel.Function):
        raise Unreadable("a function is no value; is a name missing its quotes?")
    return str(value)


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=_other)


def encode_json(value: Any) -> bytes:
    """Return a value as JSON, decimals digit by digit."""
    return _ENCODER.encode(value)


def encode(
    value: Any, encoding: str, *, nesting: str = "brackets", charset: str = "utf-8"
) -> tuple[bytes, str]:
    """Return the body and its content type.

    Args:
        value: What to send.
        encoding: One of ``ENCODINGS``.
        nesting: How lists and contexts stand in forms: ``brackets`` (``a[0][b]``), ``repeat`` (``a=1&a=2``),
            ``json`` (their JSON text).
        charset: Of forms and texts.

    Raises:
        Unreadable: The value cannot be written so.
    """
    if encoding == "form":
        pairs = list(form_pairs(value, nesting))
        kind = "application/x-www-form-urlencoded"
        if charset != "utf-8":
            kind += f"; charset={charset}"
        return urlencode(pairs, encoding=charset, errors="strict").encode("ascii"), kind
    if encoding == "multipart":
        return _multipart(value, nesting)
    if encoding == "xml":
        try:
            return write_xml(value), "application/xml"
        except NotXml as error:
            raise Unreadable(str(error)) from error
    if encoding == "text":
        return as_text(value).encode(charset), f"text/plain; charset={charset}"
    if encoding == "ndjson":
        rows = value if isinstance(value, list) else [value]
        return b"".join(_ENCODER.encode(row) + b"\n" for row in rows), "application/x-ndjson"
    if encoding == "batch":
        try:
            return write_batch(value, _ENCODER.encode)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"a batch: {error}") from error
    return _ENCODER.encode(value), "application/json"


def form_pairs(value: Any, nesting: str) -> Iterator[tuple[str, str]]:
    """Yield names and values of a form; null is left out."""
    for name, entry in value.items() if isinstance(value, Mapping) else ():
        yield from _pairs(str(name), entry, nesting)


def _pairs(name: str, entry: Any, nesting: str) -> Iterator[tuple[str, str]]:
    if entry is None:
        return
    if isinstance(entry, Mapping):
        if nesting == "json":
            yield name, _ENCODER.encode(entry).decode()
            return
        for key, below in entry.items():
            yield from _pairs(f"{name}[{key}]", below, nesting)
    elif isinstance(entry, list):
        if nesting == "json":
            yield name, _ENCODER.encode(entry).decode()
            return
        for index, below in enumerate(entry):
            yield from _pairs(name if nesting == "repeat" else f"{name}[{index}]", below, nesting)
    else:
        yield name, as_text(entry)


def _multipart(value: Any, nesting: str) -> tuple[bytes, str]:
    """RFC 7578; a context with ``filename`` is a file, its content in ``text`` or ``base64``."""
    parts: list[bytes] = []
    for name, entry in value.items() if isinstance(value, Mapping) else ():
        if isinstance(entry, Mapping) and "filename" in entry:
            parts.append(_file_part(str(name), entry))
            continue
        for key, text in _pairs(str(name), entry, nesting):
            parts.append(
                f'Content-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n'.encode() + text.encode()
            )
    # The boundary is the digest of what it separates: it cannot be a part of it.
    boundary = "lineshaft-" + sha256(b"".join(parts)).hexdigest()[:32]
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _file_part(name: str, entry: Mapping[str, Any]) -> bytes:
    if "base64" in entry:
        try:
            content = base64.b64decode(as_text(entry["base64"]), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Unreadable(f"{name}: its base64 cannot be read ({error})") from error
    else:
        content = as_text(entry.get("text")).encode()
    kind = as_text(entry.get("type")) or "application/octet-stream"
    if "\r" in kind or "\n" in kind:
        raise Unreadable(f"{name}: its type holds a line break")
    return part_head(name, as_text(entry["filename"]), kind) + content


def part_head(name: str, filename: str, kind: str) -> bytes:
    """Return the head of a file's part, blank line included."""
    return (
        f'Content-Disposition: form-data; name="{_quoted(name)}"; filename="{_quoted(filename)}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    ).encode()


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def decode(body: bytes, content_type: str, form: str = "auto") -> Any:
    """Return what a body says; an empty body is ``None``, kinds that are not known are text.

    Raises:
        Unreadable: It calls itself JSON or XML (or is to be) and is not.
    """
    body = body.removeprefix(_BOM)
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    charset = charset_of(content_type)
    if form == "auto":
        form = _form_of(kind, body)
    if form == "json" or form == "ndjson":
        written = body if charset in ("utf-8", "us-ascii") else body.decode(charset, "replace").encode()
        return (
            decode_json(written)
            if form == "json"
            else [decode_json(row) for row in written.splitlines() if row.strip()]
        )
    if form in ("xml", "soap"):
        try:
            return read_xml(body) if form == "xml" else read_soap(body)
        except NotXml as error:
            raise Unreadable(str(error)) from error
    if form == "batch":
        try:
            return read_batch(body, content_type, decode_json)
        except ValueError as error:
            raise Unreadable(str(error)) from error
    words = body.decode(charset, "replace")
    if form == "form":
        return dict(parse_qsl(words, keep_blank_values=True))
    if form == "csv":
        return [dict(row) for row in csv.DictReader(io.StringIO(words))]
    if form == "maybe":
        # Many business systems send JSON as text/html or text/plain.
        try:
            return decode_json(words.encode())
        except Unreadable:
            pass
    return words


def _form_of(kind: str, body: bytes) -> str:
    if kind == "application/x-www-form-urlencoded":
        return "form"
    if kind in ("application/x-ndjson", "application/jsonl", "application/json-lines"):
        return "ndjson"
    if kind.endswith("json") or kind == "":
        return "json"
    if kind.endswith(("/xml", "+xml")):
        return "xml"
    if kind == "text/csv":
        return "csv"
    if kind == "multipart/mixed":
        return "batch"
    return "maybe" if body.lstrip()[:1] in (b"{", b"[") else "text"


def charset_of(content_type: str) -> str:
    """Return the charset of a content type; GB 2312 and GBK are read as GB 18030, which holds them."""
    found = re.search(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]+)", content_type, re.I)
    name = found[1].lower() if found is not None else "utf-8"
    if name in ("gb2312", "gbk", "gb18030", "cp936"):
        return "gb18030"
    try:
        "".encode(name)
    except LookupError:
        return "utf-8"
    return "utf-8" if name == "utf8" else name


def decode_json(body: bytes) -> Any:
    """Return the value of a JSON text, numbers with a fraction as ``Decimal``.

    Raises:
        Unreadable: It is not JSON.
    """
    try:
        return (_CAREFUL if may_be_vast(body) else _DECODER).decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
