"""What this hub is made of, and under which licence each part is."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

import lineshaft
from lineshaft.api.access import Reader
from lineshaft.api.console import FOLDER
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router

router = make_router("session")

LISTED: Final = "licences.json"
"""Of the console's parts; the build writes it."""
_OWN: Final = "lineshaft"
_BPMN_IO: Final = ("SEE LICENSE IN LICENSE", "bpmn.io")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class PartView:
    """A part that somebody else wrote."""

    name: str
    version: str
    licence: str
    """As its authors name it; empty where they leave it to their files."""
    of: Literal["hub", "console"]


@dataclass(frozen=True, slots=True)
class LicencesView:
    """The hub's own licence, and its parts by name."""

    version: str
    licence: str
    items: list[PartView]


@router.get("/licences", response_model=LicencesView)
async def list_licences(caller: Reader) -> Json:
    """Return what the hub and its console are made of."""
    return Json(await asyncio.to_thread(licences, FOLDER))


@cache
def licences(console: Path) -> LicencesView:
    """Return the licences of the packages that are installed, and of what the console was built from."""
    found = [PartView(each.name, each.version, _licence(each), "hub") for each in _needed()]
    listed = console / LISTED
    if listed.is_file():
        parts = json.loads(listed.read_bytes())
        found += [
            PartView(each["name"], each["version"], _known(each["licence"]), "console") for each in parts
        ]
    return LicencesView(
        lineshaft.__version__, "Apache-2.0", sorted(found, key=lambda each: (each.of, each.name.lower()))
    )


def _needed() -> list[metadata.Distribution]:
    """Return what the hub needs, and what that needs; in a checkout without metadata, all there is."""
    try:
        wanted = _requirements(_OWN)
    except metadata.PackageNotFoundError:
        return [each for each in metadata.distributions() if each.name != _OWN]
    found: dict[str, metadata.Distribution] = {}
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            # Of another system, or an extra that is not installed.
            continue
        wanted |= _requirements(name) - found.keys()
    return list(found.values())


def _requirements(name: str) -> set[str]:
    told = metadata.requires(name) or []
    named = [_NAME.match(each) for each in told if "extra ==" not in each]
    return {re.sub(r"[-_.]+", "-", each[0]).lower() for each in named if each is not None}


def _licence(part: metadata.Distribution) -> str:
    told = part.metadata.json
    if told.get("license_expression"):
        return str(told["license_expression"])
    named = [each for each in told.get("classifier") or [] if "License ::" in each]
    if named:
        return ", ".join(each.rpartition(" :: ")[2] for each in named)
    written = str(told.get("license") or "").strip().splitlines()
    return written[0][:80] if written else ""


def _known(licence: str) -> str:
    return _BPMN_IO[1] if licence == _BPMN_IO[0] else licence
