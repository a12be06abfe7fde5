"""Noting a rule's problem at an element of a process.

In a process that is not to be executed, what only hinders execution is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.bpmn.dialects import camunda, zeebe
from lineshaft.bpmn.document import Document, ElementDefinition, ProcessDefinition


@dataclass(frozen=True, slots=True)
class Place:
    """A process with its document; what a rule writes to."""

    document: Document
    process: ProcessDefinition

    @property
    def is_zeebe(self) -> bool:
        """The file is of Camunda 8's dialect, whose own demands then hold."""
        return zeebe.NAMESPACE in self.document.namespaces

    @property
    def is_camunda(self) -> bool:
        """The file is of Camunda 7's dialect or one of its relatives."""
        return any(namespace in self.document.namespaces for namespace in camunda.NAMESPACES)

    @property
    def calendar(self) -> str | None:
        """The process's working calendar."""
        return self.process.extensions.properties.get("workingCalendar")

    def note(
        self,
        code: str,
        message: Text,
        hint: Text,
        element: ElementDefinition | None = None,
        *,
        line: int | None = None,
        name: str | None = None,
        warning: bool = False,
    ) -> None:
        """Note a problem at an element, or at the named thing in ``line``."""
        severity = "warning" if warning or not self.process.executable else "error"
        self.document.problem(
            code,
            message,
            line=line if line is not None else (element.line if element is not None else self.process.line),
            element=name or (element.id if element is not None else self.process.id),
            hint=hint,
            severity=severity,
        )
