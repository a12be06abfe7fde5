"""Basic encoding rules (ITU-T X.690), as much as LDAP needs: definite lengths, tags below 31. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ber:
    """One element."""

    tag: int
    content: bytes

    @property
    def parts(self) -> list[Ber]:
        """The elements inside."""
        out = []
        rest = self.content
        while rest:
            element, rest = _split(rest)
            out.append(element)
        return out


def parse(data: bytes) -> Ber:
    """Return the one element of ``data``; raises ``ValueError``."""
    element, rest = _split(data)
    if rest:
        raise ValueError("more than one element")
    return element


def _split(data: bytes) -> tuple[Ber, bytes]:
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise ValueError("no element")
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("no definite length")
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise ValueError("cut off")
    return Ber(data[0], data[start : start + length]), data[start + length :]


def tagged(tag: int, content: bytes) -> bytes:
    """Return an element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes, tag: int = 0x30) -> bytes:
    """Return a sequence, or another element made of elements."""
    return tagged(tag, b"".join(parts))


def integer(value: int, tag: int = 0x02) -> bytes:
    """Return a whole number."""
    return tagged(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> bytes:
    """Return a choice by its number."""
    return integer(value, 0x0A)


def boolean(value: bool) -> bytes:
    """Return true or false."""
    return tagged(0x01, b"\xff" if value else b"\x00")


def octets(value: str | bytes, tag: int = 0x04) -> bytes:
    """Return a text in UTF-8, or bytes."""
    return tagged(tag, value.encode() if isinstance(value, str) else value)
