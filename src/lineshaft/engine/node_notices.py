"""Node notifications on their way: from what the kernel asks for to one message per person or channel.

What is to be told is owed in the transaction of the step, as a job; the job finds out who the people are and
how each of them wants to be told, and becomes a call for each of those ways.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lineshaft.bpmn.kernel import effects
from lineshaft.engine.instances import Live
from lineshaft.feel import codec as values
from lineshaft.store.rows import Job

KIND: Final = "node"
PERSON: Final = "notice.person"
"""The operation by which a system tells single people: ``title``, ``text`` and ``to``, their names there."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How one person wants to be told."""

    address: str
    """A mail address, or the person's name at the channel: a telephone number, an id."""
    channel: str = ""
    """A system with an operation ``notice.person``; empty: mail."""


Contacts = Callable[[Sequence[str]], Awaitable[list[Contact]]]
"""Returns how people named by login, role, position, department or address are told."""


def facts_of(live: Live, told: effects.Notify) -> dict[str, Any]:
    """Return the facts of a notice (see ``Notices``)."""
    return {
        "kind": KIND,
        "event": told.event,
        "element": told.element,
        "task": live.program.nodes[told.element].type == "userTask",
        "node": told.name,
        "process": live.program.name or live.program.process_id,
        "business_key": live.business_key,
        "instance": live.id,
        "token": told.token,
        "department": live.department,
        "to": list(told.to),
        "subject": told.subject.to_dict(),
        "text": told.text.to_dict(),
        "variables": dict(told.variables),
    }


def notice_job(live: Live, told: effects.Notify, now: datetime) -> Job:
    """Return what is owed for a notification of a step."""
    return Job(
        tenant=live.tenant,
        id=f"notice/{KIND}/{live.id}/{told.token}/{told.event}/{live.version + 1}",
        lane=live.lane,
        kind="notice",
        due_at=now,
        created_at=now,
        payload=values.encode({**facts_of(live, told), "system": "", "at": now}),
    )


def by_channel(contacts: Sequence[Contact]) -> Mapping[str, list[str]]:
    """Return the addresses of each channel, nobody twice; ``""`` is mail."""
    found: dict[str, dict[str, None]] = {}
    for each in contacts:
        found.setdefault(each.channel, {})[each.address] = None
    return {channel: list(addresses) for channel, addresses in found.items()}
