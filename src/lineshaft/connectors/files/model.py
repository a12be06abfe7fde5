"""What a manifest of kind ``files`` says, read and checked. Values only; nothing here touches a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Literal

from lineshaft.mapping.leaves import Expression
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

Store = Literal["folder", "sftp", "s3"]
STORES: tuple[Store, ...] = ("folder", "sftp", "s3")

Shape = Literal["csv", "xlsx", "json", "json lines", "xml"]
SHAPES: tuple[Shape, ...] = ("csv", "xlsx", "json", "json lines", "xml")

ValueType = Literal["string", "number", "boolean", "date", "date and time", "context", "list", "Any"]
VALUE_TYPES: tuple[ValueType, ...] = (
    "string", "number", "boolean", "date", "date and time", "context", "list", "Any",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formats:
    """How numbers and dates are written in the files of one connection."""

    zone: tzinfo
    decimal: str = "."
    group: str = ","
    dates: tuple[str, ...] = ()
    """Patterns of ``strptime``, tried in order, before ISO 8601."""


@dataclass(frozen=True, slots=True)
class ShapeRule:
    """The shape of a file."""

    shape: Shape
    encoding: str
    """A codec's name; ``auto``: by its byte order mark, else UTF-8, else GB18030."""
    delimiter: str = ","
    header: bool = True
    skip: int = 0
    """Lines before the header."""
    sheet: str | None = None
    records: str = ""
    """JSON: path of the list; XML: name of the element that is one record."""
    root: str = "records"
    """XML: name of the outermost element, in writing."""


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One field of the records that are read."""

    name: str
    source: str
    """Its heading, its number (without a header), or its path in a record of JSON or XML."""
    type: ValueType
    required: bool


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """Files that are taken in: where they lie, what they look like, what becomes of them."""

    name: str
    folder: str
    pattern: str
    shape: ShapeRule
    columns: tuple[ColumnRule, ...]
    type: str
    """Its events are this with a last word: ``row``, ``row_failed``, ``file_failed``, ``file_done``."""
    subject: Expression
    id: Expression | None
    file_of: Expression | None
    """The name of the file that holds a record, over its ``id``."""
    archive: str | None
    """Where files go that were taken; ``None``: they are deleted."""
    failed: str
    quiet_s: float
    marker: str
    """A file is only taken where one of its name with this ending lies beside it."""
    page: int
    bytes_max: int
    report: bool = False
    """Each file's end is an event too, with its counts."""

    @property
    def work(self) -> str:
        """The folder of the file that is being taken."""
        return f"{self.folder}/.taking/{self.name}".lstrip("/")


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """One column that is written."""

    heading: str
    value: Expression


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation: a file is written, or looked for."""

    name: str
    action: Literal["write", "find"]
    folder: str
    file: Expression
    shape: ShapeRule
    timeout_s: float
    columns: tuple[TargetColumn, ...] = ()
    found: tuple[ColumnRule, ...] = ()
    """For ``find``: what is read."""
    rows: Expression | None = None
    replace: bool = False
    also_in: tuple[str, ...] = ()
    """Folders where the other side puts what it has taken: a file that lies there was delivered."""
    document: str | None = None
    """Kind of the document that a written file is evidence of."""
    number: Expression | None = None


@dataclass(frozen=True, slots=True)
class FilesManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    secrets: frozenset[str]
    store: Store
    formats: Formats
    resources: Mapping[str, ResourceRule]
    operations: Mapping[str, OperationRule]
    connect_timeout_s: float
    auth: Mapping[str, str] = field(default_factory=dict)
    """``user``, ``password``, ``private_key`` → name of the secret."""
