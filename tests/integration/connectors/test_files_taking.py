"""Files as people and systems leave them: taken once, whole, with every bad line told."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from openpyxl import Workbook, load_workbook

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError, Invalid, Refused
from lineshaft.connectors.files import FILES, FilesConnector
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised

MANIFEST = """\
format: 1
connector: files
name: exchange
time_zone: Asia/Shanghai
resources:
  order:
    folder: in
    pattern: "*"
    quiet_s: QUIET
    page: 3
    report: true
    file: FILE
    columns:
      number: {from: "订单号", required: true}
      quantity: {from: "数量", type: number, required: true}
      due: {from: "交期", type: date}
    subject: item.number
    MORE
"""
CSV = "{as: csv}"
HEAD = "订单号,数量,交期\n"


def rows_of(count: int, start: int = 1) -> str:
    return HEAD + "".join(f"SO-{n},{n}.50,2026/11/{n % 28 + 1}\n" for n in range(start, start + count))


class Exchange:
    """A folder, and connectors over it that come and go."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "in").mkdir()
        self.clock = FixedClock()
        self._open: list[FilesConnector] = []

    def connect(self, file: str = CSV, quiet: str = "0", more: str = "", page: int = 3) -> FilesConnector:
        written = MANIFEST.replace("FILE", file).replace("QUIET", quiet).replace("MORE", more)
        written = written.replace("page: 3", f"page: {page}")
        connection = Connection("exchange", {"root": str(self.root)}, {}.__getitem__, self.clock)
        connector = FILES.read(written.encode(), "exchange.yaml").connect(connection)
        self._open.append(connector)
        return connector

    def drop(self, name: str, content: bytes | str) -> Path:
        path = self.root / "in" / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def names(self, folder: str) -> list[str]:
        there = self.root / "in" / folder
        return sorted(path.name for path in there.iterdir() if path.is_file()) if there.is_dir() else []

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()


@pytest_asyncio.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    exchange = Exchange(tmp_path)
    yield exchange
    await exchange.close()


async def drained(connector: FilesConnector, cursor: bytes | None = None) -> list[Change]:
    found: list[Change] = []
    for _ in range(50):
        page = await connector.changes("order", cursor)
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found
    raise AssertionError("Expected an end")


def by_word(changes: list[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.type.rpartition(".")[2], []).append(change)
    return found


@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("gb18030", b""), ("utf-16", b"")],
)
async def test_a_csv_file_is_read_in_the_encoding_it_has(exchange: Exchange, codec: str, mark: bytes) -> None:
    exchange.drop("a.csv", mark + '订单号,数量,交期\n"深圳𠮷,1","1,234.50",2026年11月3日\n'.encode(codec))
    (row, done) = await drained(exchange.connect())
    assert row.subject == "深圳𠮷,1"
    assert str(row.data["quantity"]) == "1234.50"
    assert row.data["due"] == date(2026, 11, 3)
    assert done.data == {"file": "a.csv", "rows": 1, "rows_failed": 0}
    assert (exchange.names("."), exchange.names("done")) == ([], ["a.csv"])


async def test_a_bad_line_is_told_and_the_others_go_through(exchange: Exchange) -> None:
    exchange.drop(
        "a.csv", HEAD + 'SO-1,1,\nSO-2,viele,\n"",3,\nSO-4,4,2026-02-30\nSO-5,5,,x\nSO-6,"1,5",\nSO-7,7,\n'
    )
    found = by_word(await drained(exchange.connect()))
    assert [change.subject for change in found["row"]] == ["SO-1", "SO-7"]
    failed = [(one.data["line"], one.data["field"]) for one in found["row_failed"]]
    assert failed == [(3, "quantity"), (4, "number"), (5, "due"), (6, ""), (7, "quantity")]
    assert "viele" in found["row_failed"][0].data["problem"]["zh"]
    assert found["row_failed"][0].data["values"]["订单号"] == "SO-2"
    assert found["file_done"][0].data["rows_failed"] == 5
    assert exchange.names("failed") == ["a.csv", "a.csv.errors.csv"]
    told = (exchange.root / "in/failed/a.csv.errors.csv").read_text("utf-8-sig")
    assert "3,quantity," in told
    assert len(told.splitlines()) == 6


