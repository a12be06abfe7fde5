"""The reference pages of the brokers' connectors, with settings and choices from the declaration. Pure."""

from __future__ import annotations

from typing import Final

from lineshaft.connectors.brokers.model import BODIES
from lineshaft.connectors.brokers.reader import SETTINGS
from lineshaft.sdk.page import settings_row

_RABBITMQ: Final = """# RabbitMQ (`connector: rabbitmq`)

Messages are published to RabbitMQ and read from its queues, over AMQP 0-9-1. **Seen** on RabbitMQ 3.10: the connector suite and
every line below is tried there. **Unverified**: TLS with client certificates, other brokers of that protocol.

```yaml
format: 1
connector: rabbitmq
name: broker
auth: {user: secret:rabbit_user, password: secret:rabbit_password}
operations:
  order.publish:
    exchange: orders
    routing_key: '"order." + payload.kind'
    content: payload
    headers: {source: '"lineshaft"'}
    safety: idempotency_key
  order.waiting: {action: depth, queue: erp.orders}
resources:
  order: {queue: erp.orders, type: broker.order.received, subject: body.number}
```

| key | meaning |
|---|---|
"""  # noqa: E501 - rows of tables

_MQTT: Final = """# MQTT (`connector: mqtt`)

Messages are published and subscribed to over MQTT 5, at quality of service 1. **Seen** on Mosquitto 2.0: the connector suite and
every line below is tried there. **Unverified**: other brokers. Brokers of MQTT 3.1.1 only are refused; Sparkplug's
binary bodies come as `bytes`.

```yaml
format: 1
connector: mqtt
name: shopfloor
auth: {user: secret:mqtt_user, password: secret:mqtt_password}
session_days: 7
operations:
  press.aim:
    topic: '"plant/" + payload.press + "/target"'
    content: '{target: payload.target}'
    safety: idempotency_key
resources:
  machine:
    topic: "plant/+/state"
    type: shopfloor.machine.changed
    subject: message.levels[2]
    id: 'message.topic + "/" + string(body.sequence)'
```

| key | meaning |
|---|---|
"""  # noqa: E501 - rows of tables

_CONNECTION: Final = """| `auth` | `user`, `password`: references to secrets |
| `tls` | `verify` (the default), or `off` (the default for this very machine) |
| `limits`, `timeouts` | `concurrency` (8), `per_second`; `connect_s` (5), `call_s` (10) |
"""

_OUT_RABBIT: Final = """
## Publishing (`operations`)

| key | meaning |
|---|---|
| `exchange`, `routing_key` | where to; without `exchange` the default one, whose key is a queue's name |
| `content`, `body` | a FEEL expression over `payload` and `key`; {bodies} (`json`) |
| `headers` | name → expression |
| `persistent`, `expires_s` | it survives a restart of the broker (`true`); it is thrown away after so long |
| `safety` | `idempotency_key` where the reader knows a message by its id, so that a repeat does no harm; `none` where it does not: then a person decides about a lost confirmation |
| `action: depth` | counts instead: `waiting`, `readers` of `queue` |

A message counts as published when the broker has confirmed it. One that no queue wanted is refused (`unroutable`); one that a full
queue rejected may lie in others beside it, so its outcome is unknown. Its `message_id` is the hub's key, the same for every
repeat. Exchanges, queues and rights belong to whoever runs the broker: nothing is declared, the check names what is missing.
"""  # noqa: E501 - rows of tables

_OUT_MQTT: Final = """| `session_days` | how long the broker keeps what it could not tell us (7) |

## Publishing (`operations`)

| key | meaning |
|---|---|
| `topic` | an expression over `payload` and `key` |
| `content`, `body` | likewise; {bodies} (`json`) |
| `headers` | user properties: name → expression; `message-id` is the hub's key, the same for every repeat |
| `retain`, `expires_s` | kept for later subscribers (`false`); thrown away after so long |
| `safety` | `idempotency_key` where the reader knows a message by its id or where it is a state; `none` where a repeat does harm: then a person decides about a lost confirmation |

The answer has `heard`: `false` where the broker says that nobody is subscribed.
"""  # noqa: E501 - rows of tables

_IN: Final = """
## Reading (`resources`)

| key | meaning |
|---|---|
| {source} |
| `body` | {bodies}; numbers of JSON are exact decimals |
| `type`, `subject` | of the events; `subject` over `body` and `message` |
| `id` | what makes a message this very one; without it its own id ({id}), without that each delivery is new |
| `page`, `interval_s` | messages at once (100); pause between polls (5), where the source is polled |
| `fields` | name → type, for forms and mappings |
{more}
An event has the fields of the body (a body that is no table as `value`), and `from_message`: {meta}.
What cannot be read becomes an event whose type ends in `.unreadable`, with the reason and the whole content.

A message is acknowledged when its event is stored, whether the source listens or polls. A hub that dies in between gets it
again. {session}
"""  # noqa: E501 - rows of tables


def rabbitmq_page() -> str:
    """Return the page of RabbitMQ as Markdown."""
    return (
        _RABBITMQ
        + settings_row("settings of the connection", SETTINGS["rabbitmq"])
        + "\n"
        + _CONNECTION
        + _OUT_RABBIT.format(bodies=_bodies())
        + _IN.format(
            source="`queue` | its name",
            bodies=_bodies(),
            id="`message_id`",
            more="| `unreadable` | `event` (below), or `reject`: into the queue's dead letter exchange; "
            "a queue without one loses it |\n",
            meta="`id`, `routing_key`, `exchange`, `headers`, `content_type`, `correlation_id`, "
            "`redelivered`, `time`",
            session="Several hubs may read one queue; a polled page that nobody comes back for is given "
            "back after a minute.",
        )
    )


def mqtt_page() -> str:
    """Return the page of MQTT as Markdown."""
    return (
        _MQTT
        + settings_row("settings of the connection", SETTINGS["mqtt"])
        + "\n"
        + _CONNECTION
        + _OUT_MQTT.format(bodies=_bodies())
        + _IN.format(
            source="`topic` | a filter: `+` is one level, `#` the rest",
            bodies=_bodies(),
            id="the user property `message-id`",
            more="",
            meta="`id`, `topic`, `levels`, `headers`, `content_type`, `retained`, `redelivered`, `gap`",
            session="While it is away, the broker keeps its subscription (`CLIENT_ID-RESOURCE`, by default "
            "`lineshaft-SYSTEM-RESOURCE`); where the broker has lost it, the next event says `gap: true`.",
        )
    )


def _bodies() -> str:
    return ", ".join(f"`{body}`" for body in BODIES)
