"""Noting a rule's problem at an element of a process.

In a process that is not to be executed, what only hinders execution is a warning: a message without a name,
a path that ends nowhere. What no BPMN may look like, executed or not, is an error in both.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.bpmn.dialects import camunda, jbpm, zeebe
from lineshaft.bpmn.document import Document, ElementDefinition, ProcessDefinition

STRUCTURE = frozenset(
    {
        "ad-hoc-start-or-end",
        "association-end-unknown",
        "boundary-host-unknown",
        "boundary-host-wrong",
        "boundary-not-interrupting",
        "boundary-without-definition",
        "called-element-kind",
        "cancel-boundary-not-on-transaction",
        "cancel-end-outside-transaction",
        "catch-without-definition",
        "compensated-activity-elsewhere",
        "compensated-activity-handler",
        "compensated-activity-kind",
        "compensated-activity-unknown",
        "compensation-handler-elsewhere",
        "compensation-handler-in-flow",
        "compensation-handler-unmarked",
        "compensation-start-at-top",
        "condition-ignored",
        "condition-not-allowed",
        "data-sources",
        "data-target-missing",
        "default-not-allowed",
        "default-not-outgoing",
        "default-with-condition",
        "error-start-not-interrupting",
        "event-definition-misplaced",
        "event-gateway-mixed",
        "event-gateway-parallel",
        "event-gateway-parallel-message",
        "event-gateway-start-incoming",
        "event-gateway-start-inside",
        "event-gateway-target",
        "event-gateway-target-boundary",
        "event-gateway-target-shared",
        "event-gateway-too-few",
        "event-subprocess-kind",
        "event-subprocess-loop",
        "event-subprocess-start-none",
        "gateway-direction",
        "incoming-not-allowed",
        "io-sets-missing",
        "lane-member-kind",
        "lane-member-unknown",
        "link-ends-disagree",
        "link-not-alone",
        "link-target-twice",
        "link-without-name",
        "link-without-source",
        "link-without-target",
        "loop-behavior",
        "loop-misplaced",
        "loop-twice",
        "outgoing-not-allowed",
        "quantity",
        "receive-task-start-incoming",
        "receive-task-start-inside",
        "subprocess-data",
        "subprocess-start-not-none",
        "subprocess-starts",
    }
)
"""Rules of what BPMN is, whether or not it is to be executed."""


_SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
_DIALECTS = frozenset({zeebe.NAMESPACE, jbpm.NAMESPACE, _SPIFF, *camunda.NAMESPACES})


def is_plain(document: Document) -> bool:
    """Tell whether a file is of no known engine's dialect."""
    return not _DIALECTS & document.namespaces


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
    def is_jbpm(self) -> bool:
        """The file is of the jBPM family's dialect."""
        return jbpm.is_of(self.document)

    @property
    def is_plain(self) -> bool:
        """The file is of no known engine's dialect: the text of the standard alone holds."""
        return is_plain(self.document)

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
        always: bool = False,
    ) -> None:
        """Note a problem at an element, or at the named thing in ``line``.

        ``always`` tells of a rule that is about execution as a rule, but not here.
        """
        hinders = self.process.executable or always or code in STRUCTURE
        severity = "error" if hinders and not warning else "warning"
        self.document.problem(
            code,
            message,
            line=line if line is not None else (element.line if element is not None else self.process.line),
            element=name or (element.id if element is not None else self.process.id),
            hint=hint,
            severity=severity,
        )
