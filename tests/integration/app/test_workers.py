"""A hub and one more worker on a shared PostgreSQL: both work, and the work of a killed one goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from e2e.programs import lineshaft_json, start, wait_until
from support.postgres import throw_away_database

PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
  <bpmn:process id="wait-a-moment" isExecutable="true">
    <bpmn:startEvent id="begin"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="a" sourceRef="begin" targetRef="moment" />
    <bpmn:intermediateCatchEvent id="moment">
      <bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing>
      <bpmn:timerEventDefinition id="timer">
        <bpmn:timeDuration>PT3S</bpmn:timeDuration>
      </bpmn:timerEventDefinition>
    </bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="b" sourceRef="moment" targetRef="end" />
    <bpmn:endEvent id="end"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
</bpmn:definitions>
"""
PACK = "format: 1\nname: moment\nversion: 1.0.0\ntitle: {zh: 片刻, en: A moment}\n"
CONFIG = """
[store]
url = "%s"
[engine]
lease_ttl_s = 3.0
lease_margin_s = 0.5
heartbeat_s = 0.5
poll_s = 0.2
"""


@pytest.fixture
def database() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


def lanes_of_workers(dsn: str) -> list[int]:
    """How many lanes each living worker holds."""

    async def ask() -> list[int]:
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch(LANES)
            return sorted(row["count"] for row in rows)
        finally:
            await connection.close()

    return asyncio.run(ask())


def answer_of(url: str, token: str | None) -> tuple[int, str]:
    """Return the status and the text of a page."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


LANES = "SELECT count(*) AS count FROM lane_lease WHERE until IS NOT NULL GROUP BY worker"


@pytest.mark.proof
def test_two_workers_share_the_lanes_and_one_takes_over_when_the_other_is_killed(
    database: str, tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    (tmp_path / "hub.toml").write_text(CONFIG % database)
    pack = tmp_path / "pack"
    (pack / "processes").mkdir(parents=True)
    (pack / "pack.yaml").write_text(PACK)
    (pack / "processes" / "wait.bpmn").write_text(PROCESS)
    arguments = ("--config", "hub.toml")

    hub = start(*arguments, "serve", "--port", "0", cwd=tmp_path)
    processes.append(hub)
    assert hub.stdout is not None
    url = next(line.split()[-1] for line in hub.stdout if "http://" in line)
    worker = start(*arguments, "worker", "--metrics", "0", cwd=tmp_path)
    processes.append(worker)
    assert worker.stdout is not None
    page = next(line.split()[-1] for line in worker.stdout if "/metrics" in line)
    wait_until(lambda: lanes_of_workers(database) == [128, 128], 30, "both to hold half of the lanes")
    reach = (*arguments, "--url", url)
    lineshaft_json(*reach, "deploy", "pack", "--json", cwd=tmp_path)
    # Whoever starts them, the timers fall due in the lanes of both.
    from lineshaft.app.reaching import HttpApi

    token = (tmp_path / ".lineshaft" / "admin.token").read_text().strip()
    api = HttpApi(url, token, "en")
    assert page.startswith("http://127.0.0.1:")
    assert [answer_of(page, None)[0], answer_of(page.replace("/metrics", "/api/v1/overview"), token)[0]] == [
        401,
        404,
    ]
    status, figures = answer_of(page, token)
    assert (status, "lineshaft_" in figures) == (200, True)
    for number in range(40):
        api.send("POST", "/instances", {"process_id": "wait-a-moment", "business_key": f"K-{number}"})

    os.kill(worker.pid, signal.SIGKILL)

    def completed() -> bool:
        return bool(api.get("/overview")["counts"]["completed"] == 40)

    wait_until(completed, 40, "all runs to end, those of the killed worker too")
    assert lanes_of_workers(database)[-1] == 256

    # Started again on this machine, it does not wait for the end of its own lease.
    left = tmp_path / ".lineshaft" / "workers"
    assert len(list(left.iterdir())) == 2
    again = start(*arguments, "worker", cwd=tmp_path)
    processes.append(again)
    assert again.stdout is not None
    assert next(line for line in again.stdout if "Worker " in line)
    assert len(list(left.iterdir())) == 2, "the hub's, and the new one's"
