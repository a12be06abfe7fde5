"""The dialect of the jBPM family: what its modellers write into the standard's own elements.

Source: the documentation of jBPM 5 to 7. Times are spelt ``500ms`` or ``1s###2s`` (first after one, then
every two seconds), conditions ``return x > 1;``, a signal may be named without being defined, and a task
with a ``taskName`` is a job of that name.
"""

from __future__ import annotations

import re

from lineshaft.bpmn.document import Document, ElementDefinition, ProcessDefinition, RootDefinition

NAMESPACE = "http://www.jboss.org/drools"

Target = ElementDefinition | ProcessDefinition | RootDefinition

_TIME = re.compile(
    r"^(?=\d)(?:(?P<D>\d+)d)?\s*(?:(?P<H>\d+)h)?\s*(?:(?P<M>\d+)m(?!s))?\s*(?:(?P<S>\d+)s)?\s*"
    r"(?:(?P<ms>\d+)(?:ms)?)?$"
)


def read_attribute(document: Document, target: Target, name: str, value: str) -> None:
    """Take over one attribute of this family; what has no meaning here is left as it is."""
    if name == "taskName" and isinstance(target, ElementDefinition) and target.type == "task":
        target.extensions.task_type = target.extensions.task_type or value


def is_of(document: Document) -> bool:
    """Tell whether a file is of this family."""
    return NAMESPACE in document.namespaces


def time_of(kind: str, text: str) -> tuple[str, str]:
    """Return the kind and text of a timer in ISO 8601; one that is so already stays.

    A cycle without ``###`` fires once.
    """
    first, marks, then = text.partition("###")
    made, again = _iso(first.strip()), _iso(then.strip())
    if marks and made and again:
        return "cycle", f"{made}###{again}"
    if made and not marks:
        return ("duration" if kind == "cycle" else kind), made
    return kind, text


def _iso(text: str) -> str | None:
    found = _TIME.match(text)
    if found is None:
        return text if text.startswith("P") else None
    parts = found.groupdict(default="0")
    seconds = int(parts["S"]) + int(parts["ms"]) / 1000
    return f"P{parts['D']}DT{parts['H']}H{parts['M']}M{seconds:.3f}S"
