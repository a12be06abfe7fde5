"""Stored form: an instance as one small root, one row per scope, and its history as lists of events.

MessagePack. The root carries the format's version; rows of an older version go through the upcasters, one
version at a time, so that every later program still understands them. Values of variables are stored apart,
by ``lineshaft.feel.codec``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from lineshaft.bpmn.kernel.events import AnyEvent
from lineshaft.bpmn.kernel.state import InstanceState, ScopeState

FORMAT: Final = 1
"""The version of root, scope rows and events that this program writes."""


class NewerState(ValueError):
    """The rows were written by a newer program: only that one understands them."""


UPCASTERS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Version n -> function from the plain form of version n (root and scopes) to that of n + 1."""


class Root(msgspec.Struct, array_like=True, frozen=True):
    """The instance's own row."""

    format: int
    status: str
    process_id: str
    digest: str
    next_number: int
    version_tag: str | None = None
    business_key: str | None = None
    catches: tuple[str, ...] = ()
    held: int = 0


_ENCODER = msgspec.msgpack.Encoder()
_ROOT = msgspec.msgpack.Decoder(Root)
_SCOPE = msgspec.msgpack.Decoder(ScopeState)
_EVENTS = msgspec.msgpack.Decoder(list[AnyEvent])
_PLAIN = msgspec.msgpack.Decoder()


def encode_root(state: InstanceState) -> bytes:
    """Return the instance's own row: status, process, program, counters."""
    return _ENCODER.encode(
        Root(
            FORMAT,
            state.status,
            state.process_id,
            state.digest,
            state.next_number,
            state.version_tag,
            state.business_key,
            state.catches,
            state.held,
        )
    )


def encode_scope(scope: ScopeState) -> bytes:
    """Return one scope's row."""
    return _ENCODER.encode(scope)


def decode_state(
    instance_id: str,
    root: bytes,
    scopes: Mapping[int, bytes],
    variables: Mapping[tuple[int, str], Any],
) -> InstanceState:
    """Return an instance from its rows, through the upcasters where they are of an older version.

    Raises:
        ValueError: The rows are of a newer version than this program, or no rows of this kind.
    """
    plain = _PLAIN.decode(root)
    version = plain[0] if isinstance(plain, list) and plain else None
    if isinstance(version, int) and version > FORMAT:
        raise NewerState(f"Expected stored state of format {FORMAT} or older, but found {version}")
    if not isinstance(version, int):
        raise ValueError(f"Expected stored state of format {FORMAT} or older, but found {version!r}")
    if version < FORMAT:
        upcast = {"root": plain, "scopes": {number: _PLAIN.decode(row) for number, row in scopes.items()}}
        for old in range(version, FORMAT):
            upcast = UPCASTERS[old](upcast)
        root = _ENCODER.encode(upcast["root"])
        scopes = {number: _ENCODER.encode(row) for number, row in upcast["scopes"].items()}
    header = _ROOT.decode(root)
    state = InstanceState(instance_id)
    state.status = header.status
    state.process_id = header.process_id
    state.digest = header.digest
    state.next_number = header.next_number
    state.version_tag = header.version_tag
    state.business_key = header.business_key
    state.catches = header.catches
    state.held = header.held
    state.load({number: _SCOPE.decode(row) for number, row in scopes.items()}, variables)
    return state


def encode_events(events: Iterable[AnyEvent]) -> bytes:
    """Return a step's events in their stored form."""
    return _ENCODER.encode(list(events))


def decode_events(data: bytes) -> list[AnyEvent]:
    """Return events from their stored form."""
    return _EVENTS.decode(data)
