"""What a pack says about cross-references 编码对照, in ``references/*.yaml``:

    format: 1
    objects:
      - type: customer
        label: {zh: 客户, en: customer}
        several: [crm]      # systems in which one customer may really have several records

An object has one id in a system, unless its type is declared to have several there: a second one is refused
then, because more often than not it is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Problems, Table, read_yaml

_TYPE = r"[a-z][a-z0-9_]*"


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type of business object whose records are cross-referenced."""

    type: str
    label: Text
    several: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ObjectsSpec:
    """The types of objects of a release."""

    types: Mapping[str, ObjectType] = field(default_factory=dict)

    def several(self, object_type: str, system: str) -> bool:
        """Tell whether an object of a type may have several ids in a system."""
        found = self.types.get(object_type)
        return found is not None and (system in found.several or "*" in found.several)

    def label(self, object_type: str) -> Text:
        """Return the words for a type; one that is not declared is called by its name."""
        found = self.types.get(object_type)
        return found.label if found is not None else Text(object_type, object_type)


def read_objects(files: Iterable[tuple[str, bytes]]) -> ObjectsSpec:
    """Read all files of the folder ``references`` (path, content) as one.

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    found: dict[str, ObjectType] = {}
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        for node in root.items("objects"):
            table = Table(node, problems)
            name = table.text("type", required=True, pattern=_TYPE) or ""
            one = ObjectType(name, table.label("label", name), frozenset(table.texts("several")))
            if name in found:
                message = text(
                    "Expected one object `{name}`, but there are two", "对象 `{name}` 重复", name=name
                )
                problems.add("object_twice", message, table.place)
            found[name] = one
            table.done()
        root.done()
    problems.raise_if_any()
    return ObjectsSpec(found)
