"""The WMS as one meets it through its staging tables, from another process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call


class Staging:
    """Another program's connection to the WMS's database file."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.path = system.ready["database"]

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.path, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(sql, values).fetchall()
            connection.commit()
        return [dict(row) for row in rows]

    def put(self, table: str, **values: str) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self.query(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())

    def poll(self, hours: int = 1) -> None:
        self.system.admin("POST", "advance", {"hours": hours})

    def row(self, table: str, key: str) -> dict[str, Any]:
        return self.query(f"SELECT * FROM {table} WHERE EXT_KEY = ? ORDER BY ID DESC", key)[0]

    def stock(self, code: str) -> int:
        return int(self.query("SELECT QTY FROM V_STOCK WHERE MATERIAL_CODE = ?", code)[0]["QTY"])

    def ship(
        self, key: str, code: str, qty: str, line: str = "1", count: str = "1", partial: str = "Y"
    ) -> None:
        self.put(
            "IN_SHIPMENT", EXT_KEY=key, LINE_NO=line, LINE_COUNT=count, ORDER_NO="XSDD-1", ORDER_LINE=line,
            CUSTOMER_NAME="北辰汽配贸易有限公司", MATERIAL_CODE=code, QTY=qty, ALLOW_PARTIAL=partial,
        )  # fmt: skip