async def test_a_restart_in_mid_file_neither_loses_nor_repeats_a_row(exchange: Exchange) -> None:
    exchange.drop("a.csv", rows_of(10))
    exchange.drop("b.csv", rows_of(4, start=11))
    seen: list[str] = []
    cursor: bytes | None = None
    more = True
    while more:  # another process for every page, and each page lost once before it is stored
        first = exchange.connect()
        lost = await first.changes("order", cursor)
        await first.close()
        second = exchange.connect()
        page = await second.changes("order", cursor)
        await second.close()
        assert [change.id for change in page.changes] == [change.id for change in lost.changes]
        seen += [change.subject for change in page.changes if change.type.endswith(".row")]
        cursor, more = page.cursor, page.more
    assert seen == [f"SO-{n}" for n in range(1, 15)]
    assert exchange.names("done") == ["a.csv", "b.csv"]
    assert exchange.names(".taking/order") == []


async def test_a_file_that_is_still_written_is_left_alone(exchange: Exchange) -> None:
    connector = exchange.connect(quiet="5")
    exchange.drop("b.csv.part", rows_of(1))
    path = exchange.drop("a.csv", HEAD + "SO-1,1")
    assert await drained(connector) == []
    exchange.clock.advance(4)
    with path.open("a") as file:
        file.write("0,\n")
    assert await drained(connector) == []
    exchange.clock.advance(4)
    assert await drained(connector) == []
    exchange.clock.advance(1)
    (row, _) = await drained(connector)
    assert row.data["quantity"] == Decimal(10)


async def test_with_a_marker_a_file_is_taken_when_its_marker_lies_beside_it(exchange: Exchange) -> None:
    connector = exchange.connect(more='marker: ".ok"')
    exchange.drop("a.csv", rows_of(1))
    assert await drained(connector) == []
    exchange.drop("a.csv.ok", "")
    assert len(await drained(connector)) == 2
    assert exchange.names(".") == []
    exchange.drop("a.csv", rows_of(1))
    assert await drained(connector) == []


async def test_a_second_file_of_the_same_name_is_another_file_unless_its_rows_have_ids(
    exchange: Exchange,
) -> None:
    connector = exchange.connect()
    ids = []
    for day in (1, 2):
        os.utime(exchange.drop("a.csv", rows_of(1)), (day, day))
        ids.append((await drained(connector))[0].id)
    assert len(set(ids)) == 2
    kept = exchange.names("done")
    assert len(kept) == 2
    assert kept[0] == "a.csv"
    named = exchange.connect(more="id: item.number")
    os.utime(exchange.drop("a.csv", rows_of(1)), (3, 3))
    assert (await drained(named))[0].id == "order/SO-1"


async def test_what_is_no_such_file_is_told_and_put_aside_and_the_next_is_taken(exchange: Exchange) -> None:
    exchange.drop("a.csv", "Nummer,数量,交期\nSO-1,1,\n")
    exchange.drop("b.csv", HEAD + 'SO-1,1,\n"SO-2,2,\n')
    exchange.drop("c.csv", rows_of(1))
    found = by_word(await drained(exchange.connect()))
    first, second = found["file_failed"]
    assert "订单号" in first.data["problem"]["en"]
    assert "Nummer" in first.data["problem"]["en"]
    assert (second.subject, second.data["rows"]) == ("b.csv", 1)
    assert [change.data["from_file"]["file"] for change in found["row"]] == ["b.csv", "c.csv"]
    assert exchange.names("failed") == ["a.csv", "a.csv.errors.csv", "b.csv", "b.csv.errors.csv"]


