"""How fluent the console stays: lists over 1,000,000 runs of processes, drawings of 400 tasks, in a browser.

A hub is started twice, over a PostgreSQL with 1,000 and over one with 1,000,000 runs (the rows of
``search_bench``), and a headless Chromium does what a person does: opens the list, goes on to further pages,
filters it, finds a number. Then a drawing of 10 and one of 400 tasks are opened in the designer, as the first
page and once more within the console. Each figure is the median of several, in milliseconds from the act to
what it shows.

    PYTHONPATH=src:. python -m bench.console_bench --instances 1000000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from playwright.sync_api import Page, expect, sync_playwright

from bench.search_bench import DEFAULT_DSN, TOKEN, fill
from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.inprocess import OneCaller
from tools import check, services

SMALL = 1_000
TIMES = 5
PAGES = 8
"""Further pages that are asked for, one after the other."""
PATIENCE_MS = 60_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions'
    ' xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"'
    ' xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="wide" targetNamespace="urn:wide">'
)


def drawing(tasks: int) -> str:
    """Return a process of so many user tasks in a row, twenty in a line of the drawing."""
    nodes = ['<bpmn:startEvent id="n0"/>']
    nodes += [
        f'<bpmn:userTask id="n{n}" name="步骤 {n} Step {n}"><bpmn:extensionElements><zeebe:userTask/>'
        "</bpmn:extensionElements></bpmn:userTask>"
        for n in range(1, tasks + 1)
    ]
    nodes.append(f'<bpmn:endEvent id="n{tasks + 1}"/>')
    flows = [
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="n{n}" targetRef="n{n + 1}"/>' for n in range(tasks + 1)
    ]

    def place(n: int) -> tuple[int, int]:
        return 160 + 150 * (n % 20), 100 + 120 * (n // 20)

    shapes = []
    for n in range(tasks + 2):
        width, height = (36, 36) if n in (0, tasks + 1) else (100, 80)
        x, y = place(n)
        shapes.append(
            f'<bpmndi:BPMNShape id="s{n}" bpmnElement="n{n}">'
            f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/></bpmndi:BPMNShape>'
        )
    for n in range(tasks + 1):
        (x, y), (to_x, to_y) = place(n), place(n + 1)
        shapes.append(
            f'<bpmndi:BPMNEdge id="e{n}" bpmnElement="f{n}"><di:waypoint x="{x + 100}" y="{y + 40}"/>'
            f'<di:waypoint x="{to_x}" y="{to_y + 40}"/></bpmndi:BPMNEdge>'
        )
    return (
        f'{_HEAD}<bpmn:process id="wide{tasks}" name="宽 Wide" isExecutable="true">{"".join(nodes + flows)}'
        f'</bpmn:process><bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="p" bpmnElement="wide{tasks}">'
        f"{''.join(shapes)}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"
    )


# -- a hub -----------------------------------------------------------------------------------------------


async def _filled(dsn: str, count: int) -> None:
    hub = build(read_config(options={"store.url": dsn}), {}, tokens=OneCaller(TOKEN, "default"))
    await hub.open()
    await hub.stop()
    await fill(dsn, count)


async def _say(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def database(count: int) -> Iterator[str]:
    """Give a database with so many runs."""
    server = os.environ.get("LINESHAFT_TEST_POSTGRES") or DEFAULT_DSN
    name = f"lineshaft_bench_{secrets.token_hex(4)}"
    asyncio.run(_say(server, f'CREATE DATABASE "{name}"'))
    try:
        dsn = urlsplit(server)._replace(path=f"/{name}").geturl()
        asyncio.run(_filled(dsn, count))
        yield dsn
    finally:
        asyncio.run(_say(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


@contextmanager
def serving(dsn: str) -> Iterator[tuple[str, str]]:
    """Run a hub over a database; give its address and its administrator's key."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "hub.toml"
        config.write_text(f'[store]\nurl = "{dsn}"\n', encoding="utf-8")
        command = ["-m", "lineshaft", "--config", str(config), "--data", folder, "serve", "--port", "0"]
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=check.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            assert process.stdout
            line = next(each for each in process.stdout if "http://" in each)
            url = "http://" + line.partition("http://")[2].split()[0].rstrip("/.,")
            yield url, (Path(folder) / "admin.token").read_text(encoding="utf-8").strip()
        finally:
            process.terminate()
            process.wait(60)


def draft(url: str, key: str, path: str, text: str) -> None:
    """Keep a drawing as a draft."""
    request = urllib.request.Request(
        f"{url}/api/v1/drafts/{path}",
        data=json.dumps({"text": text}).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=60).close()


