"""What is kept of a task beside its row: who did what with it, who else must agree, when it was urged.

Three kinds of records, all written in the commit of the act they tell about: the ``desk`` of a task (its
version is what makes two people's acts on it one after the other), an ``act`` for each thing somebody did,
and a ``slip`` for each person who shall find the task in a box of theirs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from lineshaft.store.rows import Task

ActKind = Literal[
    "approved",
    "submitted",
    "returned",
    "handed_over",
    "approver_added",
    "agreed",
    "commented",
    "copied",
    "urged",
    "escalated",
    "started",
]
Box = Literal["done", "copied", "started", "asked", "escalated"]

DESK: Final = "task_desk"
ACT: Final = "task_act"
SLIP: Final = "task_slip"
DELEGATION: Final = "task_delegation"


class Signer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who was asked to agree before the task can be finished 加签."""

    person: str
    name: str
    asked_by: str
    asked_at: datetime
    agreed_at: datetime | None = None


class Desk(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a task beside its row."""

    signers: tuple[Signer, ...] = ()
    also: tuple[str, ...] = ()
    """People and groups who may act on it too: to whom it was escalated."""
    urges: int = 0
    urged_at: datetime | None = None
    escalated_at: datetime | None = None

    @property
    def missing(self) -> tuple[Signer, ...]:
        """Who has not agreed yet."""
        return tuple(each for each in self.signers if each.agreed_at is None)


class Act(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that somebody did with a task."""

    kind: ActKind
    token: int
    task: str
    """The name of the task it was done with."""
    at: datetime
    by: str
    by_id: str = ""
    """Empty: the hub did it."""
    note: str = ""
    to: str = ""
    """To whom, or to which step."""
    stands_for: str = ""
    """Whose task it was, where somebody acted for them."""
    chose: tuple[str, str] | None = None
    """What was chosen in the form, in Chinese and in English."""


class Slip(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task in one person's box, as it was when it was put there."""

    box: Box
    instance_id: str
    token: int
    name: str
    process_id: str
    at: datetime
    by: str
    kind: ActKind
    business_key: str | None = None
    department: str | None = None
    release: str = ""


class Delegation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody acts for somebody else for a while 代理."""

    giver: str
    giver_name: str
    taker: str
    taker_name: str
    begins_at: datetime
    ends_at: datetime
    note: str = ""

    def holds(self, now: datetime) -> bool:
        """Tell whether it is in force."""
        return self.begins_at <= now < self.ends_at


class Person(msgspec.Struct, frozen=True):
    """Who acts: the names a task may be assigned by, the groups, and for whom else."""

    id: str
    name: str
    groups: frozenset[str] = frozenset()
    operates: bool = False
    """Looks after all runs: may act on any task that they see."""
    others: tuple[Person, ...] = ()
    """Whose tasks this person does for now."""

    @property
    def names(self) -> frozenset[str]:
        """What a task may call this person."""
        return frozenset({self.id, self.name})

    def is_meant(self, task: Task, also: tuple[str, ...] = ()) -> bool:
        """Tell whether a task is this person's: assigned to them, or open to a group of theirs."""
        if not (self.names | self.groups).isdisjoint(also):
            return True
        if task.assignee:
            return task.assignee in self.names
        if not task.candidate_users and not task.candidate_groups:
            return True
        return not (
            self.names.isdisjoint(task.candidate_users) and self.groups.isdisjoint(task.candidate_groups)
        )

    def acts_for(self, task: Task, also: tuple[str, ...] = ()) -> str | None:
        """Return for whom this person may act on a task: ``""`` for themselves, ``None`` for nobody."""
        if self.is_meant(task, also):
            return ""
        return next((each.name for each in self.others if each.is_meant(task, also)), None)


def key_of(instance_id: str, token: int) -> str:
    """Return the id of a task's desk."""
    return f"{instance_id}/{token}"
