"""Workers outside over HTTP: jobs are leased, finished once, and lost by nobody who dies."""

from __future__ import annotations

import base64
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import Served

WORKER = "worker-token"


def pause(seconds: float) -> None:
    """Give the hub, which runs in a thread of its own, time to go on."""
    threading.Event().wait(seconds)


def activate(served: Served, *, most: int = 10, timeout: int = 60_000, wait: int = 5_000, **more: Any) -> Any:
    wish = {
        "type": "weigh-truck",
        "worker": "scale-1",
        "timeout": timeout,
        "maxJobsToActivate": most,
        "requestTimeout": wait,
        **more,
    }
    answer = served.ask("POST", "/v2/jobs/activation", wish, token=WORKER)
    assert answer.status == 200, answer.content
    return answer.json["jobs"]


def start(served: Served, **variables: Any) -> str:
    wish = {"processDefinitionId": "weigh", "variables": variables}
    answer = served.ask("POST", "/v2/process-instances", wish, token=WORKER)
    assert answer.status == 200, answer.content
    key: str = answer.json["processInstanceKey"]
    return key


def finish(served: Served, job: Any, how: str = "completion", body: object = None) -> int:
    return served.ask("POST", f"/v2/jobs/{job['jobKey']}/{how}", body or {}, token=WORKER).status


def ended(served: Served, key: str) -> Any:
    for _ in range(200):
        answer = served.ask("GET", f"/api/v1/instances/{key}")
        if answer.status == 200 and answer.json["instance"]["status"] != "active":
            break
        pause(0.02)
    return answer.json


@pytest.fixture(autouse=True)
def _nothing_left(served: Served) -> None:
    for job in activate(served, most=1_000, wait=-1):
        finish(served, job)


def test_job_is_taken_and_done_and_the_process_goes_on(served: Served) -> None:
    key = start(served, truck="A-17", weight=10.10)
    (job,) = activate(served)

    assert job["processInstanceKey"] == key
    assert job["processDefinitionId"] == "weigh"
    assert job["elementId"] == "weighing"
    assert job["customHeaders"] == {"scale": "north"}
    assert job["variables"]["truck"] == "A-17"
    assert job["retries"] == 3
    assert job["worker"] == "scale-1"
    assert job["jobKey"].isdecimal()
    assert job["deadline"] > served.hub.clock.now().timestamp() * 1000 + 50_000
    assert finish(served, job, body={"variables": {"weight": 18.40}}) == 204
    run = ended(served, key)
    assert run["instance"]["status"] == "completed"
    (effect,) = served.ask("GET", f"/api/v1/effects?instance_id={key}").json["items"]
    assert (effect["status"], effect["evidence"]["answer"]) == ("done", {"weight": 18.4})
    assert effect["evidence"]["worker"] == "scale-1"
    assert finish(served, job) == 404
    assert finish(served, job, "failure", {"retries": 1}) == 404


def test_worker_leads_an_ad_hoc_sub_process(served: Served) -> None:
    wish = {"processDefinitionId": "inspect", "variables": {}}
    key = served.ask("POST", "/v2/process-instances", wish, token=WORKER).json["processInstanceKey"]
    (lead,) = activate(served, type="plan-checks")
    assert [each["elementId"] for each in lead["variables"]["adHocSubProcessElements"]] == [
        "weighing",
        "customs",
    ]
    chosen = [{"elementId": "weighing", "variables": {"scale": "south"}}]
    decided = {"type": "adHocSubProcess", "activateElements": chosen}
    assert finish(served, lead, body={"result": decided}) == 204
    (job,) = activate(served)
    assert (job["elementId"], job["variables"]["scale"]) == ("weighing", "south")
    assert finish(served, job) == 204
    (again,) = activate(served, type="plan-checks")
    enough = {"type": "adHocSubProcess", "isCompletionConditionFulfilled": True}
    assert finish(served, again, body={"result": enough}) == 204
    run = ended(served, key)
    assert run["instance"]["status"] == "completed"
    assert run["variables"]["1"]["found"] == ["south"]


def test_worker_waits_for_a_job_and_gets_only_what_it_asks_for(served: Served) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(activate, served, wait=20_000, fetchVariable=["truck"])
        start(served, truck="B-2", secret="x")
        (job,) = waiting.result()
    assert job["variables"] == {"truck": "B-2"}
    assert activate(served, wait=-1) == []
    assert activate(served, wait=200) == []
    finish(served, job)


