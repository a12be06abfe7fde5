"""References 待匹配: how one is written, and what is owed when one appears or is missed.

A reference is ``type:system:id``: the record that ``system`` calls ``id``. Whoever misses one waits for it
(an effect in the ledger as ``parked``, a record of a flow as ``Parked``); whoever writes a cross-reference
adds ``appeared`` to the same commit. Both sides leave a job behind, so that neither can miss the other
however they interleave, and nothing is lost if the process dies in between:

- ``appeared``: after the commit that bound, everything that waits for any id of the object goes on;
- ``missed``: after the commit that parked, it is looked once more whether the object was bound meanwhile,
  and who can help is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from lineshaft.base.ids import lane_of
from lineshaft.feel import codec as values
from lineshaft.store.rows import Job, Parked
from lineshaft.store.writes import PutJob, PutParked, Write

RELEASE: Final = "release_parked"
MISSED: Final = "reference_missed"
AGAIN_S: Final = 2.0
"""After parking: seconds until it is looked again whether the reference has appeared meanwhile."""
SKEW_S: Final = 10.0
"""By how much the clocks of two nodes may differ: what was bound so shortly before the look-up began that it
cannot be told which came first is tried again."""
_JOB_OBJECTS_MAX: Final = 1_000


def reference_of(object_type: str, system: str, local_id: str) -> str:
    """Return the reference to a record."""
    return f"{object_type}:{system}:{local_id}"


def parts_of(reference: str) -> tuple[str, str, str]:
    """Return type, system and id of a reference; empty where it has no such part."""
    object_type, _, rest = reference.partition(":")
    system, _, local_id = rest.partition(":")
    return object_type, system, local_id


def release_lane(tenant: str) -> int:
    """Return the lane of all releases: one after another, so that nothing is released twice."""
    return lane_of(tenant, "references")


def appeared(tenant: str, objects: Iterable[tuple[str, str]], now: datetime, mark: str) -> list[Write]:
    """Return what lets everything go on that waits for these objects (type, id): for the commit that binds.

    One job for up to 1,000 objects; where nothing waits, that job is all it costs. ``mark`` is new for each
    commit: a job that is being carried out has not seen what this one is about.
    """
    listed = sorted(set(objects))
    writes: list[Write] = []
    for start in range(0, len(listed), _JOB_OBJECTS_MAX):
        part = listed[start : start + _JOB_OBJECTS_MAX]
        writes.append(
            PutJob(
                Job(
                    tenant=tenant,
                    id=f"{RELEASE}/{mark}/{start}",
                    lane=release_lane(tenant),
                    kind=RELEASE,
                    due_at=now,
                    created_at=now,
                    payload=values.encode({"objects": [list(each) for each in part]}),
                )
            )
        )
    return writes


def missed(tenant: str, reference: str, now: datetime, item: str) -> Write:
    """Return what looks again and asks for a reference: for the commit that parks ``item``."""
    # Its own for each commit: one that is being carried out has not seen this one.
    mark = blake2b(f"{item} {reference} {now}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    return PutJob(
        Job(
            tenant=tenant,
            id=f"{MISSED}/{mark}",
            lane=release_lane(tenant),
            kind=MISSED,
            due_at=now + timedelta(seconds=AGAIN_S),
            created_at=now,
            payload=values.encode({"reference": reference}),
        )
    )


def parked(row: Parked) -> list[Write]:
    """Return what lets a flow's record wait for ``row.reference``: for the commit that sets it aside.

    When the reference appears the row becomes a ``Job`` (same id, lane, kind, payload, priority; due at
    ``created_at``), written in the commit that takes the row away. When a person rejects it, it becomes a job
    of the kind ``<kind>_rejected`` whose payload is ``{"payload": bytes, "reason": …, "by": …}``.
    """
    return [PutParked(row), missed(row.tenant, row.reference, row.parked_at, row.id)]
