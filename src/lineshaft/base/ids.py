"""Identifiers: how they are made and how a key finds its lane.

An id is text: sortable by time, 26 characters of Crockford base 32 (the ULID layout: 48 bits of
milliseconds, 80 bits of chance). Time and chance come in as values.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, Protocol

LANES: Final = 256
"""The number of hash classes of keys; part of the stored format, never changed."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Ids(Protocol):
    """Where new ids come from."""

    def new(self) -> str:
        """Return a new id, greater than those this source gave before."""
        ...


def encode_id(milliseconds: int, chance: int) -> str:
    """Return the id for a time (since the epoch) and 80 bits of chance."""
    value = (milliseconds << 80) | (chance & ((1 << 80) - 1))
    characters = []
    for _ in range(26):
        characters.append(_ALPHABET[value & 31])
        value >>= 5
    return "".join(reversed(characters))


def is_id(word: str) -> bool:
    """Return whether a word looks like an id: 26 characters of its alphabet."""
    return len(word) == 26 and set(word) <= set(_ALPHABET)


def lane_of(tenant: str, key: str) -> int:
    """Return the lane (0 to 255) of a key: the unit of order and of ownership.

    The hash is BLAKE2b of ``tenant`` and ``key`` apart by a zero byte, so it is the same in every
    process, on every machine, for ever.
    """
    return blake2b(f"{tenant}\0{key}".encode("utf-8", "surrogatepass"), digest_size=1).digest()[0]


class CountingIds:
    """Ids in a row, for tests and the simulation."""

    def __init__(self, start: int = 1, prefix: int = 0) -> None:
        self._next = start
        self._prefix = prefix

    def new(self) -> str:
        """Return the next id."""
        value = self._next
        self._next += 1
        return encode_id(value, self._prefix)
