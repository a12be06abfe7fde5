"""What happens is told once each, in one order: to who reads the feed, and signed to who subscribed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.engine.facts import FactBook, fact
from lineshaft.engine.outlets import GAPS_S, Outcome, Outlets, Subscription
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.writes import Unit
from support.store_rows import ENGINE, T0

from .conftest import Served

URL = "/api/v1/subscriptions"


@dataclass
class Receiver:
    """Another program's end."""

    url: str = ""
    answer: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait_for(self, count: int, seconds: float = 15) -> None:
        until(lambda: len(self.got) >= count, seconds)


def until(is_so: Callable[[], bool], seconds: float = 15) -> None:
    for _ in range(int(seconds / 0.02)):
        if is_so():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come about")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def run_one(served: Served, key: str) -> str:
    """Run the process to its end; return the instance's id."""
    wish = {"processDefinitionId": "weigh", "businessId": key}
    instance: str = served.ask("POST", "/v2/process-instances", wish).json["processInstanceKey"]
    activation = {"type": "weigh-truck", "timeout": 60_000, "maxJobsToActivate": 10, "requestTimeout": 9_000}
    for job in served.ask("POST", "/v2/jobs/activation", activation).json["jobs"]:
        served.ask("POST", f"/v2/jobs/{job['jobKey']}/completion", {})
    return instance


def read(served: Served, cursor: str, **query: str) -> Any:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    answer = served.ask("GET", f"/api/v1/feed?cursor={cursor}{more}")
    assert answer.status == 200, answer.content
    return answer.json


def test_feed_tells_everything_once_in_order_and_goes_on(served: Served) -> None:
    cursor = read(served, "now")["next"]
    assert read(served, cursor)["items"] == []
    instance = run_one(served, "SO-1")
    until(lambda: len(read(served, cursor)["items"]) >= 2)
    page = read(served, cursor, limit="1")
    rest = read(served, page["next"], wait_s="5")
    found = [*page["items"], *rest["items"]]

    assert [each["type"] for each in found] == ["instance.started", "instance.ended"]
    assert {each["data"]["instance_id"] for each in found} == {instance}
    assert found[1]["data"]["business_key"] == "SO-1"
    assert found[1]["data"]["status"] == "completed"
    assert found[1]["seq"] == found[0]["seq"] + 1
    assert read(served, cursor, type="instance.ended")["items"] == found[1:]
    assert read(served, rest["next"])["items"] == []
    assert served.ask("GET", "/api/v1/feed?cursor=nonsense").status == 400
    assert served.ask("GET", "/api/v1/feed?type=nonsense").json["code"] == "kind_unknown"


def test_stream_goes_on_where_it_was_left(served: Served) -> None:
    cursor = read(served, "now")["next"]
    run_one(served, "SO-2")
    request = urllib.request.Request(
        f"{served.url}/api/v1/feed/stream",
        headers={"authorization": "Bearer admin-token", "last-event-id": cursor},
    )
    with urllib.request.urlopen(request, timeout=20) as stream:
        lines: list[bytes] = []
        while len([line for line in lines if line.startswith(b"data: ")]) < 2:
            lines.append(stream.readline())
    told = [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]
    assert [each["type"] for each in told] == ["instance.started", "instance.ended"]


def signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    """Standard Webhooks 1.0, written once more."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def test_subscription_is_told_signed_and_its_secret_changes_without_a_gap(
    served: Served, receiver: Receiver
) -> None:
    wish = {"name": "ERP", "url": receiver.url, "types": ["instance.ended"], "process_id": "weigh"}
    made = served.ask("POST", URL, wish)
    assert made.status == 201
    first = made.json["secret"]
    path = f"{URL}/{made.json['id']}"
    assert served.ask("GET", path).json["secret"] is None

    instance = run_one(served, "SO-3")
    receiver.wait_for(1)
    headers, body = receiver.got[0]
    told = json.loads(body)
    assert told["type"] == "instance.ended"
    assert told["data"]["instance_id"] == instance
    assert headers["webhook-signature"] == signature(first, headers, body)
    assert abs(int(headers["webhook-timestamp"]) - served.hub.clock.now().timestamp()) < 60

    second = served.ask("POST", f"{path}/secret").json["secret"]
    assert second != first
    run_one(served, "SO-4")
    receiver.wait_for(2)
    headers, body = receiver.got[1]
    both = headers["webhook-signature"].split()
    assert both == [signature(second, headers, body), signature(first, headers, body)]

    until(lambda: len(served.ask("GET", f"{path}/deliveries?state=delivered").json["items"]) == 2)
    delivery = served.ask("GET", f"{path}/deliveries").json["items"][0]
    assert (delivery["status"], delivery["tries"], delivery["subject"]) == (
        200,
        1,
        json.loads(body)["data"]["subject"],
    )
    assert served.ask("POST", f"{path}/deliveries/{delivery['id']}/redeliver").status == 202
    receiver.wait_for(3)
    assert receiver.got[2][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    assert served.ask("DELETE", path).status == 204
    assert served.ask("GET", path).status == 404


def test_subscription_changes_only_from_what_was_read(served: Served, receiver: Receiver) -> None:
    wish = {"name": "MES", "url": receiver.url}
    made = served.ask("POST", URL, wish, headers={"idempotency-key": "mes"})
    again = served.ask("POST", URL, wish, headers={"idempotency-key": "mes"})
    assert again.json["id"] == made.json["id"]
    path = f"{URL}/{made.json['id']}"
    paused = {**wish, "state": "paused", "reason": "moving"}
    assert served.ask("PUT", path, paused).status == 428
    etag = served.ask("GET", path).headers["etag"]
    changed = served.ask("PUT", path, paused, headers={"if-match": etag})
    assert (changed.status, changed.json["state"], changed.json["reason"]) == (200, "paused", "moving")
    stale = served.ask("PUT", path, wish, headers={"if-match": etag})
    assert (stale.status, stale.json["code"]) == (412, "version_changed")
    assert served.ask("DELETE", path).status == 204


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest", "host_not_declared"),
        ("http://localhost:1/", "host_not_declared"),
        ("http://127.0.0.1.example.com/", "host_not_declared"),
        ("http://example.com@127.0.0.1/", "url_invalid"),
        ("ftp://127.0.0.1/", "url_invalid"),
        ("file:///etc/passwd", "url_invalid"),
        ("http://[::1", "url_invalid"),
    ],
)
def test_hub_sends_only_to_declared_hosts(served: Served, url: str, code: str) -> None:
    refused = served.ask("POST", URL, {"name": "x", "url": url})
    assert (refused.status, refused.json["code"]) == (400, code)
    assert served.ask("GET", URL, token="operator-token").status == 403


async def test_receiver_that_is_away_is_tried_again_and_given_up_at_last() -> None:
    clock = FixedClock(T0)
    store = MemoryStore(MemoryDatabase(), clock)
    await store.open()

    class Ids:
        def new(self) -> str:
            return "s-1"

    book = FactBook(store, clock, "default")
    outlets = Outlets(store, clock, Ids(), "default", book=book, hosts=("erp.example.com",))
    wish = Subscription("ERP", "https://erp.example.com/hook", [], None, "li", None, 0)
    await outlets.make(ENGINE, wish)
    await store.commit([Unit([fact("default", "instance.ended", "i-1", T0, {"process_id": "p"})])])
    await book.number()
    await outlets.spread()
    tried = []
    give_up = timedelta(hours=6)
    while (due := await outlets.due()) and (await outlets.find("s-1")).state == "active":
        ((sent, _),) = due
        tried.append(clock.now())
        await outlets.settle(sent, Outcome(status=503, error="busy"), give_up)
        clock.advance(GAPS_S[len(tried) - 1])
    gaps = [(b - a).total_seconds() for a, b in pairwise(tried)]

    assert gaps == list(GAPS_S[: len(gaps)])
    kept = await outlets.find("s-1")
    assert kept.state == "disabled"
    assert kept.what.last_error == "busy"
    assert kept.what.failing_since == T0
    await book.number()
    told = await store.facts(ENGINE, 0, 9)
    assert [each.kind for each in told] == ["instance.ended", "subscription.disabled"]
    # What was not delivered is still there, and goes out once somebody lets it go on.
    changed = await outlets.change("s-1", kept.version, wish, "active")
    clock.advance(60)
    ((sent, _),) = await outlets.due()
    await outlets.settle(sent, Outcome(status=204), give_up)
    assert (await outlets.find("s-1")).what.failing_since is None
    assert changed.state == "active"
    (delivery,) = (await outlets.deliveries("s-1", state="delivered", cursor=None, limit=9)).items
    assert delivery.what.tries == len(tried) + 1


async def test_what_is_told_long_ago_is_forgotten_and_a_late_reader_is_told_so() -> None:
    clock = FixedClock(T0)
    store = MemoryStore(MemoryDatabase(), clock)
    await store.open()
    book = FactBook(store, clock, "default")
    for number in range(5):
        at = T0 + timedelta(days=number * 3)
        await store.commit([Unit([fact("default", "task.opened", f"t{number}", at, {})])])
        await book.number()
    clock.advance(timedelta(days=12).total_seconds())
    assert await book.forget() == 2
    assert [each.seq for each in await store.facts(ENGINE, 0, 9)] == [3, 4, 5]
    assert await book.last() == 5
