"""Checking: what of a document cannot run, each with element, line, rule and remedy.

A rule is a function that looks at the document or at one process and notes problems. Errors refuse the
whole file; doubts are warnings. A rule never raises and never changes what was read.
"""

from __future__ import annotations

from lineshaft.bpmn.document import Document
from lineshaft.bpmn.rules import RULES


def check(document: Document) -> None:
    """Note every problem of a document; a file that is no BPMN has been told so already."""
    if document.tree is None:
        return
    for rule in RULES:
        rule(document)
