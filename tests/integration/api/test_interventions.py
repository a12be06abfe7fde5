"""What a person does to a run that is under way: over HTTP and on the command line, with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.programs import wait_until

from .conftest import Served
from .test_commands import command

__all__ = ["command"]

WHY = {"reason": "the scale is being repaired"}


def start(served: Served, process: str = "weigh") -> str:
    wish = {"process_id": process, "variables": {"truck": "A-1"}}
    key: str = served.ask("POST", "/api/v1/instances", wish).json["id"]
    return key


def run_of(served: Served, key: str) -> Any:
    return served.ask("GET", f"/api/v1/instances/{key}").json


def until(served: Served, key: str, status: str, element: str = "") -> Any:
    """Wait until a run has a status, and stands in an element where one is named."""

    def found() -> bool:
        run = run_of(served, key)
        if "instance" not in run or run["instance"]["status"] != status:
            return False
        return not element or any(each["element"] == element and each["here"] for each in run["nodes"])

    wait_until(found, 30, f"{key} to be {status} {element}")
    return run_of(served, key)


def test_run_is_held_mended_and_led_past_a_step(served: Served) -> None:
    key = start(served)
    path = f"/api/v1/instances/{key}"
    until(served, key, "active", "weighing")
    assert served.ask("POST", f"{path}/suspend", WHY).status == 202
    until(served, key, "suspended")
    assert served.ask("POST", f"{path}/resume", WHY).status == 202
    until(served, key, "active")
    changed = {**WHY, "variables": {"truck": "B-2", "weight": 12.5}}
    assert served.ask("POST", f"{path}/variables", changed).status == 202
    skipped = served.ask("POST", f"{path}/elements/weighing/skip", {**WHY, "variables": {"kg": 7}})
    assert (skipped.status, skipped.json["status"]) == (202, "skipped")
    run = until(served, key, "completed")
    root = next(iter(run["variables"].values()))
    assert (root["truck"], root["kg"]) == ("B-2", 7)
    told = served.ask("GET", f"{path}/history").json["items"]
    assert "admin: the scale is being repaired" in str(told)
    audited = str(served.ask("GET", "/api/v1/audit?limit=50").json)
    assert "instances.operate" in audited
    assert key in audited


def test_run_goes_back_to_a_step(served: Served) -> None:
    key = start(served)
    path = f"/api/v1/instances/{key}/elements/weighing"
    until(served, key, "active", "weighing")
    assert served.ask("POST", f"{path}/begin", WHY).status == 202

    def twice() -> bool:
        nodes = run_of(served, key)["nodes"]
        return any(each["element"] == "weighing" and each["here"] == 2 for each in nodes)

    wait_until(twice, 30, "a second branch")
    # Both branches of it: the run has nothing left to do.
    assert served.ask("POST", f"{path}/leave", WHY).status == 202
    wait_until(lambda: run_of(served, key)["instance"]["status"] != "active", 30, "the run to end")


def test_what_cannot_be_done_is_said(served: Served) -> None:
    key = start(served)
    path = f"/api/v1/instances/{key}"
    until(served, key, "active", "weighing")
    for body, status in (({"reason": " "}, 400), ({}, 400), ({"reason": "x" * 501}, 400)):
        assert served.ask("POST", f"{path}/suspend", body).status == status
    assert served.ask("POST", f"{path}/suspend", WHY, token="viewer-token").status == 403
    elsewhere = served.ask("POST", f"{path}/elements/end/skip", WHY)
    assert (elsewhere.status, elsewhere.json["code"]) == (409, "not_there")
    assert served.ask("POST", f"{path}/elements/nowhere/begin", WHY).status == 404
    assert served.ask("POST", "/api/v1/instances/none/elements/end/skip", WHY).status == 404
    assert served.ask("POST", f"/api/v1/tasks/{key}/1/assign", {**WHY, "assignee": "li"}).status == 404
    assert served.ask("POST", f"{path}/variables", WHY).status == 400


def test_command_line_can_do_it_too(served: Served, command: Any) -> None:
    key = start(served)
    until(served, key, "active", "weighing")
    command("instance", "suspend", key, "--reason", "look")
    until(served, key, "suspended")
    command("instance", "resume", key, "--reason", "looked")
    until(served, key, "active")
    command("instance", "set", key, "--variables", '{"truck": "C-3"}', "--reason", "typing error")
    assert "weighing" in command("instance", "show", key)
    command("instance", "skip", key, "weighing", "--reason", "weighed by hand")
    until(served, key, "completed")
    with pytest.raises(AssertionError):
        command("instance", "skip", key, "weighing", "--reason", "again")