def test_worker_that_was_stopped_while_it_waited_takes_no_job_along(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    wish = (
        b'{"type":"weigh-truck","worker":"gone","timeout":60000,"maxJobsToActivate":9,"requestTimeout":20000}'
    )
    with socket.create_connection((host, int(port))) as line:
        head = f"POST /v2/jobs/activation HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {WORKER}\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(wish)}\r\n\r\n"
        line.sendall(f"{head}{kind}".encode() + wish)
        pause(0.3)
    pause(0.1)
    start(served, truck="gone")
    (job,) = activate(served, wait=5_000)
    assert job["worker"] == "scale-1"
    finish(served, job)


def test_job_of_a_worker_that_died_comes_to_the_next(served: Served) -> None:
    start(served, truck="C-3")
    (first,) = activate(served, timeout=300)
    (second,) = activate(served, wait=5_000)

    assert second["jobKey"] == first["jobKey"]
    # Whoever finishes first has finished it.
    assert finish(served, first, body={"variables": {"by": "first"}}) == 204
    assert finish(served, second, body={"variables": {"by": "second"}}) == 404


def test_workers_at_once_never_get_the_same_job(served: Served) -> None:
    for number in range(20):
        start(served, truck=f"D-{number}")
    taken: list[str] = []
    with ThreadPoolExecutor(6) as pool:
        while len(taken) < 20:
            for jobs in pool.map(lambda _: activate(served, most=4, wait=1_000), range(6)):
                taken += [each["jobKey"] for each in jobs]
                assert all(finish(served, each) == 204 for each in jobs)
    assert len(taken) == len(set(taken)) == 20


def test_failed_job_is_tried_again_and_ends_as_an_incident(served: Served) -> None:
    key = start(served, truck="E-5")
    (job,) = activate(served)
    later = {"retries": 1, "errorMessage": "scale is off", "retryBackOff": 300}
    assert finish(served, job, "failure", later) == 204
    assert activate(served, wait=-1) == []
    (again,) = activate(served)
    assert (again["jobKey"], again["retries"]) == (job["jobKey"], 1)
    assert finish(served, again, "failure", {"retries": 0, "errorMessage": "scale is broken"}) == 204
    for _ in range(100):
        found = served.ask("GET", f"/api/v1/incidents?instance_id={key}").json["items"]
        if found:
            break
        pause(0.02)
    assert "scale is broken" in found[0]["message"]
    number = found[0]["number"]
    assert served.ask("POST", f"/api/v1/incidents/{key}/{number}/resolve", {}).status == 202
    (anew,) = activate(served)
    assert anew["jobKey"] != job["jobKey"]
    assert anew["retries"] == 3
    finish(served, anew)
    assert ended(served, key)["instance"]["status"] == "completed"


def test_business_error_goes_where_the_process_catches_it(served: Served) -> None:
    key = start(served, truck="F-6")
    (job,) = activate(served)
    error = {"errorCode": "SCALE_BROKEN", "errorMessage": "no power", "variables": {"at": "gate"}}
    assert finish(served, job, "error", error) == 204
    run = ended(served, key)
    assert run["instance"]["status"] == "completed"
    assert "failed" in {node["element"] for node in run["nodes"]}


def test_worker_may_ask_for_more_time(served: Served) -> None:
    start(served, truck="G-7")
    (job,) = activate(served, timeout=400)
    path = f"/v2/jobs/{job['jobKey']}"
    longer = served.ask("PATCH", path, {"changeset": {"timeout": 60_000, "retries": 7}}, token=WORKER)
    assert longer.status == 204
    pause(0.5)
    assert activate(served, wait=-1) == []
    finish(served, job)
    assert served.ask("PATCH", path, {"changeset": {"retries": 1}}, token=WORKER).status == 404


def test_cancelled_instance_takes_its_job_away(served: Served) -> None:
    key = start(served, truck="H-8")
    (job,) = activate(served, timeout=300)
    assert served.ask("POST", f"/api/v1/instances/{key}/cancel", {"reason": "gone"}).status == 202
    assert ended(served, key)["instance"]["status"] == "terminated"
    finish(served, job)
    assert activate(served, wait=600) == []


def test_whoever_signs_in_the_way_those_clients_do(served: Served) -> None:
    form = b"client_id=scale&client_secret=worker-token&grant_type=client_credentials&audience=zeebe"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    given = served.ask("POST", "/oauth/token", form, token=None, headers=kind)
    assert given.status == 200
    assert given.headers["cache-control"] == "no-store"
    assert served.ask("GET", "/v2/topology", token=given.json["access_token"]).status == 200
    forged = given.json["access_token"][:-4] + "AAAA"
    assert served.ask("GET", "/v2/topology", token=forged).status == 401
    basic = {"authorization": "Basic " + base64.b64encode(b"scale:worker-token").decode()}
    assert served.ask("GET", "/v2/topology", token=None, headers=basic).status == 200
    assert served.ask("GET", "/api/v1/me", token=None, headers=basic).status == 401
    wrong = served.ask("POST", "/oauth/token", form.replace(b"worker-", b"x-"), token=None, headers=kind)
    assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
    assert served.ask("GET", "/v2/topology", token="viewer-token").status == 403
    assert served.ask("GET", "/v2/topology", token=None).status == 401


def test_messages_in_that_shape(served: Served) -> None:
    message = {"name": "paid", "correlationKey": "SO-1", "timeToLive": 1000, "messageId": "m-1"}
    first = served.ask("POST", "/v2/messages/publication", message, token=WORKER)
    again = served.ask("POST", "/v2/messages/publication", message, token=WORKER)
    assert first.status == 200
    assert first.json == again.json
    nobody = served.ask("POST", "/v2/messages/correlation", {"name": "x"}, token=WORKER)
    assert (nobody.status, nobody.json["title"]) == (404, "NOT_FOUND")
    unknown = served.ask("POST", "/v2/process-instances", {"processDefinitionId": "none"}, token=WORKER)
    assert unknown.status == 404