@pytest.fixture(scope="module")
def running(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> Staging:
    return Staging(shared_plant.start("wms", tmp_path_factory.mktemp("wms"), "--speed", "1"))


@pytest.fixture
def wms(running: Staging) -> Iterator[Staging]:
    yield running
    running.system.admin("DELETE", "faults")


def test_finished_goods_are_received_once_per_key_and_shown_in_the_ledger(wms: Staging) -> None:
    before = wms.stock("M-20009")
    receipt = {
        "EXT_KEY": "FG-1",
        "SOURCE_NO": "SCDD-1",
        "MATERIAL_CODE": "M-20009",
        "QTY": "490",
        "LOT_NO": "L1",
    }
    wms.put("IN_RECEIPT", **receipt)
    wms.poll()
    wms.put("IN_RECEIPT", **receipt)
    wms.put("IN_RECEIPT", **{**receipt, "QTY": "491"})
    wms.poll()
    rows = wms.query("SELECT STATUS, ERR_TEXT, WMS_NO FROM IN_RECEIPT WHERE EXT_KEY = 'FG-1' ORDER BY ID")
    assert [(row["STATUS"], row["ERR_TEXT"]) for row in rows[:2]] == [("S", None), ("S", "DUPLICATE")]
    assert (rows[1]["WMS_NO"], rows[2]["STATUS"]) == (rows[0]["WMS_NO"], "E")
    assert wms.stock("M-20009") == before + 490
    out = wms.query("SELECT * FROM OUT_RECEIPT WHERE EXT_KEY = 'FG-1'")
    assert [(row["QTY"], row["LOT_NO"], row["READ_FLAG"]) for row in out] == [("490", "L1", "N")]
    ledger = wms.query("SELECT CHANGE_QTY, REASON FROM OUT_LEDGER WHERE REF_NO = ?", rows[0]["WMS_NO"])
    assert ledger == [{"CHANGE_QTY": "490", "REASON": "RECEIPT"}]


def test_what_cannot_be_done_is_refused_in_words_and_changes_nothing(wms: Staging) -> None:
    wms.put("IN_RECEIPT", EXT_KEY="BAD-1", MATERIAL_CODE="M-99999", QTY="1")
    wms.put("IN_RECEIPT", EXT_KEY="BAD-2", MATERIAL_CODE="M-20001", QTY="viel")
    wms.put("IN_ISSUE", EXT_KEY="BAD-3", MATERIAL_CODE="M-20013", QTY="9999999")
    wms.poll()
    assert wms.row("IN_RECEIPT", "BAD-1")["ERR_TEXT"] == "物料编码不存在: M-99999"
    assert wms.row("IN_RECEIPT", "BAD-2")["STATUS"] == "E"
    assert "库存不足" in wms.row("IN_ISSUE", "BAD-3")["ERR_TEXT"]
    assert wms.query("SELECT * FROM POSTED WHERE EXT_KEY LIKE 'BAD-%'") == []


def test_an_instruction_waits_for_all_its_lines_and_ships_the_oldest_lot_first(wms: Staging) -> None:
    wms.put("IN_RECEIPT", EXT_KEY="FG-2", MATERIAL_CODE="M-20010", QTY="50", LOT_NO="NEU")
    wms.ship("S-1", "M-20010", "360", "1", "2")
    wms.poll()
    assert wms.row("IN_SHIPMENT", "S-1")["STATUS"] == "W"
    wms.ship("S-1", "M-20001", "10", "2", "2")
    wms.poll()
    wms.poll(24)
    assert wms.row("IN_SHIPMENT", "S-1")["STATUS"] == "S"
    out = wms.query("SELECT * FROM OUT_SHIPMENT WHERE EXT_KEY = 'S-1' ORDER BY LINE_NO")
    assert [(row["QTY"], row["FINAL"], row["ORDER_LINE"]) for row in out] == [
        ("360", "Y", "1"),
        ("10", "Y", "2"),
    ]
    assert out[0]["LOT_NO"].endswith(",NEU")


def test_a_partial_shipment_is_followed_by_the_rest_when_there_is_stock(wms: Staging) -> None:
    have = wms.stock("M-20012")
    wms.ship("S-2", "M-20012", str(have + 40))
    wms.ship("S-3", "M-20014", "5000", partial="N")
    wms.poll()
    wms.poll(24)
    wms.put("IN_RECEIPT", EXT_KEY="FG-3", MATERIAL_CODE="M-20012", QTY="100")
    wms.poll(24)
    wms.poll(24)
    out = wms.query("SELECT QTY, TOTAL_QTY, FINAL FROM OUT_SHIPMENT WHERE EXT_KEY = 'S-2' ORDER BY ID")
    assert [(row["QTY"], row["TOTAL_QTY"], row["FINAL"]) for row in out] == [
        (str(have), str(have), "N"), ("40", str(have + 40), "Y"),
    ]  # fmt: skip
    assert wms.query("SELECT * FROM OUT_SHIPMENT WHERE EXT_KEY = 'S-3'") == []


def test_a_change_is_followed_or_refused_below_what_has_left(wms: Staging) -> None:
    wms.ship("S-4", "M-20002", "100")
    wms.poll()
    wms.put("IN_CHANGE", EXT_KEY="C-1", REF_KEY="S-4", LINE_NO="1", NEW_QTY="80")
    wms.poll()
    wms.poll(24)
    assert wms.row("OUT_SHIPMENT", "S-4")["QTY"] == "80"
    wms.put("IN_CHANGE", EXT_KEY="C-2", REF_KEY="S-4", LINE_NO="1", NEW_QTY="0")
    wms.poll()
    assert "已发货 80" in wms.row("IN_CHANGE", "C-2")["ERR_TEXT"]


def test_during_a_stock_count_rows_wait_and_go_on_afterwards(wms: Staging) -> None:
    before = wms.stock("M-20006")
    wms.system.admin("POST", "count", {"state": "start"})
    wms.put("IN_RECEIPT", EXT_KEY="FG-4", MATERIAL_CODE="M-20006", QTY="7")
    wms.poll()
    row = wms.row("IN_RECEIPT", "FG-4")
    assert (row["STATUS"], row["ERR_TEXT"]) == ("W", "盘点中,暂不过账")
    counted = [{"materialCode": "M-20006", "qty": str(before - 2)}]
    wms.system.admin("POST", "count", {"state": "close", "lines": counted})
    wms.poll()
    row = wms.row("IN_RECEIPT", "FG-4")
    assert (row["STATUS"], row["ERR_TEXT"]) == ("S", None)
    assert wms.stock("M-20006") == before + 5


@pytest.mark.parametrize(
    ("kind", "more", "status", "posted"),
    [
        ("down", {}, "N", 0),
        ("ok_with_error", {"message": "接口超时"}, "E", 0),
        ("error_but_done", {}, "E", 1),
        ("lost_reply", {}, "N", 1),
        ("late_commit", {"ms": 60000}, "N", 0),
        ("duplicate_webhook", {}, "S", 2),
    ],
)
def test_faults_strike_at_the_staging_tables(
    wms: Staging, kind: str, more: dict[str, Any], status: str, posted: int
) -> None:
    wms.system.fault(kind=kind, match="staging.receipt", count=1, **more)
    wms.put("IN_RECEIPT", EXT_KEY=f"F-{kind}", MATERIAL_CODE="M-20001", QTY="1")
    wms.poll()
    assert wms.row("IN_RECEIPT", f"F-{kind}")["STATUS"] == status
    assert len(wms.query("SELECT * FROM OUT_RECEIPT WHERE EXT_KEY = ?", f"F-{kind}")) == posted
    # Nothing of this case may be left for the next one.
    wms.system.admin("DELETE", "faults")
    wms.poll()


def test_a_lost_answer_is_found_under_its_key_at_the_next_poll(wms: Staging) -> None:
    wms.system.fault(kind="lost_reply", match="staging.receipt", count=1)
    wms.put("IN_RECEIPT", EXT_KEY="F-again", MATERIAL_CODE="M-20001", QTY="1")
    wms.poll()
    wms.poll()
    assert wms.row("IN_RECEIPT", "F-again")["ERR_TEXT"] == "DUPLICATE"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_show_stock_and_take_a_receipt_by_hand(wms: Staging, lang: str) -> None:
    url = wms.system.url
    form = f"key=HAND-{lang}&source=SCDD-9&code=M-20001&qty=3".encode()
    done = call("POST", f"{url}/receipts", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert done.status == 303
    assert wms.row("IN_RECEIPT", f"HAND-{lang}")["STATUS"] == "S"
    for path in ("", "receipts", "shipments", "ledger", "count"):
        page = call("GET", f"{url}/{path}?lang={lang}")
        assert page.status == 200
        assert {"zh": "仿真环境 · 1天=86400秒", "en": "Simulation"}[lang] in page.raw.decode()
