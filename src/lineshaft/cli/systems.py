"""What ``connector describe|read|call`` do with a system of a hub, by its API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import typer

from lineshaft.app.reaching import HttpApi
from lineshaft.cli.surroundings import Surroundings, out, out_json, table

_LOOK_S: Final = 0.2
_LOOKS: Final = 150
_OPEN: Final = ("intended", "attempted")


def describe_system(
    around: Surroundings, system: str, resource: str, *, offline: bool, as_json: bool
) -> None:
    """Show what a system offers."""
    path = f"/systems/{_part(system)}"
    with around.api() as api:
        found = api.get(f"{path}/description") if offline else api.send("POST", f"{path}/describe")
    found["resources"] = [each for each in found["resources"] if resource in ("", each["name"])]
    if as_json:
        out_json(found)
        return
    headings = ("", around.word("field", "字段"), around.word("type", "类型"), around.word("sample", "示例"))
    for each in found["resources"]:
        out(f"{each['name']}  {each['label'][around.language]}")
        table(headings, [("", f["name"], _type(f), f["sample"]) for f in each["fields"]])
    for each in found["operations"] if not resource else ():
        fields = ", ".join(f["name"] + ("!" if f["required"] else "") for f in each["input"])
        out(f"{each['name']}  {each['label'][around.language]}  ({fields})")


def _type(field: Mapping[str, Any]) -> str:
    return f"{field['type']}{'!' if field['required'] else ''}"


def read_from_system(around: Surroundings, system: str, resource: str, record_id: str, limit: int) -> None:
    """Print a record of a system, or its first changes."""
    path = f"/systems/{_part(system)}/resources/{_part(resource)}"
    with around.api() as api:
        if record_id:
            out_json(api.get(f"{path}/records/{quote(record_id, safe='')}")["data"])
            return
        found: list[Any] = []
        cursor: str | None = None
        while len(found) < limit:
            page = api.get(f"{path}/changes", **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
    out_json(found[:limit])


def call_system(
    around: Surroundings, system: str, operation: str, payload: Mapping[str, Any], key: str
) -> None:
    """Have a system called; print what a reading answered, or what became of a write."""
    path = f"/systems/{_part(system)}/operations/{_part(operation)}/call"
    wish = {"payload": payload, **({"business_key": key} if key else {})}
    with around.api() as api:
        answer = api.send("POST", path, wish)
        if answer["effect"] is None:
            out_json(answer)
            return
        place = f"/effects/{quote(answer['effect'], safe='/')}"
        effect = api.get(place)
        # Without a hub that runs nobody carries it out now; then it is durable, and that is all.
        for _ in range(_LOOKS if isinstance(api, HttpApi) else 0):
            if effect["status"] not in _OPEN:
                break
            time.sleep(_LOOK_S)
            effect = api.get(place)
    out_json(effect)
    if effect["status"] != "done":
        raise typer.Exit(1)


def _part(name: str) -> str:
    return quote(name, safe="")
