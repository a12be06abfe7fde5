"""Reviews of processes: two views of one drawing, comments on its nodes, signatures of its version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from lineshaft.api.access import ProcessReader, Reviewer, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.standing_in import person_of
from lineshaft.api.views import DoneView, TitleView
from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.text import Text, text
from lineshaft.engine.reviews import TEXT_MAX, Comment, Side, Signature, open_of
from lineshaft.insight.node_facts import NodeFacts, Pairs, facts_of
from lineshaft.insight.processes import ReadProcess
from lineshaft.security.people import Caller
from lineshaft.security.records import Kept

router = make_router("reviews")


@dataclass(frozen=True, slots=True)
class PairView:
    """A name and what stands there."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ReviewNodeView:
    """A node in both views."""

    element: str
    title: TitleView
    type: str
    does: TitleView
    """What it does, as the business calls it: the system and its operation."""
    who: list[str]
    about: str
    due: str
    ways: list[PairView]
    job: str
    inputs: list[PairView]
    outputs: list[PairView]
    settings: list[PairView]
    open_comments: int


@dataclass(frozen=True, slots=True)
class CommentView:
    """What somebody said of a node."""

    id: str
    element: str
    text: str
    by: str
    side: Side
    at: datetime
    of_this_version: bool
    closed_by: str
    closed_at: datetime | None

    @classmethod
    def of(cls, kept: Kept[Comment], digest: str) -> CommentView:
        """Return the view of a comment."""
        said = kept.value
        return cls(
            kept.id,
            said.element,
            said.text,
            said.by,
            said.side,
            said.at,
            said.digest == digest,
            said.closed_by,
            said.closed_at,
        )


@dataclass(frozen=True, slots=True)
class SignatureView:
    """Somebody's agreement to the version."""

    by: str
    side: Side
    at: datetime
    note: str

    @classmethod
    def of(cls, signed: Signature) -> SignatureView:
        """Return the view of a signature."""
        return cls(signed.by, signed.side, signed.at, signed.note)


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A process under review."""

    process_id: str
    title: TitleView
    version: str
    release: str
    digest: str
    """The version that is signed."""
    nodes: list[ReviewNodeView]
    comments: list[CommentView]
    signatures: list[SignatureView]
    agreed: bool
    """Both sides have signed this version."""
    side: Side | None
    """For which side the caller would sign; ``null``: may not."""


@dataclass(frozen=True, slots=True)
class CommentWish:
    """What somebody says of a node."""

    text: Annotated[str, Field(max_length=TEXT_MAX)]
    element: Annotated[str, Field(max_length=200)] = ""
    """Empty: of the whole process."""


@dataclass(frozen=True, slots=True)
class SignatureWish:
    """The version that one has looked at."""

    digest: Annotated[str, Field(max_length=64)]
    note: Annotated[str, Field(max_length=TEXT_MAX)] = ""


@router.get("/processes/{process_id}/review", response_model=ReviewView)
async def get_review(process_id: str, services: ServicesOf, caller: ProcessReader) -> Json:
    """Return a process of the active release in both views, with comments and signatures."""
    process, release = await _process(services, caller, process_id)
    reviewed = await services.reviews.of(process_id, process.xml)
    waiting = open_of(reviewed.comments)
    does = _operations(services)
    nodes = [_node(each, does, waiting) for each in facts_of(process.xml, process_id)]
    return Json(
        ReviewView(
            process_id,
            TitleView.of(process.title),
            process.version,
            release,
            reviewed.digest,
            nodes,
            [CommentView.of(each, reviewed.digest) for each in reviewed.comments],
            [SignatureView.of(each) for each in reviewed.signatures],
            reviewed.is_agreed,
            side_of(caller) if caller.may("processes.review") else None,
        )
    )


@router.post("/processes/{process_id}/comments", response_model=DoneView, status_code=201)
async def comment_on_process(
    process_id: str, wish: CommentWish, services: ServicesOf, caller: Reviewer
) -> Json:
    """Comment on a node, or on the whole process."""
    process, _ = await _process(services, caller, process_id)
    if wish.element and wish.element not in {each.element for each in facts_of(process.xml, process_id)}:
        raise InputError(
            text("The process has no node {id}.", "该流程没有节点 {id}。", id=wish.element),
            code="element_unknown",
        )
    person = await person_of(services, caller, with_others=False)
    key = await services.reviews.comment(
        person, side_of(caller), process_id, process.xml, element=wish.element, words=wish.text
    )
    return Json(DoneView(key, "made"), 201)


@router.post("/processes/{process_id}/comments/{comment_id}/close", response_model=DoneView)
async def close_comment(process_id: str, comment_id: str, services: ServicesOf, caller: Reviewer) -> Json:
    """Say that a comment is dealt with."""
    await services.reviews.close(await person_of(services, caller, with_others=False), process_id, comment_id)
    return Json(DoneView(comment_id, "closed"))


@router.post("/processes/{process_id}/signatures", response_model=DoneView, status_code=201)
async def sign_process(process_id: str, wish: SignatureWish, services: ServicesOf, caller: Reviewer) -> Json:
    """Sign the version that one has looked at, for one's own side: the business, or IT."""
    process, _ = await _process(services, caller, process_id)
    person = await person_of(services, caller, with_others=False)
    await services.reviews.sign(
        person, side_of(caller), process_id, process.xml, digest=wish.digest, note=wish.note
    )
    return Json(DoneView(wish.digest, "signed"), 201)


def side_of(caller: Caller) -> Side:
    """Return for which side somebody speaks: whoever sees the effect ledger looks after the hub."""
    return "technical" if caller.may("effects.read") else "business"


async def _process(services: Services, caller: Caller, process_id: str) -> tuple[ReadProcess, str]:
    release = await services.store.active_release(caller.scope)
    found = (
        await services.processes.get(caller.scope, release.id, process_id) if release is not None else None
    )
    if found is None or release is None:
        raise NotFound(text("There is no process {id}.", "没有流程 {id}。", id=process_id))
    return found, release.id


def _operations(services: Services) -> dict[str, Text]:
    """Return what each operation of the connected systems does, as people call it."""
    return {
        f"{system.name}.{operation.name}": text(
            "{system}: {what}",
            "{system_zh}:{what_zh}",
            system=system.title.in_language("en"),
            system_zh=system.title.in_language("zh"),
            what=operation.label.in_language("en"),
            what_zh=operation.label.in_language("zh"),
        )
        for system in services.systems.all()
        for operation in system.spec.operations
    }


def _node(facts: NodeFacts, does: dict[str, Text], waiting: dict[str, int]) -> ReviewNodeView:
    return ReviewNodeView(
        facts.element,
        TitleView.of(facts.title),
        facts.type,
        TitleView.of(does.get(facts.job, Text("", ""))),
        list(facts.who),
        facts.about,
        facts.due,
        _pairs(facts.ways),
        facts.job,
        _pairs(facts.inputs),
        _pairs(facts.outputs),
        _pairs(facts.settings),
        waiting.get(facts.element, 0),
    )


def _pairs(pairs: Pairs) -> list[PairView]:
    return [PairView(*each) for each in pairs]
