"""LDAP filters as text (RFC 4515) into their wire form: and, or, not, equality, presence. Pure."""

from __future__ import annotations

import re

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text
from lineshaft.security.ber import octets, sequence, tagged


def escaped(value: str) -> str:
    """Return a value so that nothing in it means anything to a filter."""
    return "".join(
        f"\\{byte:02x}" if chr(byte) in "\\*()\0" or byte > 126 else chr(byte) for byte in value.encode()
    )


def compiled(words: str) -> bytes:
    """Return a filter's wire form; raises ``ConfigError``."""
    found, rest = _one(words)
    if rest:
        raise _wrong(words)
    return found


def _one(words: str) -> tuple[bytes, str]:
    if not words.startswith("("):
        raise _wrong(words)
    kind = words[1:2]
    if kind in ("&", "|", "!"):
        rest = words[2:]
        parts = []
        while rest.startswith("("):
            part, rest = _one(rest)
            parts.append(part)
        if not rest.startswith(")") or not parts or (kind == "!" and len(parts) != 1):
            raise _wrong(words)
        return sequence(*parts, tag={"&": 0xA0, "|": 0xA1, "!": 0xA2}[kind]), rest[1:]
    found = re.match(r"\(([A-Za-z][A-Za-z0-9;.-]*)=([^()]*)\)", words)
    if found is None:
        raise _wrong(words)
    name, value = found.groups()
    rest = words[found.end() :]
    if value == "*":
        return tagged(0x87, name.encode()), rest
    if "*" in value:
        raise _wrong(words)
    plain = re.sub(rb"\\([0-9A-Fa-f]{2})", lambda each: bytes([int(each[1], 16)]), value.encode())
    return sequence(octets(name), octets(plain), tag=0xA3), rest


def _wrong(words: str) -> ConfigError:
    return ConfigError(
        text(
            "Expected an LDAP filter of (attribute=value), (&…), (|…), (!…), but it is {words}.",
            "LDAP 过滤条件应由 (属性=值)、(&…)、(|…)、(!…) 组成,实际为 {words}。",
            words=ascii(words[:120]),
        ),
        code="ldap_filter",
    )
