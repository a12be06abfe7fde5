"""Upkeep of the database file: a slice runs in the writer's thread, in one short transaction."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from lineshaft.store.cursors import micros_of
from lineshaft.store.pruning import Ask, Places

T = TypeVar("T")

PLACES = Places(time_out=int, time_in=int)


def carry_out(connection: sqlite3.Connection, steps: Generator[Ask, Any, T]) -> T:
    """Run statements to their end."""
    answer: Any = None
    while True:
        try:
            ask = steps.send(answer)
        except StopIteration as end:
            found: T = end.value
            return found
        answer = _asked(connection, ask)


def _asked(connection: sqlite3.Connection, ask: Ask) -> Any:
    done = connection.execute(_sql(ask.sql), _values(ask.values))
    return done.fetchall() if ask.reads else done.rowcount


@lru_cache(maxsize=200)
def _sql(text: str) -> str:
    text = re.sub(r"= ANY\((:\w+)\)", r"IN (SELECT value FROM json_each(\1))", text)
    text = re.sub(r"HAS_(?:BYTES|TEXT)\((\w+), (:\w+)\)", r"instr(\1, \2) > 0", text)
    return re.sub(r"KEY\((:\w+)\)", r"\1", text)


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, list):
            out[name] = msgspec.json.encode(value).decode()
        else:
            out[name] = micros_of(value) if isinstance(value, datetime) else value
    return out
