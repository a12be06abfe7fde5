"""The initial load of a real firm's master data: files, mappings, codes of the new system, the dirt listed.

The files are AdventureWorks' products, stores, persons, vendors, bills of materials and customers. What is
wrong with them was counted by hand: ten names were read in the wrong encoding once, and 17,725 of the
customers are persons that are not in the file of persons (or whose names are the garbled ones): those wait,
by name, for exactly that person.
"""

from __future__ import annotations

import csv
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.programs import digest_of, lineshaft, lineshaft_json, rows, start
from e2e.real_orders import real_folder
from support.proof import ProofRecord
from tools.postgres import free_port

PACK = Path(__file__).with_name("initial_load")
FILES = {
    "items": "adventureworks-sales/product.csv",
    "firms": "adventureworks-sales/store.csv",
    "persons": "adventureworks-sales/person.csv",
    "vendors": "adventureworks-oltp/Vendor.csv",
    "parts": "adventureworks-oltp/BillOfMaterials.csv",
    "customers": "adventureworks-sales/customer.csv",
}
LOADED = {
    "items": {"read": 504, "written": 504},
    "firms": {"read": 701, "written": 701},
    "persons": {"read": 2057, "written": 2047, "failed": 10},
    "vendors": {"read": 104, "written": 104},
    "parts": {"read": 2679, "written": 2679},
    "customers": {"read": 19820, "written": 2095, "parked": 17725},
}
TABLES = """
PRAGMA journal_mode = WAL;
CREATE TABLE item (no TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, weighed_in TEXT, price NUMERIC NOT NULL);
CREATE TABLE firm (no TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE person (no TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE customer (no TEXT PRIMARY KEY, firm TEXT REFERENCES firm, person TEXT REFERENCES person);
CREATE TABLE vendor (no TEXT PRIMARY KEY, name TEXT NOT NULL, rating INTEGER NOT NULL,
  active INTEGER NOT NULL);
CREATE TABLE part (no TEXT PRIMARY KEY, assembly TEXT REFERENCES item,
  component TEXT NOT NULL REFERENCES item, unit TEXT NOT NULL, quantity NUMERIC NOT NULL,
  valid_from TEXT NOT NULL, valid_to TEXT,
  CHECK (assembly <> component));
"""

pytestmark = pytest.mark.timeout(400)


class Firm:
    """The files of the old system, the new system's database, and a hub between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = real_folder().parent
        self.ledger = folder / "ledger.sqlite3"
        (folder / "files" / "in").mkdir(parents=True)
        with sqlite3.connect(self.ledger) as database:
            database.executescript(TABLES)
        database.close()
        (folder / "hub.toml").write_text(
            f"[server]\nport = {free_port()}\n[systems.works]\nroot = '{folder / 'files'}'\n"
            f"[systems.ledger]\nfile = '{self.ledger}'\n"
        )
        self.ask("deploy", str(PACK))
        self.hub: subprocess.Popen[str] = start("--config", "hub.toml", "serve", cwd=folder)
        assert self.hub.stdout is not None
        assert any("runs at" in line for line in self.hub.stdout)

    def ask(self, *words: str) -> str:
        return lineshaft("--config", "hub.toml", *words, cwd=self.folder, timeout_s=240).stdout

    def load(self, flow: str) -> dict[str, Any]:
        shutil.copy(self.data / FILES[flow], self.folder / "files" / "in")
        words = ("--config", "hub.toml", "flows", "run", flow, "--wait", "200", "--json")
        report: dict[str, Any] = lineshaft_json(*words, cwd=self.folder, timeout_s=240)
        return report

    def stop(self) -> None:
        self.hub.terminate()
        self.hub.communicate(timeout=30)


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    firm = Firm(tmp_path)
    yield firm
    firm.stop()


def counted(report: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in report["counts"].items() if count and name != "runs"}


def loaded_twice(firm: Firm, flows: list[str]) -> None:
    for flow in flows:
        report = firm.load(flow)
        assert report["adds_up"], report
        assert counted(report) == LOADED[flow]
    before = digest_of(firm.ledger)
    for flow in flows:
        report = firm.load(flow)
        assert report["adds_up"], report
        assert counted(report) == {"read": LOADED[flow]["read"], "unchanged": LOADED[flow]["read"]}
    assert digest_of(firm.ledger) == before


def test_what_was_read_has_arrived_or_is_held_by_name_and_a_second_load_writes_nothing(firm: Firm) -> None:
    loaded_twice(firm, [each for each in FILES if each != "customers"])
    shown = lineshaft_json("--config", "hub.toml", "flows", "show", "persons", "--json", cwd=firm.folder)
    with (firm.data / FILES["persons"]).open(encoding="utf-8", newline="") as file:
        garbled = {row["businessentityid"] for row in csv.DictReader(file) if "Ã" in str(row)}
    assert {each["key"] for each in shown["errors"]} == garbled
    bom = (
        "SELECT count(*) FROM part p JOIN item c ON c.no = p.component LEFT JOIN item a ON a.no = p.assembly"
    )
    assert rows(firm.ledger, bom) == [(2679,)]


@pytest.mark.proof
def test_customers_without_their_person_wait_by_name(firm: Firm, proof_record: ProofRecord) -> None:
    loaded_twice(firm, list(FILES))
    assert "person 10006 (works)" in firm.ask("xref", "waiting")
    every = [LOADED[flow] for flow in FILES]
    held = [each.get("failed", 0) + each.get("parked", 0) for each in every]
    proof_record(
        "initial-load",
        {
            "records read": sum(each["read"] for each in every),
            "arrived": sum(each["written"] for each in every),
            "held with a reason": sum(held),
            "written by a second load": 0,
        },
    )
