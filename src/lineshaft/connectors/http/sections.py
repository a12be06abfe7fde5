"""What the readers of a manifest's sections share: the compiler, the defaults, the shared documents. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Compiler
from lineshaft.connectors.http.model import AnswerRule, DocumentRule
from lineshaft.connectors.http.reading import read_answers
from lineshaft.sdk.schema import Problems, Table

NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"


@dataclass(slots=True)
class Sections:
    """The state of one reading."""

    problems: Problems
    compiler: Compiler
    defaults: AnswerRule = field(default_factory=AnswerRule)
    documents: dict[str, DocumentRule] = field(default_factory=dict)

    def answers(self, table: Table, names: Collection[str], key: str = "answers") -> AnswerRule:
        """Read a table's own ``answers`` over the manifest's."""
        return read_answers(table.table(key), self.compiler, names, self.defaults)

    def name(self, name: str, table: Table) -> None:
        """Check the name of an operation, a resource or a webhook."""
        if not re.fullmatch(NAME, name):
            self.problems.add(
                "name",
                text(
                    "Expected a name in small letters, digits, _ and dots, but it is {name}",
                    "名称应由小写字母、数字、下划线和点组成,实际为 {name}",
                    name=name,
                ),
                table.place,
                text("for example order.save", "例如 order.save"),
            )