# -- measuring -------------------------------------------------------------------------------------------


def took(act: Callable[[], object]) -> float:
    """Return how long something took, in milliseconds."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def median(act: Callable[[], object], times: int) -> float:
    """Return how long something takes at the median, in milliseconds."""
    return statistics.median(took(act) for _ in range(times))


def lists(page: Page, url: str, count: int) -> dict[str, float]:
    """Open the list of runs, go on in it, filter it, find a number."""
    rows = page.locator("[data-ready=instances] tbody tr.ant-table-row")
    number = f"SO-{count // 3}"

    def opened() -> None:
        page.goto(f"{url}/instances")
        rows.first.wait_for(timeout=PATIENCE_MS)

    def more() -> None:
        before = rows.count()
        page.locator(".more button").click()
        expect(rows).not_to_have_count(before, timeout=PATIENCE_MS)

    def filtered() -> None:
        page.goto(f"{url}/instances?state=suspended")
        page.locator("#content .ant-table-row, #content .ant-empty").first.wait_for(timeout=PATIENCE_MS)

    def found() -> None:
        page.goto(f"{url}/instances?number={number}")
        rows.filter(has_text=number).first.wait_for(timeout=PATIENCE_MS)

    first = median(opened, TIMES)
    further = median(more, PAGES if count > SMALL else 2)
    return {
        "list opened": first,
        "a further page": further,
        "filtered by a rare state": median(filtered, TIMES),
        "a number found": median(found, TIMES),
    }


def drawings(page: Page, url: str, tasks: int) -> dict[str, float]:
    """Open a drawing as the first page, and once more from the list."""
    path = f"processes/wide-{tasks}.bpmn"
    last = page.locator(f"[data-element-id=n{tasks}]")

    def first() -> None:
        page.goto(f"{url}/design/{path}")
        last.wait_for(state="attached", timeout=PATIENCE_MS)

    def again() -> None:
        page.locator(f"[data-file='{path}']").click()
        last.wait_for(state="attached", timeout=PATIENCE_MS)

    opened = median(first, TIMES)
    inside = []
    for _ in range(TIMES):
        page.goto(f"{url}/design")
        page.locator(f"[data-file='{path}']").wait_for(timeout=PATIENCE_MS)
        inside.append(took(again))
    return {"as the first page": opened, "within the console": statistics.median(inside)}


def measured(page: Page, dsn: str, count: int, *, draws: bool) -> tuple[dict[str, float], dict[str, float]]:
    """Measure over one database; drawings only where asked for."""
    with serving(dsn) as (url, key):
        signed = page.context.request.post(f"{url}/api/v1/session", data={"key": key})
        assert signed.ok, signed.text()
        listed = lists(page, url, count)
        drawn: dict[str, float] = {}
        for tasks in (10, 400) if draws else ():
            draft(url, key, f"processes/wide-{tasks}.bpmn", drawing(tasks))
            found = drawings(page, url, tasks)
            drawn |= {f"{tasks} tasks, {name}": value for name, value in found.items()}
        return listed, drawn


def main(argv: list[str]) -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=1_000_000)
    arguments = parser.parse_args(argv)
    program = services.SERVICES["browser"].find()
    if program is None:
        print("SKIP: needs a browser")
        return
    many = arguments.instances
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        found: dict[int, dict[str, float]] = {}
        drawn: dict[str, float] = {}
        for count in (SMALL, many):
            page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
            # The playwright's loop counts as this thread's running one; databases are filled beside it.
            with _beside(count) as dsn:
                found[count], more = measured(page, dsn, count, draws=count == SMALL)
            drawn |= more
            page.close()
        browser.close()
    figures: dict[str, float] = {
        f"{many:,} runs: {name}, ms": round(value) for name, value in found[many].items()
    }
    figures |= {
        f"{name}: {many:,} to {SMALL:,} runs, times": round(found[many][name] / found[SMALL][name], 2)
        for name in found[many]
    }
    figures |= {f"{name}, ms": round(value) for name, value in drawn.items()}
    print(json.dumps({"figures": figures}))


@contextmanager
def _beside(count: int) -> Iterator[str]:
    """Do what ``database`` does in a process of its own."""
    program = (
        "import sys; from bench.console_bench import database\n"
        f"with database({count}) as dsn:\n print('at ' + dsn, flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=check.ROOT, env=check.environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield next(each for each in process.stdout if each.startswith("at ")).removeprefix("at ").strip()
    finally:
        process.stdin.close()
        process.wait(300)


if __name__ == "__main__":
    main(sys.argv[1:])
