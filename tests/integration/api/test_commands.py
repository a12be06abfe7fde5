"""The command line can do what the API can: subscriptions, the feed, bulk work."""

from __future__ import annotations

import json
from pathlib import Path
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


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_list_is_written_into_a_file_of_its_kind(command: Any, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"audit.{kind}"
    assert str(file) in command("export", "audit", str(file), "--where", "action=hook.")
    assert file.read_bytes().startswith(b"PK" if kind == "xlsx" else b"\xef\xbb\xbfNo.,Time (UTC)")


def test_rules_of_hooks_are_listed_and_one_that_is_not_there_is_named(
    served: Served, command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(command("hook", "list", "--json")) == []
    with pytest.raises(SystemExit) as ended:
        run(["--url", served.url, "--token", "admin-token", "--lang", "en", "hook", "forget", "crm/orders"])
    assert ended.value.code
    assert "no rule for crm/orders" in capsys.readouterr().err
