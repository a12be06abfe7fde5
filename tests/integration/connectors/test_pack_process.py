"""The pack's process on the kernel's bench, with every task carried out against the simulated CRM and ERP."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integration.connectors.plant import PACK, Plant
from lineshaft import bpmn, feel
from lineshaft.base.errors import MissingReference, Refused
from lineshaft.bpmn.testing import Bench, BenchInstance, Job
from lineshaft.mapping import Reference
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.pack import Route
from lineshaft.sdk.suite import context


class Hub:
    """As little of an engine as carries the process: events in, jobs out, nothing stored."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.bench = Bench(bpmn.load(PACK / "processes" / "order-to-delivery.bpmn"))
        self.cursors: dict[str, bytes] = {}
        self.parked: list[str] = []
        self.calls: list[str] = []

    async def run(self) -> None:
        """Take events in and carry jobs out until nothing happens any more."""
        busy = True
        while busy:
            busy = await self._poll("crm", "sales_order") | await self._poll("erp", "document")
            self.parked = []
            for job in self.bench.jobs():
                busy |= await self._carry_out(job)

    async def _poll(self, system: str, resource: str) -> bool:
        connector = self.plant.crm if system == "crm" else self.plant.erp
        page = await connector.changes(resource, self.cursors.get(system))
        self.cursors[system] = page.cursor
        for change in page.changes:
            for route in self.plant.pack.routes:
                if route.on == change.type:
                    self._route(route, change)
        return bool(page.changes)

    def _route(self, route: Route, change: Change) -> None:
        names = {"type": change.type, "subject": change.subject, "id": change.id, "data": change.data}
        assert route.key is not None
        assert isinstance(route.variables, Mapping)
        assert route.message is not None
        key = feel.compile(route.key.source).evaluate(names, strict=True)
        variables = {
            name: feel.compile(each.source).evaluate(names, strict=True)
            for name, each in route.variables.items()
        }
        self.bench.publish(route.message, key, variables, route.ttl_s)

    async def _carry_out(self, job: Job) -> bool:
        system, _, operation = job.type.partition(".")
        connector = {"crm": self.plant.crm, "erp": self.plant.erp, "hub": self.plant.hub}[system]
        try:
            outcome = await connector.call(operation, job.variables, context(job.key))
        except MissingReference as error:
            self.parked.append(error.reference)
            return False
        except Refused as error:
            reason = error.vendor_text or str(error)
            refusal = {"code": error.vendor_code, "reason": reason, "system": system}
            self.calls.append(job.type)
            self.bench.throw_error(job, "refused", reason, {"refusal": refusal})
            return True
        self.calls.append(job.type)
        self.bench.complete_job(job, outcome.answer)
        return True

    @property
    def only(self) -> BenchInstance:
        (instance,) = self.bench.instances
        return instance

    async def crm_order(self, order: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self.plant.crm_call("GET", f"orders/{order['order_no']}")
        return answer


async def test_an_order_goes_all_the_way_in_two_deliveries(plant: Plant) -> None:
    hub = Hub(plant)
    order = await plant.confirmed(lines=[{"model": "BX-F210", "quantity": "100"}])
    await hub.run()
    assert hub.only.state == "completed", (hub.only.waiting, hub.only.incidents)
    assert "completed" in hub.only.path
    assert hub.calls.count("erp.sales_order.save") == 1
    assert hub.calls.count("crm.sales_order.feedback") == 3  # processing, 60 of 100, 100 of 100
    seen = await hub.crm_order(order)
    assert (seen["status"], seen["erp_no"]) == ("shipped", hub.only.variables["bill_no"])
    assert Decimal(seen["lines"][0]["shipped_quantity"]) == Decimal(100)


async def test_a_rejected_order_comes_back_with_the_reason_and_replaces_its_document_when_confirmed_again(
    plant: Plant,
) -> None:
    hub = Hub(plant)
    order = await plant.confirmed(lines=[{"model": "BX-F210", "quantity": "1000000"}])
    await hub.run()
    assert hub.only.state == "completed", hub.only.incidents
    assert "rejected" in hub.only.path
    seen = await hub.crm_order(order)
    assert seen["status"] == "rejected"
    assert "超信用额度" in seen["status_reason"]
    bill_no = seen["erp_no"]
    assert bill_no

    await plant.crm_call(
        "PATCH", f"orders/{order['id']}", {"lines": [{"model": "BX-F210", "quantity": "10"}]}
    )
    await plant.crm_call("POST", f"orders/{order['id']}/confirm", {})
    await hub.run()
    assert [instance.state for instance in hub.bench.instances] == ["completed", "completed"]
    again = await hub.crm_order(order)
    assert (again["status"], again["erp_no"]) == ("shipped", bill_no)


async def test_an_order_with_an_unknown_product_tells_the_crm_waits_and_goes_on(plant: Plant) -> None:
    hub = Hub(plant)
    order = await plant.confirmed(lines=[{"model": "BX-P900", "quantity": "2"}])
    await hub.run()
    assert hub.only.state == "active"
    assert hub.parked == ["product:crm:BX-P900"]
    seen = await hub.crm_order(order)
    assert "BX-P900" in seen["message"]
    assert "erp.sales_order.save" not in hub.calls

    known = Reference("product", "crm", "BX-P900", "erp")
    plant.known[known] = plant.known.get(known) or await any_material(plant)
    await hub.run()
    assert hub.parked == []
    assert "erp.sales_order.save" in hub.calls


async def any_material(plant: Plant) -> str:
    answer = await plant.erp.call("code_map.find", {"kind": "Material", "codes": ["BX-F210"]}, context())
    code: str = answer.answer["rows"][0]["No"]
    return code


async def test_a_dirty_order_is_held_with_every_reason(plant: Plant) -> None:
    hub = Hub(plant)
    order = await plant.confirmed()
    dirty = {**order, "account_no": None, "quality": ["account_name_garbled"]}
    hub.bench.publish("crm-order-confirmed", order["order_no"], {"order": dirty})
    hub.cursors["crm"] = (await plant.crm.changes("sales_order", None)).cursor
    await hub.run()
    assert hub.only.state == "completed", hub.only.incidents
    assert "held" in hub.only.path
    assert not [call for call in hub.calls if call.startswith("erp.")]
    seen = await hub.crm_order(order)
    assert seen["status"] == "rejected"
    assert "订单没有客户" in seen["status_reason"]
    assert "客户名称乱码" in seen["status_reason"]


async def test_an_order_that_does_not_fit_the_mapping_is_held_too(plant: Plant) -> None:
    hub = Hub(plant)
    order = await plant.confirmed()
    odd = {**order, "status": "unheard-of"}
    hub.bench.publish("crm-order-confirmed", order["order_no"], {"order": odd})
    hub.cursors["crm"] = (await plant.crm.changes("sales_order", None)).cursor
    await hub.run()
    assert "held" in hub.only.path, hub.only.incidents
    assert "unheard-of" in (await hub.crm_order(order))["status_reason"]
