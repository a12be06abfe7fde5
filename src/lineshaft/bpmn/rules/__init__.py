"""The rules of what may run, by subject. Each function notes the problems of its rules.

``flows`` comes first: it tells the elements which flows they have.
"""

from __future__ import annotations

from collections.abc import Callable

from lineshaft.bpmn.document import Document
from lineshaft.bpmn.rules import (
    activities,
    collaboration,
    definitions,
    diagram,
    events,
    expressions,
    flows,
    gateways,
    notices,
    references,
    schema,
    structure,
    types,
)

RULES: tuple[Callable[[Document], None], ...] = (
    flows.check,
    structure.check,
    events.check,
    definitions.check,
    gateways.check,
    activities.check,
    expressions.check,
    notices.check,
    references.check,
    types.check,
    schema.check,
    collaboration.check,
    diagram.check,
)
