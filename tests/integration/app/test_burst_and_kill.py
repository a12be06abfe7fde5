"""A burst of messages and a large file reach a hub that is killed in the middle: all are there, each once."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.programs import lineshaft, rows, wait_until
from support.rabbit_lab import RabbitLab

MESSAGES = 5000
ROWS = 3000
PACK = {
    "pack.yaml": "format: 1\nname: burst\nversion: 1.0.0\ntitle: {zh: 突发, en: Burst}\n",
    "systems/broker.yaml": """\
format: 1
connector: rabbitmq
name: broker
auth: {user: secret:rabbit_user, password: secret:rabbit_password}
resources:
  order: {queue: QUEUE, type: broker.order.received, subject: body.number}
""",
    "systems/exchange.yaml": """\
format: 1
connector: files
name: exchange
resources:
  line:
    folder: in
    quiet_s: 0
    page: 100
    interval_s: 0.1
    file: {as: csv}
    columns: {number: string!, quantity: number!}
    subject: item.number
""",
    "flows/routes.yaml": """\
format: 1
sources:
  - {system: broker, listen: order}
  - {system: exchange, poll: line}
routes: []
""",
}
COUNT = "SELECT COUNT(*), COUNT(DISTINCT subject) FROM event WHERE type = '{}'"


@pytest.fixture
def lab() -> Iterator[RabbitLab]:
    lab = RabbitLab()
    asyncio.run(lab.create())
    yield lab
    asyncio.run(lab.drop())


@pytest.mark.proof
@pytest.mark.timeout(240)
@pytest.mark.needs("rabbitmq")
def test_a_burst_into_a_hub_that_is_killed_is_taken_in_whole_and_once(
    tmp_path: Path, lab: RabbitLab, serve: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    for name, written in PACK.items():
        path = tmp_path / "burst" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written.replace("QUEUE", lab.into))
    (tmp_path / "in").mkdir()
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'rabbit_user = "{lab.user}"\nrabbit_password = "{lab.password}"\n')
    secrets.chmod(0o600)
    (tmp_path / "hub.toml").write_text(
        f'secrets_file = "{secrets}"\n[systems.broker]\nhost = "{lab.host}"\nport = {lab.port}\n'
        f'[systems.exchange]\nroot = "{tmp_path}"\n'
    )
    process, _ = serve("--config", "hub.toml")
    lineshaft("--config", "hub.toml", "deploy", "burst", cwd=tmp_path)
    database = tmp_path / ".lineshaft" / "hub.db"

    def count(kind: str) -> tuple[int, int]:
        ((found, distinct),) = rows(database, COUNT.format(kind))
        return int(found), int(distinct)

    numbers = [json.dumps({"number": f"S-{number}"}).encode() for number in range(MESSAGES)]
    asyncio.run(lab.put(*numbers))
    lines = "".join(f"L-{number},{number}.5\n" for number in range(ROWS))
    (tmp_path / "in/lines.csv").write_text("number,quantity\n" + lines)
    wait_until(lambda: count("exchange.line.row")[0] > 0, 30, "the first rows")
    process.kill()
    process.wait()
    before = count("broker.order.received")[0], count("exchange.line.row")[0]
    assert before[1] < ROWS, "the kill came too late to prove anything"

    serve("--config", "hub.toml")

    wait_until(lambda: count("exchange.line.row")[0] >= ROWS, 60, "all rows")
    wait_until(lambda: count("broker.order.received")[0] >= MESSAGES, 60, "all messages")
    assert count("exchange.line.row") == (ROWS, ROWS)
    assert count("broker.order.received") == (MESSAGES, MESSAGES)
    wait_until((tmp_path / "in/done/lines.csv").exists, 10, "the file in its archive")
    assert asyncio.run(lab.peek(lab.into)) == []
