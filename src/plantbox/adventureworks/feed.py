"""Sends import rows to a running CRM and ERP, portion by portion, and says what became of each."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp

from plantbox.adventureworks import reader
from plantbox.fields import BadField

PORTION = 1000
ORDER_PORTION = 200


def _portions(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    left = iter(rows)
    while portion := list(islice(left, size)):
        yield portion


async def _to_crm(
    session: aiohttp.ClientSession, url: str, token: str, source: reader.Source, *, confirm: bool
) -> tuple[dict[str, Counter[str]], list[dict[str, Any]]]:
    counts: dict[str, Counter[str]] = {}
    refused: list[dict[str, Any]] = []
    plan = (
        ("accounts", reader.accounts(source), PORTION),
        ("products", reader.products(source), PORTION),
        ("orders", reader.orders(source), ORDER_PORTION),
        ("orphan_lines", reader.orphan_lines(source), PORTION),
    )
    for kind, rows, size in plan:
        counts[kind] = Counter()
        for portion in _portions(rows, size):
            body = {"rows": portion, "confirm": confirm and kind == "orders"}
            headers = {"Authorization": f"Bearer {token}"}
            async with session.post(f"{url}/api/v1/import/{kind}", json=body, headers=headers) as answer:
                if answer.status != 200:
                    raise BadField(
                        "crm", f"Expected 200 for {kind}, but {answer.status}: {await answer.text()}"
                    )
                value = await answer.json()
            counts[kind].update(value["counts"])
            refused.extend(item for item in value["results"] if item["result"] == "refused")
    return counts, refused


async def _to_erp(
    session: aiohttp.ClientSession, url: str, app_key: str, source: reader.Source
) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for kind, rows in (
        ("Customer", reader.erp_customers(source)),
        ("Material", reader.erp_materials(source)),
    ):
        counts[kind] = Counter()
        for portion in _portions(rows, PORTION):
            body = {"Kind": kind, "Rows": portion}
            headers = {"X-App-Key": app_key}
            async with session.post(
                f"{url}/ErpService/BaseData.Import", json=body, headers=headers
            ) as answer:
                value = await answer.json()
            if not value["IsSuccess"]:
                raise BadField("erp", f"{value['Code']}: {value['Message']}")
            counts[kind].update(value["Data"])
    return counts


async def run(
    folder: Path, crm: tuple[str, str] | None, erp: tuple[str, str] | None, *, confirm: bool = True
) -> int:
    """Feed the folder into the systems that are given (URL and token or app key); print one JSON line of
    counts.

    The ERP comes first, so that a hub that hears of an order finds its codes. Returns 1 when a row was
    refused.
    """
    source = reader.Source.read(folder)
    report: dict[str, Any] = {}
    refused: list[dict[str, Any]] = []
    timeout = aiohttp.ClientTimeout(total=300)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            if erp is not None:
                report["erp"] = await _to_erp(session, erp[0], erp[1], source)
            if crm is not None:
                report["crm"], refused = await _to_crm(session, crm[0], crm[1], source, confirm=confirm)
    except aiohttp.ClientConnectionError as error:
        raise BadField("url", f"Expected a running system, but: {error}.") from None
    if refused:
        report["refused"] = refused
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    return 1 if refused else 0
