"""Message brokers: RabbitMQ (AMQP 0-9-1) and MQTT 5, publishing and reading.

``RABBITMQ`` and ``MQTT`` are the kinds to register. Not the hub's own transport between its nodes, and not
for running a broker: exchanges, queues and rights belong to whoever does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineshaft.base.text import Text
from lineshaft.connectors.brokers.model import BrokerManifest
from lineshaft.connectors.brokers.reader import read_mqtt, read_rabbitmq
from lineshaft.sdk.manifest_kind import ManifestKind
from lineshaft.sdk.registry import Connection

if TYPE_CHECKING:
    from lineshaft.connectors.brokers.mqtt import MqttConnector
    from lineshaft.connectors.brokers.rabbitmq import RabbitConnector

__all__ = ["MQTT", "RABBITMQ", "read_mqtt", "read_rabbitmq"]


def _rabbitmq(manifest: BrokerManifest, connection: Connection) -> RabbitConnector:
    # Only a hub that has such a broker loads its library.
    from lineshaft.connectors.brokers.rabbitmq import RabbitConnector

    return RabbitConnector(manifest, connection)


def _mqtt(manifest: BrokerManifest, connection: Connection) -> MqttConnector:
    from lineshaft.connectors.brokers.mqtt import MqttConnector

    return MqttConnector(manifest, connection)


RABBITMQ = ManifestKind("rabbitmq", Text("RabbitMQ", "RabbitMQ 消息队列"), read_rabbitmq, _rabbitmq)
MQTT = ManifestKind("mqtt", Text("MQTT 5", "MQTT 5 消息"), read_mqtt, _mqtt)
