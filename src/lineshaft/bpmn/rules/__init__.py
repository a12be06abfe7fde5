"""The rules of what may run, by subject. Each function notes the problems of its rules."""

from __future__ import annotations

from collections.abc import Callable

from lineshaft.bpmn.document import Document
from lineshaft.bpmn.rules import flows

RULES: tuple[Callable[[Document], None], ...] = (flows.check,)
