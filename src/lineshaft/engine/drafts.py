"""Drafts 草稿: definitions that somebody is drawing, kept by path until they are published or thrown away.

There is one draft of a file, and everybody who may change definitions works on it. Who saves names the state
that was read; a save over another's work is refused, so that nothing is lost silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.text import text
from lineshaft.sdk.pack import FOLDERS
from lineshaft.security.records import Kept, Shelf, changed_meanwhile, written
from lineshaft.store.port import Store

DRAFTS_MAX: Final = 200
"""Drafts of one firm at the same time."""
_NAME_MAX: Final = 120


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file as somebody is drawing it."""

    path: str
    text: str
    by: str
    changed_at: datetime
    base: str = ""
    """The release it was begun from; empty before the first."""
    removes: bool = False
    """The file is to go with the next release."""


class Drafts:
    """The drafts of one tenant."""

    def __init__(self, store: Store, clock: Clock, tenant: str) -> None:
        self._store = store
        self._clock = clock
        self._shelf = Shelf(store, tenant, "draft", Draft)

    async def all(self) -> list[Kept[Draft]]:
        """Return all of them, by path."""
        return sorted(await self._shelf.all(), key=lambda each: each.id)

    async def find(self, path: str) -> Kept[Draft] | None:
        """Return the draft of a file; ``None`` where there is none."""
        return await self._shelf.get(path)

    async def get(self, path: str) -> Kept[Draft]:
        """Return the draft of a file; raises ``NotFound``."""
        kept = await self._shelf.get(path)
        if kept is None:
            raise NotFound(text("There is no draft of {path}.", "没有 {path} 的草稿。", path=path))
        return kept

    async def save(
        self, path: str, content: str, over: Kept[Draft] | None, *, by: str, base: str, removes: bool = False
    ) -> Kept[Draft]:
        """Keep a draft over what was read; ``None``: there was none.

        Raises:
            Conflict: Somebody else was faster, or there are too many drafts.
        """
        if over is None and len(await self._shelf.all()) >= DRAFTS_MAX:
            raise Conflict(
                text(
                    "Expected at most {limit} drafts; publish or discard some.",
                    "草稿最多 {limit} 份,请先发布或丢弃一些。",
                    limit=DRAFTS_MAX,
                ),
                code="drafts_full",
            )
        now = self._clock.now()
        draft = Draft(path, content, by, now, base, removes)
        if not await written(self._store, self._shelf.put(path, draft, over, now, owner=by)):
            raise changed_meanwhile(path)
        return await self.get(path)

    async def remove(self, path: str) -> None:
        """Throw a draft away."""
        await written(self._store, self._shelf.remove(path))

    async def published(self, states: Mapping[str, str]) -> None:
        """Remove drafts that are a release now (path → state); what was changed since stays."""
        for path, state in states.items():
            kept = await self.find(path)
            if kept is not None and state_of(kept) == state:
                await self.remove(path)


def state_of(kept: Kept[Draft]) -> str:
    """Return the state that a change names: no later draft of the same path has the same."""
    return f"{kept.version}-{int(kept.at.timestamp() * 1000)}"


def check_path(path: str) -> str:
    """Return the path of a draft: a folder of a pack and a name below it; raises ``InputError``."""
    folder, _, name = path.partition("/")
    endings = FOLDERS.get(folder, ())
    stem = name.rpartition(".")[0]
    plain = stem.replace("-", "").replace("_", "").replace(".", "")
    if not (name.endswith(endings or ("\0",)) and plain.isalnum() and len(path) <= _NAME_MAX):
        raise InputError(
            text(
                "Expected a file of a pack ({folders}), but it is {path}.",
                "应为方案包中的文件({folders}),实际为 {path}。",
                folders=", ".join(f"{each}/*{'|'.join(known)}" for each, known in FOLDERS.items()),
                path=path,
            ),
            code="draft_path",
        )
    return path


def over(folder: Mapping[str, bytes], drafts: Mapping[str, Draft]) -> dict[str, bytes]:
    """Return the files of a release with drafts laid over them."""
    changed = {**folder, **{path: each.text.encode() for path, each in drafts.items() if not each.removes}}
    for path, each in drafts.items():
        if each.removes:
            changed.pop(path, None)
    return changed
