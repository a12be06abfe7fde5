"""A message's bytes into a record: addresses, texts, attachments, whatever their charset. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Final, cast

_CHINESE: Final = {"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "cp936": "gb18030"}
_INTERNAL: Final = "%d-%b-%Y %H:%M:%S %z"


def record_of(raw: bytes, identity: str, received: str, size: int, *, inline_max: int) -> dict[str, Any]:
    """Return a message as a record.

    Args:
        raw: Its bytes, or its headers alone.
        identity: The folder's number and its own.
        received: The server's INTERNALDATE.
        size: Its whole size in bytes.
        inline_max: Attachments up to so many bytes come along in base 64.
    """
    message = message_from_bytes(raw, policy=policy.default)
    texts: list[str] = []
    pages: list[str] = []
    files: list[EmailMessage] = []
    for part in _leaves(message):
        kind = part.get_content_type()
        if part.get_content_disposition() != "attachment" and part.get_filename() is None and kind in (
            "text/plain", "text/html",
        ):  # fmt: skip
            (texts if kind == "text/plain" else pages).append(_text(part))
        else:
            files.append(part)
    return {
        "id": identity,
        "message_id": _header(message, "message-id"),
        "from": next(iter(_people(message, "from")), None),
        "to": _people(message, "to"),
        "cc": _people(message, "cc"),
        "subject": _header(message, "subject"),
        "date": _date(_header(message, "date")),
        "received_at": _received(received),
        "text": "\n".join(texts),
        "html": "\n".join(pages),
        "attachments": [_file(part, number, inline_max) for number, part in enumerate(files, start=1)],
        "in_reply_to": _header(message, "in-reply-to"),
        "references": _header(message, "references").split(),
        "automatic": _header(message, "auto-submitted").lower() not in ("", "no"),
        "size": size,
        "too_large": False,
    }


def attachment(raw: bytes, number: int) -> bytes | None:
    """Return an attachment's content by its number in the record."""
    message = message_from_bytes(raw, policy=policy.default)
    files = [
        part
        for part in _leaves(message)
        if part.get_content_disposition() == "attachment"
        or part.get_filename() is not None
        or part.get_content_type() not in ("text/plain", "text/html")
    ]
    return _content(files[number - 1]) if 0 < number <= len(files) else None


def identity_of(raw: bytes, size: int) -> str:
    """Return what tells a message from all others wherever it lies: a new numbering changes nothing."""
    digest = hashlib.blake2b(raw, digest_size=16)
    digest.update(str(size).encode())
    return digest.hexdigest()


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        yield message
        return
    for part in message.iter_parts():
        yield from _leaves(cast(EmailMessage, part))


def _content(part: EmailMessage) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        return cast(EmailMessage, inner[0]).as_bytes() if isinstance(inner, list) and inner else b""
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _text(part: EmailMessage) -> str:
    content = _content(part)
    named = str(part.get_content_charset() or "utf-8").lower()
    for charset in (_CHINESE.get(named, named), "utf-8", "gb18030"):
        try:
            return content.decode(charset).replace("\r\n", "\n")
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("utf-8", "replace")


def _file(part: EmailMessage, number: int, inline_max: int) -> dict[str, Any]:
    content = _content(part)
    name = part.get_filename() or f"part-{number}"
    # A name is a name: nobody writes outside of a folder with it.
    safe = re.sub(r"[\x00-\x1f/\\:]", "_", str(name)).lstrip(".") or f"part-{number}"
    shown = base64.b64encode(content).decode() if len(content) <= inline_max else None
    kind = part.get_content_type()
    return {"number": number, "name": safe, "type": kind, "size": len(content), "base64": shown}


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = str(message[name] or "")
    except (ValueError, LookupError, AttributeError, IndexError):
        # Some machines write headers that no grammar has.
        value = next((str(found) for key, found in message.raw_items() if key.lower() == name), "")
    return re.sub(r"[\r\n]+\s*", " ", value).strip()


def _people(message: EmailMessage, name: str) -> list[dict[str, str]]:
    return [
        {"name": shown, "address": address.lower()}
        for shown, address in getaddresses([_header(message, name)])
        if address
    ]


def _date(written: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, TypeError):
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _received(written: str) -> datetime | None:
    try:
        return datetime.strptime(written.strip(), _INTERNAL).astimezone(UTC)
    except ValueError:
        return None
