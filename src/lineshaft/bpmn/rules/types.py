"""Rules of attribute types: what the schema wants as a truth value, a number or one of a few words."""

from __future__ import annotations

import re

from lineshaft.base.text import text
from lineshaft.bpmn.document import Document
from lineshaft.bpmn.rules.references import owner_of

_MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_TRUTHS = frozenset(
    {
        "cancelActivity",
        "cancelRemainingInstances",
        "instantiate",
        "isClosed",
        "isCollection",
        "isExecutable",
        "isForCompensation",
        "isImmediate",
        "isInterrupting",
        "isMarkerVisible",
        "isRequired",
        "isSequential",
        "isUnlimited",
        "mustUnderstand",
        "parallelMultiple",
        "testBefore",
        "triggeredByEvent",
        "waitForCompletion",
    }
)
_WORDS = {
    "gatewayDirection": frozenset({"Unspecified", "Converging", "Diverging", "Mixed"}),
    "eventGatewayType": frozenset({"Exclusive", "Parallel"}),
    "ordering": frozenset({"Parallel", "Sequential"}),
    "behavior": frozenset({"None", "One", "All", "Complex"}),
    "processType": frozenset({"None", "Public", "Private"}),
    "associationDirection": frozenset({"None", "One", "Both"}),
    "itemKind": frozenset({"Information", "Physical"}),
    "loopType": frozenset({"None", "Standard", "MultiInstanceSequential", "MultiInstanceParallel"}),
    "direction": frozenset({"None", "Forward", "Backward", "Both"}),
}
_WHOLE = re.compile(r"[+-]?\d+")
_NUMBERS = frozenset({"capacity", "completionQuantity", "maximum", "minimum", "startQuantity"})


def check(document: Document) -> None:
    """Check the typed attributes of every BPMN element of the file."""
    for node in document.tree.getroot().iter(f"{{{_MODEL}}}*"):
        for name, value in node.attrib.items():
            wanted = _wanted(str(name), str(value).strip())
            if wanted is None:
                continue
            document.problem(
                "attribute-value",
                text(
                    "Expected {name} to be {wanted}, but it is {value!r}",
                    "{name} 应为 {wanted}，但为 {value!r}",
                    name=str(name),
                    wanted=wanted,
                    value=str(value),
                ),
                line=node.sourceline,
                element=owner_of(node),
                hint=text("Choose one of these in the modeller.", "请在建模工具中选择其中之一。"),
            )


def _wanted(name: str, value: str) -> str | None:
    """Return what an attribute should be where it is not."""
    if name in _TRUTHS:
        return None if value in ("true", "false", "1", "0") else "true or false"
    if name in _WORDS:
        return None if value in _WORDS[name] else ", ".join(sorted(_WORDS[name]))
    if name in _NUMBERS:
        return None if _WHOLE.fullmatch(value) else "a whole number"
    return None
