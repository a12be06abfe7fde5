"""What the designer is shown and sends: drafts, findings, templates of tasks, rehearsals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from lineshaft.api.views import TitleView
from lineshaft.base.errors import Problem
from lineshaft.bpmn.kernel.effects import Notify
from lineshaft.engine.drafts import Draft, state_of
from lineshaft.engine.rehearsal import Awaited, Given, Rehearsal
from lineshaft.security.records import Kept

TEXT_MAX = 4_000_000


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft: a file of a release as somebody is drawing it."""

    path: str
    base: str
    """The release it was begun from; empty before the first."""
    removes: bool
    """The file is to go with the next release."""
    changed_by: str
    changed_at: datetime
    begun_at: datetime
    etag: str
    text: str | None = None
    """Not in a list."""

    @classmethod
    def of(cls, kept: Kept[Draft], *, with_text: bool = False) -> DraftView:
        """Return the view of a draft."""
        what = kept.value
        return cls(
            what.path,
            what.base,
            what.removes,
            what.by,
            what.changed_at,
            kept.at,
            etag_of(kept),
            what.text if with_text else None,
        )


@dataclass(frozen=True, slots=True)
class NamedView:
    """A process or decision of a file."""

    id: str
    title: TitleView


@dataclass(frozen=True, slots=True)
class DesignFileView:
    """A definition that can be drawn: of the active release, a draft, or both."""

    path: str
    names: list[NamedView]
    """Its processes or decisions, as the draft has them where there is one."""
    released: bool
    """The active release has it."""
    draft: DraftView | None
    changed_below: bool
    """Since the draft was begun, another release has changed the same file."""


@dataclass(frozen=True, slots=True)
class DesignFilePage:
    """Definitions by path."""

    items: list[DesignFileView]
    active: str | None
    """The active release."""
    two_persons: bool
    """Whether a second person must approve a release here."""
    next: str | None = None


@dataclass(frozen=True, slots=True)
class DesignTextView:
    """A definition with its texts."""

    path: str
    released: str | None
    """As the active release has it."""
    active: str | None
    draft: DraftView | None
    changed_below: bool
    two_persons: bool


@dataclass(frozen=True, slots=True)
class WishedDraft:
    """What a draft is to hold."""

    text: Annotated[str, Field(max_length=TEXT_MAX)]
    base: Annotated[str, Field(max_length=200)] = ""
    removes: bool = False


@dataclass(frozen=True, slots=True)
class DrawnFile:
    """A file as it is drawn, saved or not."""

    path: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(max_length=TEXT_MAX)]


@dataclass(frozen=True, slots=True)
class WishedCheck:
    """Files to be checked together with the rest of the active release."""

    files: Annotated[list[DrawnFile], Field(max_length=50)]


@dataclass(frozen=True, slots=True)
class DesignFindingView:
    """One thing that is wrong, or doubtful."""

    path: str
    element: str
    line: int | None
    severity: Literal["error", "warning"]
    code: str
    message: TitleView
    hint: TitleView | None

    @classmethod
    def of(cls, problem: Problem) -> DesignFindingView:
        """Return the view of a problem."""
        place = problem.place
        return cls(
            place.file or "",
            place.element or "",
            place.line,
            "error" if problem.severity == "error" else "warning",
            problem.code,
            TitleView.of(problem.message),
            TitleView.of(problem.hint) if problem.hint is not None else None,
        )


@dataclass(frozen=True, slots=True)
class CheckedView:
    """What a check found; without errors the files can be published."""

    ok: bool
    findings: list[DesignFindingView]


@dataclass(frozen=True, slots=True)
class WishedExpression:
    """A FEEL expression, or the cell of a decision table (`tests`)."""

    text: Annotated[str, Field(max_length=20_000)]
    kind: Literal["expression", "tests"] = "expression"


