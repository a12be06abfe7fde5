"""Queues of one test on the real RabbitMQ, looked into without taking anything out."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aio_pika

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as it lies in a queue."""

    content: bytes
    message_id: str | None
    headers: dict[str, Any]


class RabbitLab:
    """An exchange, a queue that the hub reads, one in which the test sees what was published."""

    def __init__(self) -> None:
        self.url = os.environ.get("LINESHAFT_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")
        parts = urlsplit(self.url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 5672
        self.user, self.password = parts.username or "guest", parts.password or "guest"
        run = f"lineshaft-test-{secrets.token_hex(4)}"
        self.exchange, self.into, self.seen = run, f"{run}.in", f"{run}.seen"
        self.dead = f"{run}.dead"

    def now(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it at once, on a loop of its own."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, work).result(20)

    async def create(self) -> None:
        connection = await aio_pika.connect(self.url)
        async with connection, connection.channel() as channel:
            exchange = await channel.declare_exchange(self.exchange, aio_pika.ExchangeType.TOPIC)
            await channel.declare_queue(self.dead)
            arguments: dict[str, Any] = {
                "x-dead-letter-exchange": "", "x-dead-letter-routing-key": self.dead,
            }  # fmt: skip
            for name in (self.into, self.seen):
                queue = await channel.declare_queue(name, arguments=arguments if name == self.into else None)
                await queue.bind(exchange, "order.#")

    async def drop(self) -> None:
        connection = await aio_pika.connect(self.url)
        async with connection, connection.channel() as channel:
            for name in (self.into, self.seen, self.dead):
                await channel.queue_delete(name)
            await channel.exchange_delete(self.exchange)

    async def purge(self) -> None:
        """Empty every queue."""
        connection = await aio_pika.connect(self.url)
        async with connection, connection.channel() as channel:
            for name in (self.into, self.seen, self.dead):
                await (await channel.get_queue(name, ensure=False)).purge()

    async def put(self, *contents: bytes, message_ids: bool = True) -> None:
        """Publish into the queue that the hub reads."""
        connection = await aio_pika.connect(self.url)
        async with connection, connection.channel() as channel:
            for number, content in enumerate(contents):
                message = aio_pika.Message(content, message_id=f"m-{number}" if message_ids else None)
                await channel.default_exchange.publish(message, self.into)

    async def peek(self, name: str) -> list[Seen]:
        """Return what lies in a queue; it goes back when the connection closes."""
        connection = await aio_pika.connect(self.url)
        found = []
        async with connection:
            channel = await connection.channel()
            queue = await channel.get_queue(name, ensure=False)
            while (message := await queue.get(no_ack=False, fail=False)) is not None:
                found.append(Seen(message.body, message.message_id, dict(message.headers or {})))
        return found
