"""What the API answers about the inbox: boxes, a task with its form and history, who stands in for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lineshaft.api.views import TitleView, decoded
from lineshaft.base.text import Text, both_names
from lineshaft.engine.forms import Column, FormField, FormSpec, Option
from lineshaft.engine.task_acts import Act, Delegation, Desk, Signer, Slip
from lineshaft.security.records import Kept
from lineshaft.store.rows import Task

_FACTS: Final = 3
"""So many facts of its form stand in the line of a task."""
_FACT_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class InboxItemView:
    """A line of a box."""

    instance_id: str
    token: int
    """0: the run itself, where nobody has to do anything."""
    title: TitleView
    process: TitleView
    business_key: str | None
    status: str
    at: datetime
    """When it came into this box."""
    assignee: str | None = None
    groups: list[str] | None = None
    due_at: datetime | None = None
    is_late: bool = False
    priority: int = 50
    urges: int = 0
    stands_for: str = ""
    """Whose task it is, where one stands in for them."""
    act: str = ""
    """What brought it here: ``approved``, ``copied`` …"""
    by: str = ""
    group_titles: list[TitleView] | None = None
    """The groups as people call them."""
    about: str = ""
    """What its form says first: by which one task is told from another."""

    @classmethod
    def of_task(
        cls,
        task: Task,
        process: Text,
        desk: Desk,
        now: datetime,
        stands_for: str = "",
        *,
        group_title: Callable[[str], Text],
        form: FormSpec | None = None,
    ) -> InboxItemView:
        """Return the line of a task."""
        return cls(
            task.instance_id,
            task.token,
            TitleView.of(both_names(task.name)),
            TitleView.of(process),
            task.business_key,
            task.status,
            task.created_at,
            task.assignee,
            list(task.candidate_groups),
            task.due_at,
            task.status == "open" and task.due_at is not None and task.due_at < now,
            task.priority,
            desk.urges,
            stands_for,
            group_titles=[TitleView.of(group_title(each)) for each in task.candidate_groups],
            about=_about(task, form),
        )

    @classmethod
    def of_slip(cls, slip: Slip, process: Text, status: str) -> InboxItemView:
        """Return the line of what was put into a box."""
        title = both_names(slip.name) if slip.name else process
        return cls(
            slip.instance_id,
            slip.token,
            TitleView.of(title),
            TitleView.of(process),
            slip.business_key,
            status,
            slip.at,
            act=slip.kind,
            by=slip.by,
        )


def _about(task: Task, form: FormSpec | None) -> str:
    """Return the first facts of a task's form as one line."""
    given = decoded(task.payload)
    if form is None or not isinstance(given, Mapping):
        return ""
    facts = [given.get(each.key) for each in form.fields if each.readonly and each.kind == "text"]
    said = [each for each in facts if isinstance(each, str) and each and each != task.business_key]
    return " · ".join(each[:_FACT_MAX] for each in said[:_FACTS])


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Lines of a box."""

    items: list[InboxItemView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class InboxCountsView:
    """How much waits; not counted beyond 100."""

    todo: int
    late: int


@dataclass(frozen=True, slots=True)
class OptionView:
    """One value of a choice."""

    value: str
    label: TitleView
    state: str
    """As what it is shown in a table; empty: as plain words."""

    @classmethod
    def of(cls, option: Option) -> OptionView:
        """Return the view of an option."""
        return cls(option.value, TitleView.of(option.label), option.state)


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column of a table."""

    value: str
    label: TitleView
    words: list[OptionView]
    """For values that are codes."""

    @classmethod
    def of(cls, column: Column) -> ColumnView:
        """Return the view of a column."""
        words = [OptionView.of(each) for each in column.words]
        return cls(column.value, TitleView.of(column.label), words)


