"""The system ``hub``: what it looks up, asks for once, and never makes up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lineshaft.base.errors import DefinitionError, Invalid, MissingReference, Refused, Unavailable
from lineshaft.connectors.hub import HubConnector, ReferenceDesk
from lineshaft.mapping import Reference, read_mapping
from lineshaft.sdk.pack import ReferenceSource, read_pack
from lineshaft.sdk.suite import context, raised

FLOWS = """\
format: 1
references:
  - kind: product
    from: crm
    to: erp
    ask: erp.codes
    payload: {wanted: ids}
    rows: answer.rows
    id: row.outer
    code: row.own
"""
MAPPING = b"""\
format: 1
name: to-erp
from: crm.order
to: erp.order
fields:
  Customer: {lookup: {kind: customer, from: crm, to: erp, id: record.customer}}
  Lines:
    each: record.lines
    fields: {Material: {lookup: {kind: product, from: crm, to: erp, id: item}}}
"""
CUSTOMER = Reference("customer", "crm", "K1", "erp")


def sources(flows: str = FLOWS) -> Sequence[ReferenceSource]:
    files = {
        "pack.yaml": b"format: 1\nname: p\nversion: 1\ntitle: P\n",
        "systems/erp.yaml": b"",
        "flows/f.yaml": flows.encode(),
    }
    return read_pack(files).references


class World:
    """What the hub would give: a cross-reference and a system to ask."""

    def __init__(self) -> None:
        self.known: dict[Reference, str] = {CUSTOMER: "C-1"}
        self.codes: dict[str, Any] = {"A": "M-A", "B": "M-B", "empty": ""}
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []

    def hub(self, flows: str = FLOWS) -> HubConnector:
        desk = ReferenceDesk(sources(flows), self.look, self.ask, self.remember)
        return HubConnector({"to-erp": read_mapping(MAPPING, "to-erp.yaml")}, desk)

    async def look(self, references: Sequence[Reference]) -> Mapping[Reference, str]:
        return {reference: self.known[reference] for reference in references if reference in self.known}

    async def ask(
        self, system: str, operation: str, payload: Mapping[str, Any], key: str
    ) -> Mapping[str, Any]:
        self.asked.append((system, operation, payload))
        return {
            "rows": [
                {"outer": name, "own": self.codes[name]} for name in payload["wanted"] if name in self.codes
            ]
        }

    async def remember(self, found: Mapping[Reference, str]) -> None:
        self.known.update(found)


def payload(*lines: str, customer: str | None = "K1") -> dict[str, Any]:
    return {"mapping": "to-erp", "record": {"customer": customer, "lines": list(lines)}}


async def test_what_is_not_known_is_asked_for_in_one_call_and_then_remembered() -> None:
    world = World()
    hub = world.hub()
    outcome = await hub.call("map", payload("A", "B", "A"), context())
    assert outcome.answer["result"] == {
        "Customer": "C-1",
        "Lines": [{"Material": "M-A"}, {"Material": "M-B"}, {"Material": "M-A"}],
    }
    assert world.asked == [("erp", "codes", {"wanted": ["A", "B"]})]
    await hub.call("map", payload("A", "B"), context())
    assert len(world.asked) == 1


async def test_an_unknown_or_empty_code_is_a_missing_reference() -> None:
    for name in ("nowhere", "empty"):
        error = await raised(MissingReference, World().hub().call("map", payload("A", name), context()))
        assert error.reference == f"product:crm:{name}"


async def test_what_nobody_can_be_asked_for_is_missing_too() -> None:
    error = await raised(MissingReference, World().hub().call("map", payload("A", customer="K9"), context()))
    assert error.reference == "customer:crm:K9"


async def test_looking_up_tells_what_is_missing_and_is_never_an_error() -> None:
    hub = World().hub()
    ready = await hub.call("lookup_codes", payload("A"), context())
    assert ready.answer == {"ready": True, "missing": [], "problems": []}
    waiting = await hub.call("lookup_codes", payload("Z", customer="K9"), context())
    assert [each["reference"] for each in waiting.answer["missing"]] == ["customer:crm:K9", "product:crm:Z"]
    broken = await hub.call("lookup_codes", payload("A", customer=None), context())
    assert broken.answer["ready"] is False
    assert broken.answer["problems"][0]["field"] == "fields.Customer"


async def test_a_record_that_does_not_fit_is_refused_with_the_field() -> None:
    error = await raised(Refused, World().hub().call("map", payload("A", customer=None), context()))
    assert "Customer" in str(error)
    assert error.vendor_text


async def test_a_system_that_cannot_be_asked_is_not_taken_for_a_missing_code() -> None:
    world = World()

    async def away(system: str, operation: str, payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        raise Unavailable("down")

    desk = ReferenceDesk(sources(), world.look, away, world.remember)
    hub = HubConnector({"to-erp": read_mapping(MAPPING, "to-erp.yaml")}, desk)
    await raised(Unavailable, hub.call("map", payload("A"), context()))


async def test_an_answer_of_another_shape_is_invalid_and_names_the_declaration() -> None:
    world = World()
    flows = FLOWS.replace("row.outer", "row.nothing")
    error = await raised(Invalid, world.hub(flows).call("map", payload("A"), context()))
    assert "flows/f.yaml" in str(error)


def test_a_wrong_expression_of_a_reference_names_its_line() -> None:
    with pytest.raises(DefinitionError, match=r"flows/f\.yaml:8"):
        ReferenceDesk(sources(FLOWS.replace("answer.rows", "answer.rows +")), World().look, World().ask)


async def test_a_batch_has_one_result_per_record() -> None:
    results = await World().hub().write("map", [payload("A"), payload("Z")], context())
    assert results[0].outcome is not None
    assert isinstance(results[1].error, MissingReference)
