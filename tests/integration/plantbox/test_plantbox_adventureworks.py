"""The real sales files: what they hold, and that the systems take them as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import SOURCES, Plant, System
from plantbox.adventureworks import reader
from plantbox.fields import BadField

REPOSITORY = SOURCES.parent
PLACES = [
    os.environ.get("ADVENTUREWORKS_SALES", ""),
    str(REPOSITORY.parent / "shared/data/adventureworks-sales"),
]


@pytest.fixture(scope="module")
def folder() -> Path:
    for place in filter(None, PLACES):
        if (Path(place) / "salesorderheader.csv").is_file():
            return Path(place)
    sentence = "needs the AdventureWorks sales files in ../shared/data/adventureworks-sales"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="module")
def source(folder: Path) -> reader.Source:
    return reader.Source.read(folder)


@pytest.fixture(scope="module")
def fed(
    folder: Path, shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory
) -> tuple[System, System, list[dict[str, Any]]]:
    crm = shared_plant.start("crm", tmp_path_factory.mktemp("crm"))
    erp = shared_plant.start("erp", tmp_path_factory.mktemp("erp"), "--delivery", "instant")
    reports = []
    for _ in range(2):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "plantbox",
                "adventureworks",
                str(folder),
                "--crm",
                crm.url,
                "--erp",
                erp.url,
            ],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
        )
        reports.append(json.loads(done.stdout))
    return crm, erp, reports


def test_the_files_hold_what_the_loader_says(source: reader.Source) -> None:
    accounts = {row["account_no"]: row for row in reader.accounts(source)}
    facts = Counter(fact["fact"] for row in accounts.values() for fact in row["quality"])
    orders = list(reader.orders(source))
    concerned = Counter(fact["fact"] for order in orders for fact in accounts[order["account_no"]]["quality"])
    assert (len(source.customers), len(source.products), len(orders), len(source.lines)) == (
        19820,
        504,
        1566,
        5716,
    )
    assert (sum(len(order["lines"]) for order in orders), len(list(reader.orphan_lines(source)))) == (
        5675,
        41,
    )
    assert facts == {
        "account_nameless": 17283,
        "contact_missing": 436,
        "name_untrimmed": 8,
        "account_name_garbled": 5,
        "contact_garbled": 1,
    }
    assert concerned == {
        "contact_missing": 13,
        "name_untrimmed": 5,
        "account_name_garbled": 4,
        "contact_garbled": 3,
    }


def test_everything_read_is_in_the_crm_and_a_second_run_changes_nothing(
    fed: tuple[System, System, list[dict[str, Any]]],
) -> None:
    _, _, (first, second) = fed
    assert {kind: counts["created"] for kind, counts in first["crm"].items()} == {
        "accounts": 19820,
        "products": 504,
        "orders": 1566,
        "orphan_lines": 41,
    }
    assert all(counts["created"] == counts["refused"] == 0 for counts in second["crm"].values())
    assert all(counts["Created"] == 0 for counts in second["erp"].values())


def test_the_crm_tells_of_each_order_once_and_its_lines_add_up(
    fed: tuple[System, System, list[dict[str, Any]]],
) -> None:
    crm, _, _ = fed
    events: list[dict[str, Any]] = []
    cursor = "0"
    while batch := crm.crm("GET", f"changes?type=order.confirmed&limit=1000&cursor={cursor}").json:
        events += batch["items"]
        if not batch["items"]:
            break
        cursor = batch["next_cursor"]
    assert len(events) == len({event["subject"] for event in events}) == 1566
    orders = [event["data"]["order"] for event in events]
    assert sum(len(order["lines"]) for order in orders) == 5675
    assert sum(Decimal(order["net_amount"]) for order in orders) == Decimal("12527982.96")
    for order in orders:
        assert sum(Decimal(line["amount"]) for line in order["lines"]) == Decimal(order["net_amount"])
    garbled = [order["order_no"] for order in orders if "account_name_garbled" in order["quality"]]
    assert garbled == ["SO43841", "SO44387", "SO44444", "SO44657"]


def test_lines_without_an_order_are_kept_with_their_reason(
    fed: tuple[System, System, list[dict[str, Any]]],
) -> None:
    crm, _, _ = fed
    lines = crm.crm("GET", "orphan-lines?limit=100").json["items"]
    assert len(lines) == 41
    assert {line["order_no"] for line in lines} == {f"SO{number}" for number in range(45225, 45266)}
    assert sum(Decimal(line["amount"]) for line in lines) == Decimal("113690.24")
    assert all("SO" in line["reason"] for line in lines)


def test_the_erp_has_a_code_for_every_order_but_four(
    fed: tuple[System, System, list[dict[str, Any]]],
) -> None:
    crm, erp, _ = fed
    numbers: list[str] = []
    cursor: str | None = "0"
    models: set[str] = set()
    while cursor is not None:
        page = crm.crm("GET", f"orders?limit=500&cursor={cursor}").json
        numbers += [order["account_no"] for order in page["items"]]
        models |= {line["model"] for order in page["items"] for line in order["lines"]}
        cursor = page["next_cursor"]
    missing = set()
    wanted = sorted(set(numbers))
    for start in range(0, len(wanted), 500):
        body = {"Kind": "Customer", "OuterCodes": wanted[start : start + 500]}
        missing |= set(erp.erp("CodeMap.Query", body)["Data"]["Missing"])
    assert sum(1 for number in numbers if number in missing) == 4
    assert (
        erp.erp("CodeMap.Query", {"Kind": "Material", "OuterCodes": sorted(models)})["Data"]["Missing"] == []
    )


def test_the_facts_are_summed_up_over_orders(fed: tuple[System, System, list[dict[str, Any]]]) -> None:
    crm, _, _ = fed
    summary = {item["fact"]: item["orders"] for item in crm.crm("GET", "data-quality/summary").json["facts"]}
    assert (summary["account_name_garbled"], summary["contact_missing"], summary["contact_garbled"]) == (
        4,
        13,
        3,
    )
    facts = crm.crm("GET", "data-quality?order_no=SO43680").json["items"]
    assert [fact["fact"] for fact in facts] == ["contact_missing"]


def test_a_folder_without_the_files_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadField, match=r"customer\.csv"):
        reader.Source.read(tmp_path)
