"""``lineshaft mapping`` on files, and the how-to page of it performed step by step in both languages."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from lineshaft.cli.commands import run

HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.S)
MAPPING = """\
format: 1
name: one
from: a
to: b
fields:
  No: {value: record.no, convert: {prefix: CRM}}
  Day: string(today())
"""


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(list(arguments))
    code = ended.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINESHAFT_LANG", "en")
    file = tmp_path / "one.yaml"
    file.write_text(MAPPING, encoding="utf-8")
    return file


@pytest.mark.parametrize("page", ["map-fields.md", "map-fields.zh-CN.md"])
def test_the_page_about_mapping_fields_can_be_followed(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work, text = tmp_path / "work", (HOW_TO / page).read_text(encoding="utf-8")
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("LINESHAFT_LANG", "en")
    shown, ran = "", 0
    for match in BLOCK.finditer(text):
        language, block = match.groups()
        if language in ("json", "yaml"):
            name = re.findall(r"`([\w.-]+\.(?:json|yaml))`", text[: match.start()])[-1]
            (work / name).write_text(block, encoding="utf-8")
        elif language == "sh":
            # The next version that the page speaks of: one entry of the value map has changed.
            (tmp_path / "next").mkdir(exist_ok=True)
            changed = (
                (work / "erp-order.yaml").read_text("utf-8") if (work / "erp-order.yaml").exists() else ""
            )
            (tmp_path / "next" / "erp-order.yaml").write_text(
                changed.replace("cancelled: Z", "cancelled: X"), "utf-8"
            )
            shown = ""
            for line in block.splitlines():
                written, _, expected = line.partition(" # exit ")
                assert command(*shlex.split(written)[1:]) == int(expected or 0), capsys.readouterr()
                shown += capsys.readouterr().out
                ran += 1
        elif language == "text":
            for line in block.splitlines():
                assert re.sub(r"\s+", " ", line) in re.sub(r"\s+", " ", shown)
    assert ran == 10
    assert (work / "codes.xlsx").exists()


def test_both_pages_go_the_same_way() -> None:
    ways = []
    for page in ("map-fields.md", "map-fields.zh-CN.md"):
        blocks = BLOCK.findall((HOW_TO / page).read_text(encoding="utf-8"))
        ways.append([block.replace("--lang zh ", "") for language, block in blocks if language == "sh"])
    assert ways[0] == ways[1]


def test_a_mistake_is_printed_with_its_line_in_the_language_of_the_caller(
    mapping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping.write_text(MAPPING.replace("record.no", "recrod.no"), encoding="utf-8")
    assert command("--lang", "zh", "mapping", "check", "one.yaml") == 2
    assert "one.yaml:6:15" in (out := capsys.readouterr().out)
    assert "没有名称 recrod" in out


def test_records_come_from_csv_and_json_lines_and_the_time_is_given(
    mapping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mapping.parent / "rows.csv").write_text("no\n007\n008\n", encoding="utf-8-sig")
    (mapping.parent / "rows.jsonl").write_text('{"no": 1.50}\n{"no": null}\n', encoding="utf-8")
    now = ("--now", "2026-05-04T08:00:00+08:00", "--json")
    assert command("mapping", "run", "one.yaml", "rows.csv", *now) == 0
    assert [each["records"] for each in json.loads(capsys.readouterr().out)] == [
        [{"No": "CRM007", "Day": "2026-05-04"}], [{"No": "CRM008", "Day": "2026-05-04"}],
    ]  # fmt: skip
    assert command("mapping", "run", "one.yaml", "rows.jsonl", *now) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["records"][0]["No"] == "CRM1.50"
    assert [(each["field"], each["code"]) for each in second["problems"]] == [("No", "empty")]
    assert command("mapping", "run", "one.yaml", "rows.csv", "--now", "2026-05-04") == 2


def test_a_failing_test_is_named_and_ends_with_one(mapping: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = "  - {name: prefixed, now: 2026-05-04T00:00:00Z, given: {no: 1}, includes: {No: ERP1}}\n"
    mapping.write_text(f"{MAPPING}tests:\n{test}", encoding="utf-8")
    assert command("mapping", "test", "one.yaml") == 1
    out = capsys.readouterr().out
    assert 'prefixed: No: expected "ERP1", but it is "CRM1"' in out
    assert "1 tests, 1 failed" in out


def test_nothing_is_written_over_unless_it_is_asked_for(
    mapping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("mapping", "export", "one.yaml", "one.xlsx") == 0
    assert command("mapping", "import", "one.xlsx", "one.yaml") == 2
    assert mapping.read_text("utf-8") == MAPPING
    assert command("mapping", "import", "one.xlsx", "one.yaml", "--replace") == 0
    assert command("mapping", "check", "one.yaml", "one.xlsx") == 0
