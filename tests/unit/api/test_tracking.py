"""A customer sees their own order by a signed link that ends, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lineshaft.base.errors import ConfigError, InputError
from lineshaft.connectors.hub import HubConnector, ReferenceDesk
from lineshaft.feel import codec as values
from lineshaft.insight.stages import Stage, StageState
from lineshaft.insight.tracking import _shown
from lineshaft.insight.words import Words
from lineshaft.sdk import CallContext
from lineshaft.sdk.trail import read_trail
from lineshaft.security.tracking import TicketExpired, TicketInvalid, TrackingLinks
from lineshaft.store.rows import Document, DocumentLine, DocumentLink
from lineshaft.store.writes import PutDocument, PutDocumentLine, PutDocumentLink, Unit, Write

from .conftest import Client

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
SPEC = read_trail(
    [
        (
            "trail/order.yaml",
            """\
format: 1
stages:
  - {name: order, title: {zh: 下单, en: Order}, holder: 销售, documents: [crm.sales_order]}
  - {name: make, title: {zh: 生产, en: Production}, holder: 车间, documents: [erp.sales_order]}
  - {name: ship, title: {zh: 发货, en: Delivery}, holder: 仓库, documents: [despatch_advice]}
statuses:
  crm:
    confirmed: {zh: 已确认, en: Confirmed, state: done}
    rejected: {zh: 已驳回, en: Rejected, state: failed}
    partial: {zh: 部分发货, en: Partly shipped, state: done}
  erp: {C: {zh: 已审核, en: Audited, state: active}, S: {zh: 已发货, en: Shipped, state: done}}
