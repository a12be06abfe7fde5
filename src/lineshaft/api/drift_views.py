"""The shapes in which the API tells what has changed in connected systems."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lineshaft.api.views import TitleView
from lineshaft.base.text import Text
from lineshaft.insight.drift import Snapshot
from lineshaft.sdk.drift import Difference, ResourceState
from lineshaft.security.records import Kept


def etag_of(kept: Kept[Snapshot]) -> str:
    """Return the name of the state that is kept."""
    return f'"drift-{kept.version}"'


@dataclass(frozen=True, slots=True)
class SchemaFieldView:
    """A field as the system shows it."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class SchemaView:
    """A kind of record as the system shows it."""

    name: str
    guessed: bool
    """Seen in records, not told by the system."""
    fields: list[SchemaFieldView]

    @classmethod
    def of(cls, name: str, state: ResourceState) -> SchemaView:
        """Return the view of a resource."""
        fields = [SchemaFieldView(key, each.type, each.required) for key, each in state.fields.items()]
        return cls(name, state.guessed, fields)


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A change that stops something."""

    resource: str
    field: str
    kind: str
    """``removed``, ``retyped``, ``required`` (it must be given now) or ``version`` (not supported)."""
    before: str
    now: str
    operations: list[str]
    """Operations that wait."""
    readings: list[str]
    """Resources that are not read meanwhile."""
    words: TitleView

    @classmethod
    def of(cls, found: Difference) -> DifferenceView:
        """Return the view of a difference."""
        return cls(
            found.resource,
            found.field,
            found.kind,
            found.before,
            found.now,
            list(found.operations),
            list(found.readings),
            TitleView.of(found.words),
        )


@dataclass(frozen=True, slots=True)
class NoteView:
    """A change that harms nothing."""

    at: datetime
    words: TitleView


@dataclass(frozen=True, slots=True)
class DriftView:
    """What a system's records look like, against what was accepted."""

    system: str
    state: str
    """``ok``, or ``stopped``: something waits until a person or a release decides."""
    looked_at: datetime
    accepted_at: datetime
    accepted_by: str
    """``""``: the first look."""
    found_at: datetime | None
    product: str
    version: str
    differences: list[DifferenceView]
    notes: list[NoteView]
    resources: list[SchemaView]
    """As the last look saw them."""
    etag: str
    """What `If-Match` has to name when it is accepted."""

    @classmethod
    def of(cls, kept: Kept[Snapshot]) -> DriftView:
        """Return the view of what is kept."""
        value = kept.value
        return cls(
            kept.id,
            kept.state,
            value.looked_at,
            value.accepted_at,
            value.accepted_by,
            value.found_at,
            value.product,
            value.version,
            [DifferenceView.of(each) for each in value.differences],
            [NoteView(each.at, TitleView.of(Text(each.en, each.zh))) for each in value.notes],
            [SchemaView.of(name, state) for name, state in sorted(value.live.items())],
            etag_of(kept),
        )


@dataclass(frozen=True, slots=True)
class DriftPage:
    """What is known of all systems."""

    items: list[DriftView]
    next: str | None = None