async def test_a_workbook_is_read_as_people_see_it(exchange: Exchange) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["订单号", "数量", "交期"])
    sheet.append([4711, 0.1, date(2026, 11, 3)])
    sheet.append(["SO-2", "1,234,567,890.12345678901", "2026/11/4"])
    packed = io.BytesIO()
    book.save(packed)
    exchange.drop("a.xlsx", packed.getvalue())
    exchange.drop("b.xlsx", b"no workbook")
    found = by_word(await drained(exchange.connect(file="{as: xlsx}")))
    values = [(one.data["number"], str(one.data["quantity"]), one.data["due"]) for one in found["row"]]
    assert values == [
        ("4711", "0.1", date(2026, 11, 3)),
        ("SO-2", "1234567890.12345678901", date(2026, 11, 4)),
    ]
    assert [one.subject for one in found["file_failed"]] == ["b.xlsx"]


async def test_json_and_json_lines_keep_every_digit(exchange: Exchange) -> None:
    record = '{"订单号": "SO-1", "数量": 1234567890.12345678901, "交期": null}'
    exchange.drop("a.json", f'{{"head": 1, "data": {{"orders": [{record}, {record}]}}}}'.encode("gb18030"))
    found = await drained(exchange.connect(file="{as: json, records: data.orders}"))
    assert [str(one.data["quantity"]) for one in found[:2]] == ["1234567890.12345678901"] * 2
    exchange.drop("a.jsonl", f"{record}\n{record}\nbroken")
    found = await drained(exchange.connect(file="{as: json lines}"))
    assert [one.type.rpartition(".")[2] for one in found] == ["row", "row", "file_failed"]


async def test_xml_is_read_by_element_and_knows_no_document_types(exchange: Exchange) -> None:
    orders = "".join(
        f"<o:单 xmlns:o='urn:x'><订单号>SO-{n}</订单号><数量>{n}.5</数量><交期/></o:单>" for n in (1, 2)
    )
    exchange.drop("a.xml", f"<?xml version='1.0' encoding='GB18030'?><all>{orders}</all>".encode("gb18030"))
    exchange.drop("b.xml", "<!DOCTYPE all [<!ENTITY x 'boom'>]><all><单><订单号>&x;</订单号></单></all>")
    found = by_word(await drained(exchange.connect(file="{as: xml, records: 单}")))
    assert [(one.subject, str(one.data["quantity"])) for one in found["row"]] == [
        ("SO-1", "1.5"),
        ("SO-2", "2.5"),
    ]
    assert [one.subject for one in found["file_failed"]] == ["b.xml"]


async def test_describe_shows_samples_and_columns_nobody_declared(exchange: Exchange) -> None:
    exchange.drop("a.csv", "订单号,数量,交期,备注\nSO-1,5,,急\n")
    (resource,) = await exchange.connect().describe()
    assert [(one.name, one.sample) for one in resource.fields] == [
        ("number", "SO-1"), ("quantity", "5"), ("due", ""), ("备注", "急"),
    ]  # fmt: skip


WRITING = """\
format: 1
connector: files
name: exchange
operations:
  order.export:
    folder: out
    name: '"order_" + payload.number + ".EXT"'
    rows: payload.lines
    also_in: [out/taken]
    file: FILE
    columns: {"订单号": payload.number, "数量": line.quantity, "备注": line.note}
"""


def writer(exchange: Exchange, file: str, ending: str) -> FilesConnector:
    written = WRITING.replace("FILE", file).replace("EXT", ending)
    connection = Connection("exchange", {"root": str(exchange.root)}, {}.__getitem__, FixedClock())
    return FILES.read(written.encode(), "exchange.yaml").connect(connection)


PAYLOAD: dict[str, Any] = {
    "number": "SO-1",
    "lines": [
        {"quantity": Decimal("0.10"), "note": "急,\n"},
        {"quantity": Decimal("1234567890.12345678901"), "note": None},
    ],
}


