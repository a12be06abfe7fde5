"""The shapes in which the API tells what a connected system offers and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lineshaft.api.services import DeclaredSettings, ManifestDraft
from lineshaft.api.views import TitleView
from lineshaft.sdk import Change, ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec
from lineshaft.security.fields import Masking
from lineshaft.security.masked_texts import STARS


@dataclass(frozen=True, slots=True)
class OfferedFieldView:
    """A field of a record, or of an operation's payload."""

    name: str
    type: str
    """FEEL's name of it, or what the database calls it."""
    required: bool
    label: TitleView | None
    sample: str
    """A value as the live system has it, where somebody looked."""

    @classmethod
    def of(cls, field: FieldSpec, masking: Masking | None = None) -> OfferedFieldView:
        """Return the view of a field; a sample of a sensitive field is not shown to everybody."""
        sample = field.sample
        if masking is not None and sample:
            name = field.name.rpartition(".")[2]
            sample = sample if masking.named(name, sample) is sample else STARS
        label = TitleView.of(field.label) if field.label is not None else None
        return cls(field.name, field.type, field.required, label, sample)


@dataclass(frozen=True, slots=True)
class OfferedResourceView:
    """A kind of record."""

    name: str
    label: TitleView
    fields: list[OfferedFieldView]

    @classmethod
    def of(cls, spec: ResourceSpec, masking: Masking | None = None) -> OfferedResourceView:
        """Return the view of a resource."""
        fields = [OfferedFieldView.of(each, masking) for each in spec.fields]
        return cls(spec.name, TitleView.of(spec.label), fields)


@dataclass(frozen=True, slots=True)
class OfferedOperationView:
    """Something the system can be asked to do."""

    name: str
    label: TitleView
    safety: str
    reads_only: bool
    timeout_s: float
    resource: str
    input: list[OfferedFieldView]
    output: list[OfferedFieldView]

    @classmethod
    def of(cls, spec: OperationSpec) -> OfferedOperationView:
        """Return the view of an operation."""
        return cls(
            spec.name,
            TitleView.of(spec.label),
            spec.safety,
            spec.reads_only,
            spec.timeout_s,
            spec.resource,
            [OfferedFieldView.of(each) for each in spec.input],
            [OfferedFieldView.of(each) for each in spec.output],
        )


@dataclass(frozen=True, slots=True)
class DescriptionView:
    """What a system offers."""

    name: str
    title: TitleView
    connector: str
    live: bool
    """The fields are those that the system shows now; otherwise those that its manifest declares."""
    resources: list[OfferedResourceView]
    operations: list[OfferedOperationView]

    @classmethod
    def of(
        cls,
        name: str,
        kind: str,
        spec: ConnectorSpec,
        live: Sequence[ResourceSpec] | None = None,
        masking: Masking | None = None,
    ) -> DescriptionView:
        """Return the view of a system; ``live`` is what ``describe`` returned."""
        resources = spec.resources if live is None else live
        return cls(
            name,
            TitleView.of(spec.label),
            kind,
            live is not None,
            [OfferedResourceView.of(each, masking) for each in resources],
            [OfferedOperationView.of(each) for each in spec.operations],
        )


@dataclass(frozen=True, slots=True)
class ManifestDraftView:
    """A first manifest; nothing of it is kept."""

    manifest: str
    """YAML, for `systems/NAME.yaml` of a pack."""
    base_url: str
    secrets: list[str]
    """Names of the secrets that it refers to."""
    resources: list[str]
    operations: list[str]

    @classmethod
    def of(cls, draft: ManifestDraft) -> ManifestDraftView:
        """Return the view of a draft."""
        return cls(draft.manifest, draft.base_url, draft.secrets, draft.resources, draft.operations)


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record of a system."""

    system: str
    resource: str
    id: str
    data: Any


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One record that was made or changed there."""

    id: str
    type: str
    subject: str
    occurred_at: datetime | None
    data: Any

    @classmethod
    def of(cls, change: Change, masking: Masking) -> ChangeView:
        """Return the view of a change."""
        return cls(
            change.id, change.type, change.subject, change.occurred_at, masking.value(dict(change.data))
        )


@dataclass(frozen=True, slots=True)
class ChangesView:
    """A page of changes; nothing is taken in, and no cursor of the hub moves."""

    items: list[ChangeView]
    next: str | None = None
    """Where the next page begins; ``null``: there is no more."""


@dataclass(frozen=True, slots=True)
class CallView:
    """A call that is owed (``effect``: its line in the ledger), or what a reading answered."""

    effect: str | None
    number: str | None = None
    answer: Any = None


@dataclass(frozen=True, slots=True)
class SettingView:
    """One setting of a connection."""

    name: str
    title: TitleView
    type: str
    required: bool
    value: str | int | float | bool | None
    origin: Literal["configuration", "kept", ""]
    """Who says so: the configuration file, which goes before; the hub; nobody."""


@dataclass(frozen=True, slots=True)
class NeededSecretView:
    """A secret that a system refers to; its value is never shown."""

    name: str
    given: bool


@dataclass(frozen=True, slots=True)
class SystemSettingsView:
    """How a system is reached."""

    system: str
    settings: list[SettingView]
    secrets: list[NeededSecretView]
    problem: TitleView | None
    """Why it cannot be connected with them."""

    @classmethod
    def of(cls, found: DeclaredSettings) -> SystemSettingsView:
        """Return the view of a system's settings."""
        return cls(
            found.system,
            [
                SettingView(
                    each.name, TitleView.of(each.title), each.type, each.required, each.value, each.origin
                )
                for each in found.settings
            ],
            [NeededSecretView(name, given) for name, given in found.secrets],
            TitleView.of(found.problem) if found.problem is not None else None,
        )
