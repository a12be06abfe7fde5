"""Flows 同步流: keep a resource of one system in step with others, record by record, in batches.

``reading`` makes a ``Flow`` of its definition; ``Flows`` runs those of the active release, each under a lease
of its own. One round reads a page from a side (or takes what waits), decides what is to be written where,
writes it in one batch per target, and commits the evidence, what is known of the records and the cursor
together: a crash repeats a page and never skips one.
"""

from lineshaft.engine.flows.model import Flow, Side, Target
from lineshaft.engine.flows.reading import read_flows

__all__ = ["Flow", "Side", "Target", "read_flows"]
