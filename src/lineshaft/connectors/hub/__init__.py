"""The system ``hub``: operations that the hub itself offers to processes: mapping, code look-up, links for
customers.

To the engine it is a system like any other, so that retries, parking and history are the same; it has no
address and writes nowhere. What it needs from the hub comes in as callables.
"""

from lineshaft.connectors.hub.connector import HubConnector, Link, hub_spec
from lineshaft.connectors.hub.references import Ask, ReferenceDesk

__all__ = ["Ask", "HubConnector", "Link", "ReferenceDesk", "hub_spec"]
