"""Releases: deploy a pack's files, see what is active, fetch it back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import Field
from starlette.responses import Response

from lineshaft.api.access import ReleasePublisher, ReleaseReader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.views import PublishedView, ReleasePage, ReleaseView
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.text import text
from lineshaft.engine.releases import files_of
from lineshaft.security.people import Caller

router = make_router("releases")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a pack: its path below the pack, and its content as text or in base 64."""

    path: str
    text: str | None = None
    base64: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A pack to deploy. Its Python never comes this way: only from disk or an entry point."""

    files: list[UploadedFile]
    note: str = ""


@router.get("/releases", response_model=ReleasePage)
async def list_releases(services: ServicesOf, caller: ReleaseReader) -> Json:
    """Return the active release with its files; an empty page before the first deployment."""
    release = await services.store.active_release(caller.scope)
    if release is None:
        return Json(ReleasePage([]))
    files = await services.store.definitions(caller.scope, release.id)
    return Json(ReleasePage([ReleaseView.of(release, files)]))


PROPOSED: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": PublishedView, "description": "It waits for a second person."}
}


@router.post("/releases", response_model=PublishedView, status_code=201, responses=PROPOSED)
async def deploy_release(deployment: Deployment, services: ServicesOf, caller: ReleasePublisher) -> Json:
    """Check all files together and make them the active release; the same files are the same release.

    In production a second person publishes: the answer is 202 with the proposal's id.
    """
    folder = {each.path: content_of(each, services.limits.definition_bytes_max) for each in deployment.files}
    return await published(services, caller, folder, deployment.note)


def needs_two(services: Services) -> bool:
    """Tell whether a release is one person's proposal and another's deed here."""
    return services.surroundings.environment == "production" and services.duties.needs_two("production")


async def published(
    services: Services, caller: Caller, folder: Mapping[str, bytes], note: str, **request: Any
) -> Json:
    """Publish files, or propose it where that needs a second person; ``request`` is what is kept with it."""
    if needs_two(services):
        services.publisher.check(files_of(folder))
        files = {path: base64.b64encode(content).decode() for path, content in folder.items()}
        what = note or f"{len(files)} files"
        kept = {"files": files, "note": note, **request}
        proposal = await services.duties.propose(caller, "production", "releases.publish", what, kept)
        return Json(PublishedView(proposal, [], 0, "proposed"), 202)
    loaded = await services.publisher.publish(files_of(folder), by=caller.name, note=note)
    return Json(PublishedView(loaded.id, sorted(loaded.programs), len(loaded.routes)), 201)


async def folder_of(services: Services, caller: Caller, release: str) -> dict[str, bytes]:
    """Return a release's files by their path below the pack; none where there is no such release."""
    rows = await services.store.definitions(caller.scope, release) if release else []
    return {(row.name if row.kind == "pack" else f"{row.kind}/{row.name}"): row.content for row in rows}


def check_active(expected: str | None, active: str | None) -> None:
    """Refuse to replace another release than the one that was looked at; raises ``Conflict``."""
    if expected != active:
        raise Conflict(
            text(
                "Another release is active than the one you looked at ({expected}; now {active}).",
                "当前版本已不是查看时的版本(查看时 {expected},现为 {active})。",
                expected=(expected or "-")[:12],
                active=(active or "-")[:12],
            ),
            code="active_changed",
            hint=text("Look at the comparison again.", "请重新查看对比。"),
        )


@dataclass(frozen=True, slots=True)
class Reactivation:
    """An earlier release to be made the active one again."""

    active: str | None
    """The release that is replaced; 409 where another is active by now."""
    note: Annotated[str, Field(max_length=500)] = ""


@router.get("/releases/history", response_model=ReleasePage)
async def list_release_history(
    services: ServicesOf,
    caller: ReleaseReader,
    limit: Annotated[int, Query(ge=1, le=200, description="releases, the last first")] = 50,
) -> Json:
    """Return the releases there were, the one that became active last first; without their files."""
    rows = await services.store.releases(caller.scope, limit)
    return Json(ReleasePage([ReleaseView.of(each, []) for each in rows]))


@router.post(
    "/releases/{release_id}/activate", response_model=PublishedView, status_code=201, responses=PROPOSED
)
async def activate_release(
    release_id: Annotated[str, Path(max_length=200)],
    wish: Reactivation,
    services: ServicesOf,
    caller: ReleasePublisher,
) -> Json:
    """Make an earlier release the active one again; running work stays on its own release.

    In production a second person publishes: the answer is 202 with the proposal's id.
    """
    folder = await folder_of(services, caller, release_id)
    if not folder:
        raise NotFound(text("There is no release {id}.", "没有发布版本 {id}。", id=release_id))
    active = await services.store.active_release(caller.scope)
    check_active(wish.active, active.id if active is not None else None)
    return await published(services, caller, folder, wish.note, active=wish.active)


@router.get("/releases/active/files/{path:path}", response_class=Response)
async def get_release_file(path: str, services: ServicesOf, caller: ReleaseReader) -> Response:
    """Return a file of the active release as it was deployed."""
    release = await services.store.active_release(caller.scope)
    rows = await services.store.definitions(caller.scope, release.id) if release is not None else []
    for row in rows:
        if path == (row.name if row.kind == "pack" else f"{row.kind}/{row.name}"):
            return Response(
                row.content,
                media_type="application/octet-stream",
                headers={"Content-Disposition": "attachment", "ETag": f'"{row.digest}"'},
            )
    raise NotFound(text("The release has no file {path}.", "发布版本中没有文件 {path}。", path=path))


def content_of(file: UploadedFile, limit: int) -> bytes:
    """Return a file's content; raises ``InputError`` where it cannot be one of a pack."""
    parts = file.path.split("/")
    if not file.path or file.path.startswith("/") or "\\" in file.path or {"", ".", ".."} & set(parts):
        raise InputError(
            text(
                "Expected a path below the pack, but it is {path}.", "文件路径不合法:{path}。", path=file.path
            )
        )
    if parts[-1].endswith(".py"):
        raise InputError(
            text(
                "Python comes only from disk or an entry point, but the upload has {path}.",
                "Python 代码只能来自磁盘或入口点,不能上传:{path}。",
                path=file.path,
            ),
            code="python_uploaded",
        )
    if (file.text is None) == (file.base64 is None):
        raise InputError(
            text(
                "Expected either text or base64 for {path}.",
                "{path} 应提供 text 或 base64 其中之一。",
                path=file.path,
            )
        )
    try:
        content = (
            file.text.encode()
            if file.text is not None
            else base64.b64decode(file.base64 or "", validate=True)
        )
    except ValueError as error:
        # All of them: what is no base 64, no ASCII, no whole character.
        raise InputError(
            text("Expected base 64 for {path}.", "{path} 不是有效的 base64。", path=file.path)
        ) from error
    if len(content) > limit:
        raise InputError(
            text(
                "Expected at most {limit} bytes, but {path} has {size}.",
                "{path} 有 {size} 字节,超过上限 {limit}。",
                limit=limit,
                path=file.path,
                size=len(content),
            )
        )
    return content