@pytest.mark.parametrize(
    ("file", "ending"),
    [("{as: csv, encoding: gb18030}", "csv"), ("{as: xlsx}", "xlsx"), ("{as: json}", "json"),
     ("{as: json lines}", "jsonl"), ("{as: xml, records: 行}", "xml")],
)  # fmt: skip
async def test_the_same_rows_are_the_same_file_and_others_are_refused(
    exchange: Exchange, file: str, ending: str
) -> None:
    connector = writer(exchange, file, ending)
    first = await connector.call("order.export", PAYLOAD, context())
    path = exchange.root / "out" / f"order_SO-1.{ending}"
    content = path.read_bytes()
    assert not first.repeated
    (exchange.root / "out/taken").mkdir()
    path.rename(exchange.root / "out/taken" / path.name)  # the other side has taken it
    again = await connector.call("order.export", PAYLOAD, context())
    assert again.repeated
    assert not path.exists()
    assert content == (exchange.root / "out/taken" / path.name).read_bytes()
    other = {**PAYLOAD, "lines": [{"quantity": Decimal(2), "note": "x"}]}
    error = await raised(Refused, connector.call("order.export", other, context()))
    assert error.code == "file_differs"
    assert [one.name for one in (exchange.root / "out").iterdir()] == ["taken"]


async def test_a_workbook_keeps_numbers_and_long_digits(exchange: Exchange) -> None:
    await writer(exchange, "{as: xlsx}", "xlsx").call("order.export", PAYLOAD, context())
    sheet = load_workbook(exchange.root / "out/order_SO-1.xlsx").worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()][1:] == [
        ["SO-1", 0.1, "急,\n"],
        ["SO-1", "1234567890.12345678901", None],
    ]


async def test_a_name_cannot_lead_out_of_the_folder(exchange: Exchange) -> None:
    connector = writer(exchange, "{as: json}", "json")
    for number in ("../x", "a/b", "a\\b", "a\0b", "x" * 300):
        error = await raised(
            Invalid, connector.call("order.export", {**PAYLOAD, "number": number}, context())
        )
        assert error.code == "file_name"
    assert list(exchange.root.rglob("*.json")) == []


async def test_half_a_file_is_never_seen(exchange: Exchange) -> None:
    connector = writer(exchange, "{as: json}", "json")
    lines = [{"quantity": Decimal(n), "note": "x" * 50} for n in range(20_000)]
    work = asyncio.create_task(connector.call("order.export", {**PAYLOAD, "lines": lines}, context()))
    path = exchange.root / "out/order_SO-1.json"
    while not work.done():
        if path.exists():
            assert len(json.loads(path.read_bytes())) == len(lines)
        await asyncio.sleep(0)
    await work
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_manifest_with_errors_names_each_with_its_line() -> None:
    written = MANIFEST.replace("FILE", "{as: csv, encoding: klingon, delimiter: ab}").replace("QUIET", "0")
    written = (
        written.replace("folder: in", "folder: ../in")
        .replace("MORE", "mroe: 1")
        .replace("type: date", "type: dat")
    )
    with pytest.raises(DefinitionError) as refused:
        FILES.read(written.encode(), "exchange.yaml")
    lines = {problem.place.line: problem.code for problem in refused.value.problems}
    assert lines == {7: "wrong_value", 12: "wrong_value", 16: "not_a_choice", 18: "unknown_key"}


def test_a_secret_that_is_written_out_is_refused() -> None:
    written = "format: 1\nconnector: files\nname: x\nstore: sftp\nauth: {user: hub, password: secret:p}\n"
    with pytest.raises(DefinitionError) as refused:
        FILES.read(written.encode(), "x.yaml")
    assert "secret_literal" in {problem.code for problem in refused.value.problems}


def test_times_are_in_the_connections_zone() -> None:
    from zoneinfo import ZoneInfo

    from lineshaft.connectors.files.model import ColumnRule, Formats
    from lineshaft.connectors.files.values import typed

    formats = Formats(ZoneInfo("Asia/Shanghai"))
    column = ColumnRule("at", "at", "date and time", required=True)
    for words in (
        "2026-11-22 08:30",
        "2026/11/22 08:30:00",
        "2026-11-22T00:30:00Z",
        "2026-11-22T08:30:00+08:00",
    ):
        assert typed(words, column, formats).astimezone(UTC) == datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
