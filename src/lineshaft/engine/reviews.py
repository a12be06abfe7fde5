"""Reviews of processes 评审: business and IT comment on the nodes of one drawing and sign the same version.

A version is the digest of the drawing: a signature holds for exactly what was signed, in whatever release it
stands, and for nothing that was changed after it. Comments stay with their node until somebody closes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.ids import Ids
from lineshaft.base.text import text
from lineshaft.engine.task_acts import Person
from lineshaft.engine.words import storable
from lineshaft.security.audit import Audit
from lineshaft.security.records import Kept, Shelf, changed_meanwhile, written
from lineshaft.store.port import Store

Side = Literal["business", "technical"]
SIDES: Final[tuple[Side, ...]] = ("business", "technical")
COMMENT: Final = "process_comment"
SIGNATURE: Final = "process_signature"
TEXT_MAX: Final = 2_000
COMMENTS_MAX: Final = 1_000
"""Comments of one process that are kept."""


class Comment(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody said of a node."""

    element: str
    """Empty: of the whole process."""
    text: str
    by: str
    by_id: str
    side: Side
    digest: str
    """Of the drawing that they had before them."""
    at: datetime
    closed_by: str = ""
    closed_at: datetime | None = None


class Signature(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody agrees to a version."""

    by: str
    by_id: str
    side: Side
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was said of a process, and who has signed its present version."""

    digest: str
    comments: list[Kept[Comment]]
    """Oldest first."""
    signatures: list[Signature]

    @property
    def is_agreed(self) -> bool:
        """Whether both sides have signed."""
        return {each.side for each in self.signatures} == set(SIDES)


def digest_of(drawing: bytes) -> str:
    """Return the version that is signed: a digest of the drawing."""
    return blake2b(drawing, digest_size=12).hexdigest()


class Reviews:
    """Comments and signatures of processes."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, audit: Audit) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self._comments = Shelf(store, audit.tenant, COMMENT, Comment)
        self._signatures = Shelf(store, audit.tenant, SIGNATURE, Signature)

    async def of(self, process_id: str, drawing: bytes) -> Reviewed:
        """Return what was said of a process, and who has signed this drawing."""
        digest = digest_of(drawing)
        comments = list(reversed(await self._comments.all(owner=process_id)))
        signed = await self._signatures.all(owner=f"{process_id}/{digest}")
        return Reviewed(digest, comments, [each.value for each in reversed(signed)])

    async def comment(
        self, person: Person, side: Side, process_id: str, drawing: bytes, *, element: str, words: str
    ) -> str:
        """Say something of a node (or, without one, of the process); return the comment's id."""
        said = storable(words.strip())
        if not said or len(said) > TEXT_MAX:
            raise InputError(
                text("Expected 1 to {n} characters.", "请填写 1 到 {n} 个字符。", n=TEXT_MAX),
                code="comment_invalid",
            )
        if len(await self._comments.all(owner=process_id)) >= COMMENTS_MAX:
            raise Conflict(
                text("There are {n} comments already.", "评论已达 {n} 条。", n=COMMENTS_MAX),
                code="too_many_comments",
            )
        key, now = self._ids.new(), self._clock.now()
        made = Comment(element, said, person.name, person.id, side, digest_of(drawing), now)
        line = self._audit.line(
            "process.commented", subject_type="process", subject=process_id, detail={"element": element}
        )
        await self._audit.write(self._comments.put(key, made, None, now, owner=process_id), line)
        return key

    async def close(self, person: Person, process_id: str, key: str) -> None:
        """Say that a comment is dealt with; once more is nothing. Raises ``NotFound``."""
        kept = await self._comments.get(key)
        if kept is None or kept.owner != process_id:
            raise NotFound(text("There is no such comment.", "没有该评论。"))
        if kept.value.closed_at is not None:
            return
        now = self._clock.now()
        closed = msgspec.structs.replace(kept.value, closed_by=person.name, closed_at=now)
        line = self._audit.line("process.comment_closed", subject_type="process", subject=process_id)
        put = self._comments.put(key, closed, kept, now, owner=process_id)
        if not await written(self._store, put, line):
            raise changed_meanwhile(process_id)

    async def sign(
        self, person: Person, side: Side, process_id: str, drawing: bytes, *, digest: str, note: str
    ) -> None:
        """Agree to the version with this digest, for one's side; once more is nothing.

        Raises:
            Conflict: It is not the present version any more: look at it again.
        """
        present = digest_of(drawing)
        if digest != present:
            raise Conflict(
                text(
                    "The process has been changed since you looked at it; look again.",
                    "流程已变更,请重新查看后再签署。",
                ),
                code="version_changed",
            )
        owner = f"{process_id}/{present}"
        key = f"{owner}/{side}/{person.id}"
        if await self._signatures.get(key) is not None:
            return
        now = self._clock.now()
        made = Signature(person.name, person.id, side, now, storable(note.strip()[:TEXT_MAX]))
        detail = {"version": present, "side": side}
        line = self._audit.line("process.signed", subject_type="process", subject=process_id, detail=detail)
        if not await written(self._store, self._signatures.put(key, made, None, now, owner=owner), line):
            raise changed_meanwhile(process_id)


def open_of(comments: Sequence[Kept[Comment]]) -> dict[str, int]:
    """Return how many comments of each node wait to be dealt with."""
    found: dict[str, int] = {}
    for each in comments:
        if each.value.closed_at is None:
            found[each.value.element] = found.get(each.value.element, 0) + 1
    return found
