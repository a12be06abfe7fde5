"""Every line of docs/reference/intake.md: what comes in, and what it is answered."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lineshaft.base.errors import StoreUnavailable
from lineshaft.engine.pressure import Pressure

from .conftest import Client
from .test_webhooks import DELIVERY, api, signed

__all__ = ["api"]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "intake.md"
LINES = re.findall(r"^\| (.+?) \| (\d{3}) \| (\S+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
EVENT = {"specversion": "1.0", "id": "e-1", "source": "shop", "type": "shop.sold", "data": {"n": "甲"}}
BODY = json.dumps(DELIVERY).encode()
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def text_of(**change: Any) -> str:
    return json.dumps({**EVENT, **change}, ensure_ascii=False)


async def send(
    client: Client,
    body: str | bytes,
    kind: str = STRUCTURED,
    token: str | None = "machine-token",
    **headers: str,
) -> Any:
    content = body.encode() if isinstance(body, str) else body
    sent = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client("POST", "/api/v1/events", content, token=token, headers=sent)


async def deliver(
    client: Client, headers: dict[str, str], body: bytes = BODY, path: str = "crm/orders"
) -> Any:
    return await client("POST", f"/hooks/{path}", body, token=None, headers=headers)


async def overloaded(client: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Pressure, "is_high", True)
    return await send(client, text_of(id="e-8"))


async def no_store(client: Client) -> Any:
    health = client.hub.worker.runtime.health
    health.bad("test", StoreUnavailable("gone", context={"reason": "disk_full"}))
    answer = await send(client, text_of(id="e-9"))
    health.good("test")
    return answer


CASES: dict[str, Callable[[Client, pytest.MonkeyPatch], Any]] = {
    "an event": lambda c, _: send(c, text_of()),
    "the same event again": lambda c, _: send(c, text_of()),
    "no token, or a wrong one": lambda c, _: send(c, text_of(), token="nobody"),
    "a token without the right to send": lambda c, _: send(c, text_of(), token="viewer-token"),
    "no JSON": lambda c, _: send(c, "<event/>"),
    "JSON that is cut off": lambda c, _: send(c, text_of()[:-9]),
    "another encoding than UTF-8 (GB18030)": lambda c, _: send(c, text_of().encode("gb18030")),
    "UTF-16": lambda c, _: send(c, text_of().encode("utf-16")),
    "a compressed body": lambda c, _: send(c, gzip.compress(text_of().encode()), content_encoding="gzip"),
    "brackets within brackets, 100,000 deep": lambda c, _: send(c, "[" * 100_000 + "]" * 100_000),
    "half a character (a lone surrogate)": lambda c, _: send(c, text_of().replace("甲", "\\ud800")),
    "a NUL character in the id": lambda c, _: send(c, text_of(id="a\0b")),
    "a NUL character in the key": lambda c, _: send(c, text_of(id="e-5", partitionkey="a\0b")),
    "a number beyond all measure": lambda c, _: send(c, text_of().replace('"甲"', "1" * 5000)),
    "no object but a list": lambda c, _: send(c, "[1]"),
    "another version of CloudEvents": lambda c, _: send(c, text_of(specversion="0.3")),
    "no id": lambda c, _: send(c, text_of(id="")),
    "no source": lambda c, _: send(c, text_of(source=None)),
    "no type": lambda c, _: send(c, text_of(type=5)),
    "a time that is none": lambda c, _: send(c, text_of(time="yesterday")),
    "a time without an offset": lambda c, _: send(c, text_of(time="2026-01-05T08:00:00")),
    "an id of 201 characters": lambda c, _: send(c, text_of(id="x" * 201)),
    "a key of 201 characters": lambda c, _: send(c, text_of(id="e-6", partitionkey="x" * 201)),
    "a body above twice the limit of an event": lambda c, _: send(c, b" " * (2 * 1_048_576 + 1)),
    "an event above its limit": lambda c, _: send(c, text_of(data={"n": "x" * 1_048_577})),
    "a batch of 1,001 events": lambda c, _: send(c, json.dumps([EVENT] * 1001), BATCH),
    "a batch with one bad event": lambda c, _: send(c, json.dumps([EVENT, {}]), BATCH),
    "another content type": lambda c, _: send(c, text_of(), "text/plain"),
    "an event that no rule is about": lambda c, _: send(c, text_of(type="nobody.cares", id="e-7")),
    "a hook of a system that is not there": lambda c, _: deliver(c, signed(c, BODY), path="none/orders"),
    "a signed delivery": lambda c, _: deliver(c, signed(c, BODY)),
    "the same delivery again": lambda c, _: deliver(c, signed(c, BODY)),
    "a delivery signed with another secret": lambda c, _: deliver(c, signed(c, BODY, secret="other")),
    "a delivery whose body was changed": lambda c, _: deliver(
        c, signed(c, BODY), BODY.replace(b"100", b"900")
    ),
    "a delivery that is an hour old": lambda c, _: deliver(c, signed(c, BODY, age_s=3600)),
    "a delivery without a signature": lambda c, _: deliver(c, {}),
    "too much waits already": overloaded,
    "the disk is full, the file is locked, the database is away": lambda c, _: no_store(c),
}


def test_page_has_a_line_for_every_case_and_no_other() -> None:
    assert [what for what, _, _ in LINES] == list(CASES)


async def test_input_is_answered_as_the_page_says(api: Client) -> None:
    wrong = []
    for what, status, code in LINES:
        before = await kept(api)
        with pytest.MonkeyPatch.context() as patch:
            answer = await CASES[what](api, patch)
        said = answer.json["items"][0]["verdict"] if answer.status == 202 else answer.json["code"]
        if (str(answer.status), said) != (status, code):
            wrong.append(f"{what}: {answer.status} {said}, but the page says {status} {code}")
        if await kept(api) > before and answer.status != 202:
            wrong.append(f"{what}: refused, and kept all the same")
    assert not wrong, "\n".join(wrong)


async def kept(client: Client) -> int:
    return len((await client("GET", "/api/v1/events?limit=500")).json["items"])
