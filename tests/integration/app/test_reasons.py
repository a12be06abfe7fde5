"""Why a call waits or failed, in the language of whoever asks; what is not configured is no outage."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from integration.app.test_alerts import MailBox, Target, hub_of, mails, send, until
from integration.app.test_factory import eventually
from lineshaft.app.hub import Hub
from unit.api.conftest import Client

__all__ = ["mails"]

CHINESE = re.compile(r"[\u4e00-\u9fff]")


async def ask(hub: Hub, path: str, language: str) -> Any:
    return (await Client(hub)("GET", f"/api/v1{path}", headers={"accept-language": language})).json


async def test_the_hubs_own_reasons_come_in_the_callers_language(
    tmp_path: Path, mails: tuple[MailBox, int]
) -> None:
    hub = await hub_of(tmp_path, Target(), mails[1], "en")
    try:
        await send(hub, "SO-1001")
        await until(lambda: hub.worker.protection.gate("erp").is_closed)
        told: dict[str, list[str]] = {}
        for language in ("zh", "en"):
            (letter,) = (await ask(hub, "/dead-letters", language))["items"]
            (cause,) = (await ask(hub, "/dead-letter-causes", language))["items"]
            effect = await ask(hub, f"/effects/{letter['subject_id']}", language)
            trail = await ask(hub, "/trace/SO-1001", language)
            tile = await ask(hub, "/systems/erp", language)
            told[language] = [
                letter["error_text"], cause["error_text"], effect["error_text"], tile["reason"],
                tile["error_text"], trail["troubles"][0]["text"], trail["calls"][0]["reason"][language],
            ]  # fmt: skip
    finally:
        await hub.stop()
    assert all(CHINESE.search(words) for words in told["zh"]), told["zh"]
    assert not any(CHINESE.search(words) for words in told["en"]), told["en"]


async def test_a_system_without_its_settings_waits_with_that_reason_and_is_no_outage(
    tmp_path: Path, mails: tuple[MailBox, int]
) -> None:
    box, port = mails
    erp = Target()
    hub = await hub_of(tmp_path, erp, port, "zh", connected=False)
    try:
        await send(hub, "SO-1", "SO-2")
        await until(lambda: hub.worker.protection.gate("erp").is_closed)
        tile = await eventually(lambda: ask(hub, "/systems/erp", "zh"), lambda found: found["waiting"] == 2)
        trails = [await ask(hub, f"/trace/SO-{number}", "zh") for number in (1, 2)]
        assert (await ask(hub, "/dead-letters", "zh"))["items"] == []
    finally:
        await hub.stop()
    assert tile["state"] == "degraded"
    for trail in trails:
        assert "base_url" in trail["calls"][0]["reason"]["zh"]
    await erp.come()
    hub = await hub_of(tmp_path, erp, port, "zh")
    try:
        await until(lambda: sorted(erp.saved) == ["SO-1", "SO-2"])
        assert (await ask(hub, "/systems/erp", "zh"))["state"] == "ok"
    finally:
        await hub.stop()
        await erp.go()
    assert box.received == []