@dataclass(frozen=True, slots=True)
class FormFieldView:
    """One field of a form."""

    key: str
    kind: str
    """``text``, ``textarea``, ``number``, ``select``, ``checkbox``, ``date``, ``table``, ``list``, ``image``
    (fetched by itself, see ``/pictures``) or ``note``."""
    label: TitleView
    description: TitleView | None
    required: bool
    readonly: bool
    options: list[OptionView]
    columns: list[ColumnView]
    fields: list[FormFieldView]
    """Of a list: what is filled in for each of its rows."""
    least: str | None
    most: str | None
    length_most: int | None
    default: Any

    @classmethod
    def of(cls, found: FormField) -> FormFieldView:
        """Return the view of a field."""
        return cls(
            found.key,
            found.kind,
            TitleView.of(found.label),
            TitleView.of(found.description) if found.description is not None else None,
            found.required,
            found.readonly,
            [OptionView.of(each) for each in found.options],
            [ColumnView.of(each) for each in found.columns],
            [cls.of(each) for each in found.fields],
            str(found.least) if found.least is not None else None,
            str(found.most) if found.most is not None else None,
            found.length_most,
            found.default,
        )


@dataclass(frozen=True, slots=True)
class FormView:
    """A form."""

    id: str
    fields: list[FormFieldView]
    is_filled_in: bool
    """Whether something is to be said in it; else to finish is to agree."""

    @classmethod
    def of(cls, form: FormSpec) -> FormView:
        """Return the view of a form."""
        return cls(form.id, [FormFieldView.of(each) for each in form.fields], form.is_filled_in)


@dataclass(frozen=True, slots=True)
class ActView:
    """One thing that was done with a task of the run."""

    kind: str
    task: TitleView
    at: datetime
    by: str
    note: str
    to: TitleView
    stands_for: str
    chose: TitleView | None
    """What was chosen in the form."""

    @classmethod
    def of(cls, act: Act, to: Text | None = None) -> ActView:
        """Return the view of an act."""
        said = to or Text(act.to, act.to)
        return cls(
            act.kind,
            TitleView.of(both_names(act.task)),
            act.at,
            act.by,
            act.note,
            TitleView(said.zh, said.en),
            act.stands_for,
            TitleView(*act.chose) if act.chose is not None else None,
        )


@dataclass(frozen=True, slots=True)
class SignerView:
    """Somebody who was asked to agree."""

    person: str
    name: str
    asked_by: str
    agreed_at: datetime | None

    @classmethod
    def of(cls, signer: Signer) -> SignerView:
        """Return the view of a signer."""
        return cls(signer.person, signer.name, signer.asked_by, signer.agreed_at)


@dataclass(frozen=True, slots=True)
class StepView:
    """An earlier step to which a task may be returned."""

    element: str
    title: TitleView


@dataclass(frozen=True, slots=True)
class TaskDetailView:
    """A task with everything that is needed to decide it."""

    item: InboxItemView
    element: str
    process_id: str
    release: str
    form: FormView | None
    variables: Any
    ended_by: str | None
    ended_at: datetime | None
    acts: list[ActView]
    """Of the whole run, oldest first."""
    signers: list[SignerView]
    may: list[str]
    """What the caller may do now: ``approve``, ``agree``, ``return``, ``hand_over`` …"""
    return_to: list[StepView]


@dataclass(frozen=True, slots=True)
class ColleagueView:
    """Somebody to whom a task may be given."""

    id: str
    name: TitleView


@dataclass(frozen=True, slots=True)
class ColleaguePage:
    """People, by name."""

    items: list[ColleagueView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class DelegationView:
    """Somebody stands in for somebody else for a while."""

    id: str
    giver: str
    giver_name: str
    taker: str
    taker_name: str
    begins_at: datetime
    ends_at: datetime
    note: str
    is_own: bool
    """Whether the caller gave it."""

    @classmethod
    def of(cls, kept: Kept[Delegation], person_id: str) -> DelegationView:
        """Return the view of a delegation."""
        value = kept.value
        return cls(
            kept.id,
            value.giver,
            value.giver_name,
            value.taker,
            value.taker_name,
            value.begins_at,
            value.ends_at,
            value.note,
            value.giver == person_id,
        )


@dataclass(frozen=True, slots=True)
class DelegationPage:
    """Delegations, newest first."""

    items: list[DelegationView]
    next: str | None = None
