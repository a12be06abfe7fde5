"""A SOAP service joined from its WSDL: the stand-in holds every message against its own schema."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import Invalid, MissingReference, OutcomeUnknown, Refused, Unavailable
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.connectors.http.wsdl import draft_from_wsdl, is_wsdl
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.soap_target import PASSWORD, USER, WSDL, SoapTarget

AUTH = "auth: {kind: ws_security, user: secret:user, password: secret:password, lasts_s: 300}\n"
ANSWERS = """answers:
  code: answer.Fault.detail.code
  codes:
    WH-40: refused
    WH-17: {class: missing_reference, reference: '"item:mes:M-404"'}
"""


def drafted() -> str:
    draft, base = draft_from_wsdl(WSDL.read_bytes(), "warehouse.wsdl", "wms", lambda place: b"")
    assert base == "http://127.0.0.1:9"
    return draft.text()


@pytest.fixture
async def target() -> AsyncIterator[tuple[SoapTarget, str]]:
    target = SoapTarget()
    yield target, await target.start()
    await target.runner.cleanup()


class Joined:
    """Connectors from the drafted manifest."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opened: list[HttpConnector] = []

    async def __call__(self, manifest: str, password: str = PASSWORD) -> HttpConnector:
        secrets = {"user": USER, "password": password}
        connection = Connection("wms", {"base_url": self.url}, secrets.__getitem__, SystemClock())
        connector = HTTP.read(manifest.encode(), "wms.yaml").connect(connection)
        await connector.open()
        self.opened.append(connector)
        return connector


@pytest.fixture
async def join(target: tuple[SoapTarget, str]) -> AsyncIterator[Joined]:
    joined = Joined(target[1])
    yield joined
    for connector in joined.opened:
        await connector.close()


def receipt(**changes: Any) -> dict[str, Any]:
    lines = [
        {"no": 1, "Item": "M-1", "Quantity": Decimal("1234567890.10"), "Unit": "PCE"},
        {"no": 2, "Item": "螺栓 <M&8>", "Quantity": Decimal("0.005")},
    ]
    return {"Number": "GR-1", "PostedOn": date(2026, 5, 4), "Lines": lines, **changes}


async def test_operations_of_a_wsdl_are_operations_of_the_connector(
    target: tuple[SoapTarget, str], join: Joined
) -> None:
    service, _ = target
    connector = await join(drafted() + AUTH)
    specs = {each.name: each for each in connector.spec.operations}
    assert set(specs) == {"create_receipt", "get_stock", "count_bin"}
    assert {f.name: (f.type, f.required) for f in specs["create_receipt"].input} == {
        "Number": ("string", True),
        "PostedOn": ("date", True),
        "Urgent": ("boolean", False),
        "Lines": ("list", True),
    }
    assert specs["create_receipt"].label.in_language("zh") == "收货入库"
    outcome = await connector.call("create_receipt", receipt(), context())
    assert outcome.answer == {"ReceiptNo": "R-GR-1", "Total": Decimal("1234567890.105"), "Repeated": False}
    assert service.receipts["GR-1"]["posted"] == "2026-05-04"
    assert service.receipts["GR-1"]["lines"] == [
        ("1", "M-1", "1234567890.10", "PCE"),
        ("2", "螺栓 <M&8>", "0.005", None),
    ]
    assert service.actions == ['"urn:warehouse/create"']
    stock = await connector.call("get_stock", {"Item": "M-1"}, context())
    assert stock.answer == {"OnHand": Decimal("1234567890.123456789"), "Bin": None}
    counted = await connector.call("count_bin", {"bin": "A-1", "counted": 9}, context())
    assert counted.answer == {"difference": Decimal(2)}
    steps = await connector.check()
    assert all(step.ok for step in steps[:3])


