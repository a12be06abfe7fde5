"""The system ``hub``: operations that the hub itself offers to processes: mapping and code look-up.

To the engine it is a system like any other, so that retries, parking and history are the same; it has no
address and writes nowhere. What it needs from the hub comes in as callables.
"""

from lineshaft.connectors.hub.connector import HubConnector, hub_spec
from lineshaft.connectors.hub.references import Ask, ReferenceDesk

__all__ = ["Ask", "HubConnector", "ReferenceDesk", "hub_spec"]
