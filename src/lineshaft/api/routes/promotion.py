"""Promotion 发布迁移: a release goes from one environment to the next as a file, compared before it counts.

The file holds definitions only. Addresses and secrets belong to an environment: the file names what it needs,
and the comparison says what of it is missing there. A file that holds a secret's value is not made.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends
from pydantic import Field

from lineshaft.api.access import LanguageOf, ServicesOf, allow
from lineshaft.api.json_edge import Json
from lineshaft.api.routes.releases import PROPOSED, UploadedFile, content_of
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.views import PublishedView
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.text import Language, text
from lineshaft.engine.promotion import FileChange, addresses_in, changes_between
from lineshaft.engine.releases import files_of, release_id
from lineshaft.sdk.pack import read_pack
from lineshaft.security.duties import Proposal
from lineshaft.security.people import Caller

router = make_router("releases")

Exporter = Annotated[Caller, Depends(allow("config.export"))]
Importer = Annotated[Caller, Depends(allow("config.import"))]
Approver = Annotated[Caller, Depends(allow("proposals.read"))]
Comparer = Annotated[Caller, Depends(allow("config.import", noted=False))]


@dataclass(frozen=True, slots=True)
class NeedView:
    """What a system of the release asks of an environment, by name; never a value."""

    system: str
    settings: list[str]
    secrets: list[str]


@dataclass(frozen=True, slots=True)
class ReleaseExport:
    """A release on its way to another environment."""

    format: Literal[1]
    release: Annotated[str, Field(min_length=1, max_length=200)]
    """Its content address: whoever imports it checks that nothing was changed on the way."""
    files: list[UploadedFile]
    pack: str = ""
    """Name and version."""
    environment: str = ""
    """Where it comes from."""
    note: str = ""
    exported_at: datetime | None = None
    exported_by: str = ""
    needs: list[NeedView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A release to be compared with the active one."""

    export: ReleaseExport


@dataclass(frozen=True, slots=True)
class Import:
    """A release to be imported, as it was compared."""

    export: ReleaseExport
    active: str | None = None
    """``active`` of the comparison: what is replaced. 409 where another release is active by now."""
    note: Annotated[str, Field(max_length=500)] = ""
    accept_missing: bool = False
    """Whether it may come though settings or secrets are missing; those systems then wait for them."""


@dataclass(frozen=True, slots=True)
class FileChangeView:
    """One file that would be different."""

    path: str
    change: Literal["added", "removed", "changed"]
    lines_added: int
    lines_removed: int
    diff: str
    """As ``diff -u`` writes it; empty without the right `releases.read`."""


@dataclass(frozen=True, slots=True)
class SystemLackView:
    """What is missing here for a system."""

    system: str
    settings: list[str]
    secrets: list[str]
    problem: str | None


@dataclass(frozen=True, slots=True)
class AddressView:
    """Addresses that stand in a file and would be used here too, though they belong to an environment."""

    path: str
    addresses: list[str]


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """What an import would change."""

    release: str
    pack: str
    environment: str
    """Where the release comes from."""
    here: str
    """This environment."""
    active: str | None
    """The release that it would replace; running work stays on its own."""
    files: list[FileChangeView]
    unchanged: int
    missing: list[SystemLackView]
    addresses: list[AddressView]
    two_persons: bool
    """Whether a second person must approve the import."""


