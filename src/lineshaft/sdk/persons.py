"""Which fields of a pack's records are about a person, so that one person's data can be found and erased.

A pack says it in ``people/*.yaml``:

    format: 1
    people:
      - kind: contact
        title: {zh: 客户联系人, en: Customer's contact}
        identify: [contact_email, contact_phone]          # a record with such a value is about them
        erase: [contact_name, contact_email, contact_phone, address]

Names are of fields wherever they stand in a record, however deep. Pure: bytes in, ``PersonKind``s out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.sdk.schema import Problems, Table, read_yaml


@dataclass(frozen=True, slots=True)
class PersonKind:
    """One way in which records speak of people."""

    kind: str
    title: Text
    identify: frozenset[str]
    erase: frozenset[str]


def read_people(files: Iterable[tuple[str, bytes]]) -> tuple[PersonKind, ...]:
    """Read all files of the folder ``people`` (path, content).

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    found: list[PersonKind] = []
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        for node in root.items("people"):
            table = Table(node, problems)
            kind = table.text("kind", required=True, pattern=r"[a-z][a-z0-9_-]*") or ""
            title = table.label("title", kind)
            table.take("identify", required=True)
            identify, erase = frozenset(table.texts("identify")), frozenset(table.texts("erase"))
            table.done()
            found.append(PersonKind(kind, title, identify, erase | identify))
        root.done()
    problems.raise_if_any()
    return tuple(found)