units: {套: {zh: 套, en: sets}}
""".encode(),
        )
    ]
)
FIELDS = {
    "customer": "岭南车桥制造有限公司",
    "gross_amount": "113000.00",
    "sales_person": "周启明",
    "ordered_on": "2026-01-04",
    "due_on": "2026-01-20",
    "items": [{"item": "BX-F200", "zh": "前刹车片 <标准型>", "en": "Front brake pad"}],
}


def document(name: str, status: str = "C", **fields: Any) -> PutDocument:
    system, kind, number = name.split("/")
    payload = values.encode(fields) if fields else b""
    return PutDocument(
        Document("default", name, system, kind, number, number, status, NOW, created_at=NOW, payload=payload)
    )


def line(name: str, number: str, quantity: str, status: str = "") -> PutDocumentLine:
    return PutDocumentLine(DocumentLine("default", name, number, "BX-F200", quantity, "套", status))


def link(start: str, end: str, number: str, quantity: str) -> PutDocumentLink:
    return PutDocumentLink(DocumentLink("default", start, number, end, number, quantity, "套"))


MINE, OTHERS, SOLD, LEFT = (
    "crm/sales_order/XS-1",
    "crm/sales_order/XS-2",
    "erp/sales_order/DD-1",
    "erp/despatch_advice/FH-1",
)
"""Two orders that went into one of the ERP, and the first part of mine that has left."""
ORDERS: list[Write] = [
    document(MINE, "partial", **FIELDS),
    line(MINE, "1", "1500", "partial"),
    document(OTHERS, "confirmed", **{**FIELDS, "customer": "别家公司"}),
    line(OTHERS, "1", "40"),
    document(SOLD),
    line(SOLD, "1", "1540"),
    link(MINE, SOLD, "1", "1500"),
    document(LEFT, "S", shipped_on="2026-01-05T09:00:00+08:00", eta_days=2, carrier="公路专线"),
    line(LEFT, "1", "500"),
    link(SOLD, LEFT, "1", "500"),
]


async def with_orders(api: Client) -> Client:
    api.hub.connections.trail = SPEC
    result = await api.hub.store.commit([Unit(list(ORDERS))])
    assert result[0].status == "written"
    return api


async def link_of(api: Client, number: str = "XS-1", **more: Any) -> str:
    answer = await api("POST", "/api/v1/tracking-links", {"number": number, **more})
    assert answer.status == 201
    assert answer.json["number"] == number
    url = str(answer.json["url"])
    assert url.startswith("http://127.0.0.1:8420/track/")
    return url.removeprefix("http://127.0.0.1:8420")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            [
                "订单进度",
                "部分已发货,预计 2 天到达",
                "前刹车片 &lt;标准型&gt;",
                "已发 500 / 1,500 套",
                "2026-01-07",
            ],
        ),
        (
            "en",
            ["Order progress", "Partly shipped, expected in 2 days", "Front brake pad", "500 of 1,500 sets"],
        ),
    ],
)
async def test_link_shows_the_customer_their_own_order_and_nothing_else(
    api: Client, language: str, words: list[str]
) -> None:
    await with_orders(api)
    answer = await api("GET", await link_of(api), token=None, headers={"accept-language": language})
    page = answer.content.decode()
    assert answer.status == 200
    for word in [*words, "XS-1", "FH-1", "2026-01-20"]:
        assert word in page
    for secret in ("XS-2", "别家", "113000", "113,000", "周启明", "DD-1", "<script", "sales_order"):
        assert secret not in page


def test_stage_that_part_of_an_order_went_past_is_still_to_come_for_the_rest() -> None:
    def shown(*states: StageState) -> list[str]:
        words = Words("", "")
        return [
            each.state
            for each in _shown(
                [Stage("s", words, words, state, None, None, False, None, [], []) for state in states]
            )
        ]

    assert shown("done", "active", "skipped", "active") == ["done", "active", "pending", "active"]
    assert shown("done", "done", "skipped", "active") == ["done", "done", "skipped", "active"]
    assert shown("failed", "failed", "pending") == ["active", "active", "pending"]


async def test_refused_order_says_no_reason_to_the_customer(api: Client) -> None:
    await with_orders(api)
    await api.hub.store.commit([Unit([document(MINE, "rejected", **FIELDS)])])
    page = (await api("GET", await link_of(api), token=None)).content.decode()
    assert "will get in touch" in page
    assert "Rejected" not in page


async def test_changed_and_expired_links_are_friendly_pages(api: Client) -> None:
    await with_orders(api)
    path = await link_of(api, days=1)
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")
    for wrong in (changed, "/track/x", path.replace(".", "A.", 1)):
        answer = await api("GET", wrong, token=None, headers={"accept-language": "zh"})
        assert (answer.status, "链接无效" in answer.content.decode()) == (403, True)
    links = api.hub.tracking
    url, _ = links.make("default", MINE, api.hub.clock.now() - timedelta(days=2), days=1)
    old = await api("GET", url.removeprefix("http://127.0.0.1:8420"), token=None)
    assert (old.status, b"has expired" in old.content) == (410, True)
    gone, _ = links.make("default", "crm/sales_order/XS-9", api.hub.clock.now())
    assert (await api("GET", gone.removeprefix("http://127.0.0.1:8420"), token=None)).status == 404


async def test_link_is_made_by_who_works_with_orders_for_an_order_that_is_there(api: Client) -> None:
    await with_orders(api)
    wished = {"number": "XS-1"}
    assert (await api("POST", "/api/v1/tracking-links", wished, token="viewer-token")).status == 403
    assert (await api("POST", "/api/v1/tracking-links", {"number": "XS-9"})).status == 404
    assert (await api("POST", "/api/v1/tracking-links", {"number": "XS-1", "days": 999})).status == 400


def test_every_changed_character_breaks_the_signature_and_an_old_key_still_opens() -> None:
    keys = {"tracking_key": "the first key of the firm"}
    links = TrackingLinks(keys.__getitem__, lambda: "https://hub.example")
    url, ticket = links.make("default", MINE, NOW, days=3)
    token = url.rpartition("/")[2]
    assert links.read(token, NOW) == ticket
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(TicketInvalid):
            links.read(token[:place] + other + token[place + 1 :], NOW)
    with pytest.raises(TicketExpired):
        links.read(token, NOW + timedelta(days=3))
    keys.update(tracking_key="the second key of the firm", tracking_key_before=keys["tracking_key"])
    assert links.read(token, NOW) == replace(ticket)
    del keys["tracking_key_before"]
    with pytest.raises(TicketInvalid):
        links.read(token, NOW)
    keys["tracking_key"] = "short"
    with pytest.raises(ConfigError, match="tracking_key"):
        links.make("default", MINE, NOW)
    with pytest.raises(InputError):
        links.make("default", MINE, NOW, days=0)


async def test_notice_goes_out_without_a_link_where_the_hub_has_no_key() -> None:
    async def nothing(_: Any) -> dict[Any, str]:
        return {}

    async def unasked(*_: Any) -> dict[str, Any]:
        raise AssertionError

    links = TrackingLinks(dict[str, str]().__getitem__, str)

    def make(document: str, days: int | None) -> tuple[str, datetime]:
        url, ticket = links.make("default", document, NOW)
        return url, ticket.ends_at

    desk = ReferenceDesk((), nothing, unasked)
    context = CallContext("k", 1, 5.0, lambda: None)
    outcome = await HubConnector({}, desk, make).call("tracking_link", {"document": MINE}, context)
    assert outcome.answer == {"url": None, "ends_at": None}
