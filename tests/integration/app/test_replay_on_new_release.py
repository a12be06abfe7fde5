"""What failed for a mapping goes through when the mapping is put right and the dead letters are replayed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.base.scope import Scope
from lineshaft.engine.intake import Incoming
from lineshaft.engine.releases import files_of
from simulation.processes import Flow, file_of
from support import waiting

SCOPE = Scope("default")
ORDERS = 5
TASK = """<bpmn:extensionElements><zeebe:taskDefinition type="hub.map"/><zeebe:ioMapping>
<zeebe:input source="=&quot;note&quot;" target="mapping"/><zeebe:input source="=order" target="record"/>
<zeebe:output source="=result" target="note"/></zeebe:ioMapping></bpmn:extensionElements>"""
FLOWS = b"""format: 1
routes:
  - {on: shop.sold, start: p, variables: "{order: data}"}
"""
NOTE = b"""format: 1
name: note
label: {zh: \xe4\xbe\xbf\xe6\x9d\xa1, en: note}
from: shop.order
to: note
fields:
  number: record.number
"""


def pack(**mappings: bytes) -> dict[str, bytes]:
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.element("serviceTask", "note", TASK).chain("start", "note", "end")
    return {
        "pack.yaml": b"format: 1\nname: notes\nversion: 1.0.0\ntitle: {zh: n, en: n}\n",
        "flows/a.yaml": FLOWS,
        "processes/p.bpmn": file_of("p", flow),
        **{f"mappings/{name}.yaml": content for name, content in mappings.items()},
    }


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    found = build(read_config(options={"store.url": "memory:"}), {})
    await found.start()
    yield found
    await found.stop()


async def until(count: Callable[[], Awaitable[int]], wanted: int) -> None:
    async def is_so() -> bool:
        return await count() == wanted

    await waiting.until(is_so)


async def test_replay_runs_on_the_release_that_has_put_the_mapping_right(hub: Hub) -> None:
    async def open_letters() -> int:
        return len((await hub.store.dead_letters(SCOPE)).items)

    async def completed() -> int:
        return len((await hub.store.instances(SCOPE, status="completed")).items)

    await hub.publish(files_of(pack(other=NOTE.replace(b"note\n", b"other\n", 1))), by="test", note="")
    events = [
        Incoming("shop", f"e{n}", "shop.sold", {"number": f"SO-{n}"}, key=f"SO-{n}") for n in range(ORDERS)
    ]
    await hub.intake.accept(events)
    await until(open_letters, ORDERS)

    await hub.publish(files_of(pack(note=NOTE)), by="test", note="put right")
    for letter in (await hub.store.dead_letters(SCOPE)).items:
        await hub.services.operations.replay(SCOPE, letter.id, by="test")

    await until(completed, ORDERS)
    assert await open_letters() == 0
    replayed = await hub.store.dead_letters(SCOPE, status="replayed")
    assert {each.closed_by for each in replayed.items} == {"test"}