@dataclass(frozen=True, slots=True)
class ExpressionView:
    """What the engine's own parser says of an expression."""

    ok: bool
    names: list[str] = field(default_factory=list)
    """The variables it reads."""
    message: TitleView | None = None
    hint: TitleView | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class TemplatesView:
    """Element templates as the modeller understands them: one for each operation of each system."""

    items: list[dict[str, Any]]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class WishedPublication:
    """Drafts that become a release together, each as it was read."""

    drafts: Annotated[dict[str, str], Field(max_length=200)]
    """Path → `etag` of what was checked."""
    active: str | None
    """The release that is replaced; 409 where another is active by now."""
    note: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What a wait in an element is answered with: variables, or a business error's code."""

    element: Annotated[str, Field(max_length=300)]
    variables: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    def given(self) -> Given:
        """Return it as a rehearsal takes it."""
        return Given(self.element, self.variables, self.error)


@dataclass(frozen=True, slots=True)
class WishedRehearsal:
    """A process to be run in memory: nothing is called, stored or sent."""

    process_id: Annotated[str, Field(max_length=200)]
    files: Annotated[list[DrawnFile], Field(max_length=50)] = field(default_factory=list)
    """As they are drawn; the others are the active release's."""
    variables: dict[str, Any] = field(default_factory=dict)
    answers: Annotated[list[AnswerView], Field(max_length=1000)] = field(default_factory=list)
    start: Annotated[str | None, Field(max_length=200)] = None
    """The start event to begin with; the process's only one where not given."""


@dataclass(frozen=True, slots=True)
class WishedPastEvents:
    """A process as it is drawn, to see what would have begun it."""

    process_id: Annotated[str, Field(max_length=200)]
    files: Annotated[list[DrawnFile], Field(max_length=50)] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PastEventView:
    """An event that came in, and how it would begin a process."""

    source: str
    id: str
    type: str
    key: str
    received_at: datetime
    start: str
    """The start event it would begin with."""
    variables: dict[str, Any]
    """What it would bring along."""


@dataclass(frozen=True, slots=True)
class PastEventsView:
    """Events, newest first."""

    items: list[PastEventView]


@dataclass(frozen=True, slots=True)
class RehearsedWaitView:
    """A call, a person's task, a message or a timer."""

    element: str
    kind: Literal["call", "task", "timer", "message"]
    name: str
    payload: dict[str, Any]

    @classmethod
    def of(cls, waits: Awaited) -> RehearsedWaitView:
        """Return the view of a wait."""
        return cls(waits.element, waits.kind, waits.name, dict(waits.payload))


@dataclass(frozen=True, slots=True)
class RehearsedTroubleView:
    """Where the run could not go on, and why."""

    element: str
    message: str


@dataclass(frozen=True, slots=True)
class RehearsedNoticeView:
    """What people would be told."""

    element: str
    event: Literal["entered", "done", "rejected", "late"]
    to: list[str]
    subject: TitleView
    """Empty where the hub says it in words of its own."""
    text: TitleView

    @classmethod
    def of(cls, told: Notify) -> RehearsedNoticeView:
        """Return the view of a notification."""
        return cls(
            told.element, told.event, list(told.to), TitleView.of(told.subject), TitleView.of(told.text)
        )


@dataclass(frozen=True, slots=True)
class RehearsalView:
    """What a rehearsal did."""

    state: str
    done: list[str]
    flows: list[str]
    waiting: list[RehearsedWaitView]
    calls: list[RehearsedWaitView]
    variables: dict[str, Any]
    troubles: list[RehearsedTroubleView]
    unused: int
    """Answers that nobody asked for."""
    told: list[RehearsedNoticeView]

    @classmethod
    def of(cls, run: Rehearsal) -> RehearsalView:
        """Return the view of a rehearsal."""
        return cls(
            run.state,
            run.done,
            run.flows,
            [RehearsedWaitView.of(each) for each in run.waiting],
            [RehearsedWaitView.of(each) for each in run.calls],
            dict(run.variables),
            [RehearsedTroubleView(*each) for each in run.troubles],
            run.unused,
            [RehearsedNoticeView.of(each) for each in run.told],
        )


@dataclass(frozen=True, slots=True)
class PastRunView:
    """A past run as material for a rehearsal."""

    instance_id: str
    variables: dict[str, Any]
    answers: list[AnswerView]


def etag_of(kept: Kept[Draft]) -> str:
    """Return the state that a change names."""
    return f'"{state_of(kept)}"'
