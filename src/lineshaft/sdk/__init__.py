"""Floor 2: what the author of a connector sees: spec, connector, outcomes, schema, registry, suite.

It knows nothing of the engine, the store or the kernel.
"""

from lineshaft.sdk.connector import CallContext, Connector, Listener
from lineshaft.sdk.outcomes import Change, ChangePage, CheckStep, DocumentFact, ItemOutcome, LineFact, Outcome
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, TriggerSpec

__all__ = [
    "CallContext",
    "Change",
    "ChangePage",
    "CheckStep",
    "Connector",
    "ConnectorSpec",
    "DocumentFact",
    "FieldSpec",
    "ItemOutcome",
    "LineFact",
    "Listener",
    "OperationSpec",
    "Outcome",
    "ResourceSpec",
    "TriggerSpec",
]
