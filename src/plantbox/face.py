"""What the shared machinery must know of one system; each system fills it in (``crm.app``, ``erp.app``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from plantbox.faults import Fault


@dataclass(frozen=True, slots=True)
class Face:
    """A system as the server sees it.

    ``operation`` names a request for counts and faults; ``failure(status, kind, message)`` and
    ``inner_error`` are the system's own error shapes; ``background`` run while it serves; ``due`` does
    what simulated time has made due; ``opening`` run before the ready line, to which ``ready`` adds.
    ``main_write`` is the operation that the fault buttons for one write strike; ``calls_back`` tells
    whether it has webhooks.
    """

    name: str
    routes: Sequence[web.RouteDef]
    admin_routes: Sequence[web.RouteDef]
    operation: Callable[[web.Request], str]
    failure: Callable[[int, str, str], web.Response]
    inner_error: Callable[[Fault], web.Response]
    code_field: str
    counts: Callable[[], dict[str, int]]
    background: Sequence[Callable[[], Awaitable[None]]]
    due: Callable[[], Awaitable[None]]
    opening: Sequence[Callable[[], Awaitable[None]]] = ()
    ready: dict[str, Any] = field(default_factory=dict)
    main_write: str = "*"
    calls_back: bool = False
