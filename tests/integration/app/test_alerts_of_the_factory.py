"""The purchasing pack's own rules on a living factory: stock falls low, and a customer does not pay."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from e2e.programs import ROOT
from lineshaft.app.demo.factory import Factory
from lineshaft.app.demo.playing import plan_for
from lineshaft.app.demo.scenarios import purchase_to_pay
from lineshaft.app.demo.stations import FINANCE_TOKEN

pytestmark = [pytest.mark.proof, pytest.mark.timeout(180)]


async def _alerts(factory: Factory, state: str) -> dict[str, dict[str, Any]]:
    page = await factory.hub("GET", f"/alerts?state={state}&limit=200")
    return {each["kind"]: each for each in page["items"] if each["kind"] in ("stock", "receipt")}


async def _until(factory: Factory, state: str, kinds: set[str]) -> dict[str, dict[str, Any]]:
    async with asyncio.timeout(90):
        while set(found := await _alerts(factory, state)) < kinds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.2)
    return found


async def test_low_stock_and_an_overdue_receipt_are_told_and_close_when_they_are_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    plan = plan_for(purchase_to_pay.SCENARIO, tmp_path / "factory")
    plan = replace(plan, hub_settings={**plan.hub_settings, "alerts.look_s": "0.5"})
    signed = {"Authorization": f"Bearer {FINANCE_TOKEN}"}
    async with Factory(plan, lambda en, zh: None) as factory:
        database = factory.ready("wms")["database"]
        for place, quantity in enumerate(("1900", "150")):
            await asyncio.to_thread(purchase_to_pay._issue, database, f"USE-{place}", quantity)
        owed = {"document_no": "XS-1", "customer_code": "KH-1", "amount": "500.00", "due_date": "2026-01-02"}
        answer = await factory.call("finance", "POST", "/fin/v1/receivables", owed, **signed)
        number = answer["data"]["no"]
        found = await _until(factory, "open", {"stock", "receipt"})
        assert found["receipt"]["key"] == number
        assert found["receipt"]["title"]["zh"] == "客户回款逾期"
        assert found["stock"]["key"].startswith("YJ")
        paid = {"receipt_key": "R-1", "amount": "500.00"}
        await factory.call("finance", "POST", f"/fin/v1/receivables/{number}/receipts", paid, **signed)
        closed = await _until(factory, "closed", {"receipt"})
        assert closed["receipt"]["resolved_by"] == ""