async def test_faults_are_sorted_into_the_six_classes(target: tuple[SoapTarget, str], join: Joined) -> None:
    service, _ = target
    connector = await join(drafted() + AUTH + ANSWERS)
    full = receipt(Lines=[{"no": 1, "Item": "M-FULL", "Quantity": 1}])
    refused = await raised(Refused, connector.call("create_receipt", full, context()))
    assert (refused.vendor_code, refused.vendor_text) == ("WH-40", "库位已满")
    unknown = receipt(Lines=[{"no": 1, "Item": "M-404", "Quantity": 1}])
    missing = await raised(MissingReference, connector.call("create_receipt", unknown, context()))
    assert missing.reference == "item:mes:M-404"
    wrong = receipt(Lines=[{"no": 1, "Item": "M-1", "Quantity": 1, "Unit": "PIECES"}])
    invalid = await raised(Invalid, connector.call("create_receipt", wrong, context()))
    assert invalid.vendor_code == "Client"
    service.plan = "down"
    nobody = await raised(OutcomeUnknown, connector.call("create_receipt", receipt(), context()))
    assert nobody.vendor_text == "maintenance"
    service.plan = "lost"
    await raised(OutcomeUnknown, connector.call("create_receipt", receipt(), context()))
    assert list(service.receipts) == ["GR-1"]


async def test_a_token_is_never_shown_twice_and_wrong_credentials_say_so(
    target: tuple[SoapTarget, str], join: Joined
) -> None:
    service, _ = target
    connector = await join(drafted() + AUTH)
    for _ in range(3):
        await connector.call("get_stock", {"Item": "M-1"}, context())
    assert len(service.nonces) == 3
    denied = await join(drafted() + AUTH, "wrong-8173")
    error = await raised(Unavailable, denied.call("create_receipt", receipt(), context()))
    assert error.code == "wrong_credentials"
    assert "8173" not in str(error) + (error.vendor_text or "")
    assert not service.receipts


async def test_soap_1_2_has_another_envelope_and_its_own_faults(
    target: tuple[SoapTarget, str], join: Joined
) -> None:
    service, _ = target
    newer = (
        drafted()
        .replace("path: /soap\n", "path: /soap12\n")
        .replace("encoding: soap\n", "encoding: soap12\n")
    )
    connector = await join(newer + AUTH)
    stock = await connector.call("get_stock", {"Item": "M-1"}, context())
    assert stock.answer["OnHand"] == Decimal("1234567890.123456789")
    assert service.actions == ['application/soap+xml; charset=utf-8; action="urn:warehouse/stock"']
    wrong = receipt(Lines=[{"no": 1, "Item": "M-1", "Quantity": 1, "Unit": "PIECES"}])
    invalid = await raised(Invalid, connector.call("create_receipt", wrong, context()))
    assert invalid.vendor_code == "Sender"
    denied = await join(newer + AUTH, "wrong-8173")
    assert (await raised(Unavailable, denied.call("get_stock", {"Item": "M-1"}, context()))).code == (
        "wrong_credentials"
    )


def test_what_is_encoded_is_named_and_left_out_and_what_is_no_wsdl_says_why() -> None:
    assert "# OldStyle is left out" in drafted()
    assert is_wsdl(WSDL.read_bytes())
    assert not is_wsdl(b"openapi: 3.0.0")
    doctype = b'<!DOCTYPE d [<!ENTITY x "y">]><definitions xmlns="http://schemas.xmlsoap.org/wsdl/">&x;</definitions>'
    for content in (b"<html/>", b"not xml", doctype):
        with pytest.raises(Exception, match="WSDL"):
            draft_from_wsdl(content, "x.wsdl", "x", lambda place: b"")


def test_a_schema_beside_the_wsdl_is_followed_where_it_is() -> None:
    wsdl = WSDL.read_text("utf-8")
    start, end = (
        wsdl.index('<xs:schema targetNamespace="urn:warehouse:types"'),
        wsdl.index("</xs:schema>") + 12,
    )
    types = wsdl[start:end].replace(
        "<xs:schema ",
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:warehouse:types" ',
        1,
    )
    outside = wsdl[:start] + wsdl[end:]
    inside = '<xs:import namespace="urn:warehouse:types"'
    outside = outside.replace(f"{inside}/>", f'{inside} schemaLocation="parts/types.xsd"/>')
    asked: list[str] = []

    def fetch(place: str) -> bytes:
        asked.append(place)
        return types.encode()

    place = "http://wms.example/services/warehouse?wsdl"
    draft, _ = draft_from_wsdl(outside.encode(), place, "wms", fetch)
    assert asked == ["http://wms.example/services/parts/types.xsd"]
    assert draft.text() == drafted()
