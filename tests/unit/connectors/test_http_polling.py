"""Polling: nothing is skipped, whatever the cursor and the paging, and wherever a restart falls."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid
from lineshaft.connectors.http import read_manifest
from lineshaft.connectors.http.model import ChangesRule
from lineshaft.connectors.http.polling import Position, Source, decode_position, encode_position, read_changes


def rule(
    cursor: str, paging: str = "{}", identity: str = 'string(item.id) + "/" + string(item.v)'
) -> ChangesRule:
    text = f"""
format: 1
name: x
resources:
  order:
    changes:
      path: /changes
      query: {{since: cursor, page: page, offset: offset, token: token, size: page_size}}
      records: answer.rows
      cursor: {cursor}
      paging: {paging}
      id: '{identity}'
      type: '"x.order.changed"'
      subject: string(item.id)
"""
    found = read_manifest(text.encode(), "x.yaml").resources["order"].changes
    assert found is not None
    return found


class Target:
    """Answers list requests as a real one would, from rows in memory."""

    def __init__(self, *rows: Mapping[str, Any], most: int = 1000) -> None:
        self.rows = list(rows)
        self.most = most
        self.ignores_page = False
        self.asked: list[Mapping[str, Any]] = []

    def page(self, names: Mapping[str, Any]) -> dict[str, Any]:
        since, size = names["cursor"], min(names["page_size"], self.most)
        new = [row for row in self.rows if since is None or row["at"] >= since]
        page = 1 if self.ignores_page else names["page"]
        start = (page - 1) * size + names["offset"] + int(names["token"] or 0)
        rows = new[start : start + size]
        more = start + size < len(new)
        return {"rows": rows, "next": str(start + size) if more else None}

    async def fetch(self, names: Mapping[str, Any]) -> tuple[Mapping[str, Any], None]:
        self.asked.append(names)
        answered = {
            "status": 200,
            "answer": self.page(names),
            "headers": {},
            "payload": {},
            "key": "",
            "settings": {},
        }
        return answered, None


def row(number: int, at: Any) -> dict[str, Any]:
    return {"id": number, "v": 1, "at": at}


async def drain(changes: ChangesRule, target: Target, cursor: bytes | None = None) -> tuple[list[str], bytes]:
    subjects: list[str] = []
    for _ in range(1000):
        page = await read_changes(changes, cursor, {}, FixedClock(), Source(target.fetch))
        subjects += [change.subject for change in page.changes]
        cursor = page.cursor
        if not page.more:
            return subjects, cursor
    raise AssertionError("the pages did not end")


@pytest.mark.parametrize(
    "paging",
    ["{kind: page, size: 3}", "{kind: offset, size: 3}", "{kind: token, size: 3, next: answer.next}"],
)
async def test_every_page_is_read_whatever_the_kind_of_paging(paging: str) -> None:
    target = Target(*(row(number, number) for number in range(1, 11)))
    subjects, cursor = await drain(rule("{field: item.at, start: 0}", paging), target)
    assert subjects == [str(number) for number in range(1, 11)]
    assert decode_position(cursor) == Position(since=Decimal(10))


@pytest.mark.parametrize("paging", ["{kind: page, size: 100}", "{kind: offset, size: 100}"])
async def test_a_target_that_gives_fewer_than_asked_for_is_read_to_its_end(paging: str) -> None:
    target = Target(*(row(number, number) for number in range(1, 11)), most=4)
    subjects, _ = await drain(rule("{field: item.at, start: 0}", paging), target)
    assert set(subjects) == {str(number) for number in range(1, 11)}


async def test_a_target_that_ignores_the_page_is_noticed() -> None:
    target = Target(*(row(number, number) for number in range(1, 4)))
    target.ignores_page = True
    with pytest.raises(Invalid, match="same one again"):
        await drain(rule("{field: item.at, start: 0}", "{kind: page, size: 3}"), target)


async def test_a_full_last_page_is_followed_by_an_empty_one_and_ends() -> None:
    target = Target(*(row(number, number) for number in range(1, 7)))
    subjects, _ = await drain(rule("{field: item.at, start: 0}", "{kind: page, size: 3}"), target)
    assert len(subjects) == 6
    assert len(target.asked) == 3


@pytest.mark.parametrize("paging", ["{kind: page, size: 3}", "{kind: offset, size: 3}"])
async def test_a_record_that_slips_past_a_counted_page_is_not_told_as_deleted(paging: str) -> None:
    changes = rule("{snapshot: item.id}", paging, identity="string(item.id) + digest")
    target = Target(*(row(number, "z") for number in range(1, 9)))
    _, cursor = await drain(changes, target)
    source = Source(target.fetch)
    page = await read_changes(changes, cursor, {}, FixedClock(), source)
    del target.rows[0]  # 4 moves into the page that was read
    told = []
    while page.more:
        page = await read_changes(changes, page.cursor, {}, FixedClock(), source)
        told += [change.subject for change in page.changes]
    # 1 was still met by this reading; the next ones miss it.
    assert told == []
    assert (await drain(changes, target, page.cursor))[0] == ["1"]


async def test_records_that_move_while_a_list_is_read_by_offset_leave_no_gap() -> None:
    target = Target(*(row(number, number) for number in range(1, 11)))
    changes = rule("{field: item.at, start: 0}", "{kind: offset, size: 4, back: 2}")
    source = Source(target.fetch)
    page = await read_changes(changes, None, {}, FixedClock(), source)
    subjects = [change.subject for change in page.changes]
    # Two that were read are changed meanwhile, and stand at the end now.
    target.rows = [*target.rows[2:], row(1, 11), row(2, 12)]
    rest, _ = await drain(changes, target, page.cursor)
    assert set(subjects + rest) == {str(number) for number in range(1, 11)}


async def test_a_number_cursor_goes_back_by_its_overlap_and_never_below_zero() -> None:
    target = Target(row(1, 5))
    changes = rule("{field: item.at, start: 0, overlap: 3}")
    _, cursor = await drain(changes, target)
    await drain(changes, target, cursor)
    assert [names["cursor"] for names in target.asked] == [0, 2]


async def test_a_time_cursor_goes_back_by_its_overlap_and_orders_by_the_moment() -> None:
    late, early = "2026-01-05T08:00:00+08:00", "2026-01-05T00:30:00+01:00"
    target = Target(row(1, late), row(2, early))
    changes = rule("{field: item.at, overlap_s: 600}")
    _, cursor = await drain(changes, target)
    assert decode_position(cursor).since == late  # 00:00 UTC, after 23:30 UTC
    page = await read_changes(changes, cursor, {}, FixedClock(), Source(target.fetch))
    assert target.asked[-1]["cursor"] == "2026-01-05T07:50:00+08:00"
    assert page.changes


async def test_an_empty_reading_keeps_the_cursor() -> None:
    changes = rule("{field: item.at, start: 0}")
    _, cursor = await drain(changes, Target(row(1, 7)))
    _, again = await drain(changes, Target(), cursor)
    assert decode_position(again).since == Decimal(7)


async def test_a_late_commit_within_the_overlap_is_found() -> None:
    changes = rule("{field: item.at, start: 0, overlap: 5}")
    target = Target(row(1, 1), row(3, 3))
    _, cursor = await drain(changes, target)
    target.rows.insert(1, row(2, 2))  # committed after 3 was seen
    subjects, _ = await drain(changes, target, cursor)
    assert "2" in subjects


async def test_the_answers_own_cursor_is_carried_on() -> None:
    changes = rule("{next: answer.next, start: 0}", "{size: 2}")

    async def fetch(names: Mapping[str, Any]) -> tuple[Mapping[str, Any], None]:
        since = int(names["cursor"])
        rows = [row(number, number) for number in range(since + 1, min(since + 3, 6))]
        return {"status": 200, "answer": {"rows": rows, "next": rows[-1]["at"] if rows else since}}, None

    subjects: list[str] = []
    cursor: bytes | None = None
    for more in (True, True, False):
        page = await read_changes(changes, cursor, {}, FixedClock(), Source(fetch))
        subjects += [change.subject for change in page.changes]
        cursor = page.cursor
        assert page.more is more
    assert subjects == ["1", "2", "3", "4", "5"]


async def test_records_that_are_not_as_declared_are_invalid_and_do_not_move_the_cursor() -> None:
    with pytest.raises(Invalid, match="item"):
        await drain(rule("{field: item.at, start: 0}"), Target({"id": 1, "at": 1}))


async def test_nothing_is_lost_when_restarts_and_new_records_fall_between_pages() -> None:
    seed = 20261122
    chance = random.Random(seed)
    for _ in range(50):
        target = Target()
        changes = rule("{field: item.at, start: 0, overlap: 4}", "{kind: page, size: 3}")
        seen: set[str] = set()
        cursor: bytes | None = None
        for _ in range(40):
            if chance.random() < 0.5:
                number = len(target.rows) + 1
                target.rows.append(row(number, number))
            page = await read_changes(changes, cursor, {}, FixedClock(), Source(target.fetch))
            seen |= {change.subject for change in page.changes}
            cursor = bytes(page.cursor)
        rest, _ = await drain(changes, target, cursor)
        assert seen | set(rest) == {str(each["id"]) for each in target.rows}, f"seed {seed}"


@pytest.mark.parametrize(
    "position",
    [
        Position(),
        Position(since=Decimal("1.10"), high=Decimal("-3"), page=4),
        Position(since="2026-01-05T00:00:00Z", token="天/1", offset=9),
        Position(since="5"),
    ],
)
def test_a_cursor_is_read_back_with_its_types(position: Position) -> None:
    assert decode_position(encode_position(position)) == position


@pytest.mark.parametrize("cursor", [b"", b"x", b"{}", b'{"v": 2}', b"[]"])
def test_a_foreign_cursor_is_invalid(cursor: bytes) -> None:
    with pytest.raises(Invalid):
        decode_position(cursor)
