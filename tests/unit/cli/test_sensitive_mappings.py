"""A mapping that sends what may not go there is refused when it is checked and when it is written (H10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.cli.commands import run

MAPPING = """\
format: 1
name: one
from: hr.person
to: crm.contact
fields:
  Name: record.name
  Pay: record.base_salary
"""


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["--lang", "en", *arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    for name in ("mappings", "systems", "sensitive"):
        (folder / name).mkdir(parents=True)
    (folder / "pack.yaml").write_text("format: 1\nname: own\nversion: 1.0.0\n", encoding="utf-8")
    (folder / "systems" / "crm.yaml").write_text("connector: http\n", encoding="utf-8")
    (folder / "mappings" / "one.yaml").write_text(MAPPING, encoding="utf-8")
    return folder


def test_check_names_field_class_system_and_what_to_write(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = pack / "mappings" / "one.yaml"
    assert command("mapping", "check", str(file)) == 2
    said = "".join(capsys.readouterr())
    for word in ("one.yaml:7", "Pay", "salary", "crm", "may_go_to: {salary: [crm]}"):
        assert word in said
    (pack / "sensitive" / "rules.yaml").write_text(
        "format: 1\nmay_go_to: {salary: [crm]}\n", encoding="utf-8"
    )
    assert command("mapping", "check", str(file)) == 0


def test_class_of_the_packs_own_counts_too(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pack / "mappings" / "one.yaml"
    file.write_text(MAPPING.replace("base_salary", "recipe"), encoding="utf-8")
    assert command("mapping", "check", str(file)) == 0
    (pack / "sensitive" / "rules.yaml").write_text(
        "format: 1\nclasses:\n  recipes: {zh: 配方, en: Recipes}\nfields: {recipes: [recipe]}\n"
        "may_go_to: {recipes: [mes]}\n",
        encoding="utf-8",
    )
    assert command("mapping", "check", str(file)) == 2
    assert "recipes" in "".join(capsys.readouterr())


def test_workbook_with_such_a_field_is_not_written_as_a_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, book, written = tmp_path / "one.yaml", tmp_path / "one.xlsx", tmp_path / "two.yaml"
    source.write_text(MAPPING, encoding="utf-8")
    assert command("mapping", "export", str(source), str(book)) == 0
    assert command("mapping", "import", str(book), str(written)) != 0
    assert "may not go to crm" in "".join(capsys.readouterr())
    assert not written.exists()
