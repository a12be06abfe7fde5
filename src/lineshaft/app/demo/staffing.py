"""What the scenarios around people and machines ask the systems, as their users' screens would."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from lineshaft.app.demo.factory import Factory
from lineshaft.app.demo.stations import (
    DIRECTORY_TOKEN,
    HRM_KEY,
    ITSM_TOKEN,
    OA_APP_ID,
    OA_APP_SECRET,
    SMS_KEY,
)

PICTURE: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
"""The smallest photo there is."""


async def hrm(factory: Factory, method: str, path: str, body: object = None) -> Any:
    """Ask the personnel system, as the HR clerk's screen does."""
    answer = await factory.call("hrm", method, f"/hr/v2{path}", body, **{"X-HR-Key": HRM_KEY})
    return answer["data"]


async def itsm(factory: Factory, method: str, path: str, body: object = None) -> Any:
    """Ask the service desk, as the technician's phone does."""
    token = f"Token {ITSM_TOKEN}"
    answer = await factory.call("itsm", method, f"/itsm/v1{path}", body, Authorization=token)
    return answer["result"]


async def directory(factory: Factory) -> dict[str, dict[str, Any]]:
    """Return the directory's accounts by their names."""
    token = f"Bearer {DIRECTORY_TOKEN}"
    found = await factory.call("directory", "GET", "/scim/v2/Users?count=500", Authorization=token)
    return {each["userName"]: each for each in found["Resources"]}


async def mailboxes(factory: Factory) -> dict[str, Any]:
    """Return the mailboxes and what has happened to them."""
    return dict(await factory.call("mail", "GET", "/mail/v1/mailboxes", **{"X-Sms-Key": SMS_KEY}))


async def mails(factory: Factory) -> list[dict[str, Any]]:
    """Return what was mailed."""
    found = await factory.call("mail", "GET", "/mail/v1/messages", **{"X-Sms-Key": SMS_KEY})
    return list(found["items"])


async def oa(factory: Factory, method: str, path: str, body: object = None) -> Any:
    """Ask the OA, as the phone of whoever has a task does."""
    who = {"appid": OA_APP_ID}
    signed = await factory.call("oa", "POST", "/api/oa/token", {}, **who, secret=OA_APP_SECRET)
    answer = await factory.call("oa", method, path, body, **who, token=signed["data"]["token"])
    if answer["code"] != "SUCCESS":
        raise ValueError(answer["msg"])
    return answer["data"]


async def do_tasks(factory: Factory, staff_no: str) -> int:
    """Tick off what the OA has to do for somebody; return how many were open."""
    found = await oa(factory, "GET", "/api/oa/workflow/list?status=pending&count=2000")
    mine = [each for each in found["rows"] if each["businessKey"].startswith(f"{staff_no}-")]
    for each in mine:
        body = {"requestId": each["requestId"], "remark": "已办好"}
        await oa(factory, "POST", "/api/oa/workflow/approve", body)
    return len(mine)


async def wms(factory: Factory, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Read the WMS's own tables."""
    path = factory.folder / "wms" / "wms.sqlite3"

    def look() -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    return await asyncio.to_thread(look)


async def report_by_phone(factory: Factory, fields: Mapping[str, str]) -> str:
    """Send the form of the service desk with a photo, as a phone does; return the ticket's number."""
    form = aiohttp.FormData(dict(fields))
    form.add_field("photo", PICTURE, filename="photo.png", content_type="image/png")
    url = f"{factory.url('itsm')}/report"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=form, allow_redirects=False) as answer,
    ):
        if answer.status != 303:
            raise ValueError(f"{answer.status} {await answer.text()}")
        return answer.headers["Location"].rpartition("/")[2]
