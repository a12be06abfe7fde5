"""The command line can do what the API can: subscriptions, the feed, bulk work."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lineshaft.cli.commands import run

from .conftest import Served


@pytest.fixture
def command(served: Served, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: str) -> Any:
        with pytest.raises(SystemExit) as ended:
            run(["--url", served.url, "--token", "admin-token", "--lang", "en", *arguments])
        shown = capsys.readouterr()
        assert not ended.value.code, shown.err
        return shown.out

    return call


def test_subscription_from_its_beginning_to_its_end(command: Any) -> None:
    made = json.loads(command("subscriptions", "add", "ERP", "http://127.0.0.1:9/hook", "--json"))
    assert made["secret"].startswith("whsec_")
    assert "127.0.0.1:9" in command("subscriptions", "list")
    renewed = command("subscriptions", "renew-secret", made["id"]).strip()
    assert renewed.startswith("whsec_")
    assert renewed != made["secret"]
    assert json.loads(command("subscriptions", "deliveries", made["id"], "--json"))["items"] == []
    assert "has ended" in command("subscriptions", "remove", made["id"])


def test_feed_and_bulk_work(command: Any) -> None:
    assert command("feed", "--cursor", "now", "--type", "instance.ended").startswith("-- ")
    plan = json.loads(command("jobs", "plan", "discard", "--where", "cause=none", "--reason", "r", "--json"))
    assert plan["count"] == 0
    job = json.loads(command("jobs", "run", plan["id"], plan["digest"], "--json"))
    assert (job["state"], job["done"]) == ("done", 0)
    assert job["id"] in command("jobs", "list")
    assert "0 of 0 done" in command("jobs", "show", job["id"])