@router.get("/releases/active/export", response_model=ReleaseExport)
async def export_release(services: ServicesOf, caller: Exporter) -> Json:
    """Return the active release as a file for another environment; secrets are named, never carried."""
    active, folder = await _active(services, caller)
    if active is None:
        raise NotFound(text("There is no active release.", "没有已发布的版本。"))
    _refuse_secrets(services, folder)
    needs = await services.promotion.needs(files_of(folder))
    found = ReleaseExport(
        1,
        active,
        [_packed(path, content) for path, content in sorted(folder.items())],
        _pack_of(folder),
        services.surroundings.environment,
        "",
        services.clock.now(),
        caller.name,
        [NeedView(each.system, each.settings, each.secrets) for each in needs],
    )
    await services.audit.note("release.exported", subject_type="release", subject=active)
    name = f"release-{active[:12]}.json"
    return Json(found, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("/releases/compare", response_model=ComparisonView)
async def compare_release(
    wish: Comparison, services: ServicesOf, caller: Comparer, language: LanguageOf
) -> Json:
    """Say what importing a release would change here, and what it lacks; nothing is changed."""
    return Json(await _compared(services, caller, wish.export, language))


@router.post("/releases/import", response_model=PublishedView, status_code=201, responses=PROPOSED)
async def import_release(wish: Import, services: ServicesOf, caller: Importer, language: LanguageOf) -> Json:
    """Make a release of another environment the active one here, as it was compared.

    In production a second person publishes: the answer is 202 with the proposal's id.
    """
    seen = await _compared(services, caller, wish.export, language)
    _check_active(wish.active, seen.active)
    if seen.missing and not wish.accept_missing:
        lacks = [
            f"{each.system}: {', '.join([*each.settings, *each.secrets]) or each.problem}"
            for each in seen.missing
        ]
        raise Conflict(
            text(
                "This environment lacks what the release needs: {lacks}.",
                "本环境缺少该版本所需的设置或密钥:{lacks}。",
                lacks="; ".join(lacks),
            ),
            code="import_lacks",
            hint=text(
                "Set them here first, or accept that these systems wait for them.",
                "请先在本环境设置,或确认接受这些系统暂不可用。",
            ),
        )
    note = wish.note or f"{seen.pack} ← {seen.environment or '?'}"
    if seen.two_persons:
        files = {each.path: base64.b64encode(_bytes(services, each)).decode() for each in wish.export.files}
        origin = wish.export.environment
        request = {"files": files, "note": note, "active": seen.active, "origin": origin}
        what = f"{seen.pack} {seen.release[:12]} ← {seen.environment or '?'}"
        proposal = await services.duties.propose(
            caller, "production", "config.import", what, request, reason=wish.note
        )
        return Json(PublishedView(proposal, [], 0, "proposed"), 202)
    return Json(await _imported(services, _folder(services, wish.export), note, caller.name), 201)


@router.get("/proposals/{proposal_id}/comparison", response_model=ComparisonView)
async def compare_proposed_release(
    proposal_id: str, services: ServicesOf, caller: Approver, language: LanguageOf
) -> Json:
    """Say what approving a proposed release would change, as it would be now."""
    proposal = (await services.duties.get(caller, proposal_id)).value
    if "files" not in proposal.request:
        raise NotFound(text("This proposal is about no release.", "该事项与发布版本无关。"))
    folder = _unpacked(proposal)
    origin = str(proposal.request.get("origin", ""))
    return Json(await _changes(services, caller, folder, language, origin=origin))


def _unpacked(proposal: Proposal) -> dict[str, bytes]:
    return {path: base64.b64decode(content) for path, content in proposal.request["files"].items()}


async def carry_out(services: Services, caller: Caller, proposal: Proposal) -> None:
    """Make an approved import; raises ``Conflict`` where another release is active by now."""
    active, _ = await _active(services, caller)
    _check_active(proposal.request["active"], active)
    await _imported(services, _unpacked(proposal), proposal.request["note"], f"{proposal.by} + {caller.name}")


async def _imported(services: Services, folder: Mapping[str, bytes], note: str, by: str) -> PublishedView:
    loaded = await services.publisher.publish(files_of(folder), by=by, note=note)
    detail = {"note": note, "by": by}
    await services.audit.note("release.imported", subject_type="release", subject=loaded.id, detail=detail)
    return PublishedView(loaded.id, sorted(loaded.programs), len(loaded.routes))


async def _compared(
    services: Services, caller: Caller, export: ReleaseExport, language: Language
) -> ComparisonView:
    folder = _folder(services, export)
    return await _changes(services, caller, folder, language, origin=export.environment)


async def _changes(
    services: Services, caller: Caller, folder: Mapping[str, bytes], language: Language, *, origin: str
) -> ComparisonView:
    """Return what a release of these files would change; raises ``DefinitionError``."""
    services.publisher.check(files_of(folder))
    active, before = await _active(services, caller)
    changes = changes_between(before, folder)
    reads = caller.may("releases.read")
    lacking = [
        SystemLackView(
            each.system,
            each.missing_settings,
            each.missing_secrets,
            each.problem.in_language(language) if each.problem is not None else None,
        )
        for each in await services.promotion.needs(files_of(folder))
        if each.missing_settings or each.missing_secrets or each.problem is not None
    ]
    here = services.surroundings.environment
    return ComparisonView(
        release_id(files_of(folder)),
        _pack_of(folder),
        origin,
        here,
        active,
        [_change(each, reads) for each in changes],
        len({*before} & {*folder}) - sum(each.change == "changed" for each in changes),
        lacking,
        [AddressView(path, found) for path, found in addresses_in(folder).items()],
        here == "production" and services.duties.needs_two("production"),
    )


def _change(found: FileChange, reads: bool) -> FileChangeView:
    return FileChangeView(
        found.path, found.change, found.lines_added, found.lines_removed, found.diff if reads else ""
    )


async def _active(services: Services, caller: Caller) -> tuple[str | None, dict[str, bytes]]:
    release = await services.store.active_release(caller.scope)
    if release is None:
        return None, {}
    rows = await services.store.definitions(caller.scope, release.id)
    return release.id, {
        (row.name if row.kind == "pack" else f"{row.kind}/{row.name}"): row.content for row in rows
    }


def _folder(services: Services, export: ReleaseExport) -> dict[str, bytes]:
    """Return the files of an export; raises where they are not those that were exported, or hold a secret."""
    folder = {each.path: _bytes(services, each) for each in export.files}
    found = release_id(files_of(folder))
    if found != export.release or len(folder) != len(export.files):
        raise InputError(
            text(
                "Expected the files of release {expected}, but they make {found}: the file was changed.",
                "文件内容应为版本 {expected},实际为 {found}:导出文件被改动。",
                expected=export.release[:12],
                found=found[:12],
            ),
            code="export_changed",
            hint=text("Export it anew; changes belong into its source.", "请重新导出;修改请在源环境进行。"),
        )
    _refuse_secrets(services, folder)
    return folder


def _bytes(services: Services, file: UploadedFile) -> bytes:
    return content_of(file, services.limits.definition_bytes_max)


def _refuse_secrets(services: Services, folder: Mapping[str, bytes]) -> None:
    found = {
        path: names
        for path, content in folder.items()
        if (names := services.promotion.secrets_within(content))
    }
    if found:
        where = "; ".join(f"{path}: {', '.join(names)}" for path, names in sorted(found.items()))
        raise InputError(
            text("Files hold the values of secrets: {where}.", "文件中含有密钥的值:{where}。", where=where),
            code="secret_in_files",
            hint=text(
                "Write secret:NAME there, publish again, and give the secret a new value.",
                "请在文件中改写为 secret:名称,重新发布,并更换该密钥的值。",
            ),
        )


def _check_active(expected: str | None, active: str | None) -> None:
    if expected != active:
        raise Conflict(
            text(
                "Another release is active than the one that was compared ({expected}; now {active}).",
                "当前版本已不是对比时的版本(对比时 {expected},现为 {active})。",
                expected=(expected or "-")[:12],
                active=(active or "-")[:12],
            ),
            code="active_changed",
            hint=text("Compare again.", "请重新对比。"),
        )


def _pack_of(folder: Mapping[str, bytes]) -> str:
    if "pack.yaml" not in folder:
        return ""
    pack = read_pack(folder)
    return f"{pack.name} {pack.version}"


def _packed(path: str, content: bytes) -> UploadedFile:
    try:
        return UploadedFile(path, text=content.decode("utf-8"))
    except UnicodeDecodeError:
        return UploadedFile(path, base64=base64.b64encode(content).decode())
