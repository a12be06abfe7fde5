"""``lineshaft dmn`` and ``lineshaft feel`` on files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineshaft.cli.commands import run

MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="credit"
  namespace="urn:credit">
  <inputData id="i" name="amount"><variable name="amount" typeRef="number"/></inputData>
  <decision id="limit" name="Limit"><variable name="Limit" typeRef="string"/>
    <informationRequirement><requiredInput href="#i"/></informationRequirement>
    <decisionTable hitPolicy="U">
      <input><inputExpression typeRef="number"><text>amount</text></inputExpression></input>
      <output typeRef="string"/>
      <rule><inputEntry><text>&lt;= 50000</text></inputEntry>
        <outputEntry><text>"pass"</text></outputEntry></rule>
      <rule><inputEntry><text>&gt; 60000</text></inputEntry>
        <outputEntry><text>"ask"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "credit.dmn"
    file.write_text(MODEL, encoding="utf-8")
    return file


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["--lang", "en", *arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_dmn_eval_prints_value_and_rule_when_inputs_come_from_a_file(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = tmp_path / "inputs.json"
    inputs.write_text('{"amount": 70000.5}', encoding="utf-8")
    assert command("dmn", "eval", str(model), "Limit", "--inputs", str(inputs)) == 0
    assert capsys.readouterr().out == '"ask"\nmatched rules: 2\n'


def test_dmn_check_names_the_gap_of_a_table(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("dmn", "check", str(model))
    assert "50000" in capsys.readouterr().out


def test_dmn_compare_tells_a_changed_limit_in_words(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = tmp_path / "newer.dmn"
    newer.write_text(MODEL.replace("50000", "80000"), encoding="utf-8")
    assert command("dmn", "compare", str(model), str(newer), "--json") == 0
    changes = json.loads(capsys.readouterr().out)
    assert any("80000" in change["text"]["en"] for change in changes)
    assert any("80000" in change["text"]["zh"] for change in changes)


def test_feel_takes_its_context_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context = tmp_path / "context.json"
    context.write_text('{"price": 0.1}', encoding="utf-8")
    assert command("feel", "price * 3", "--context", str(context)) == 0
    assert capsys.readouterr().out == "0.3\n"


def test_feel_says_what_it_expected_when_there_is_no_such_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("feel", "1", "--context", "nothing.json") == 2
    assert "nothing.json" in capsys.readouterr().err
