"""``lineshaft connector`` names the products with a shipped manifest, and copies one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineshaft.cli.commands import run
from lineshaft.connectors.http import read_manifest


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["--lang", "en", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_product_becomes_a_manifest_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "finance.yaml"
    assert command("connector", "new", str(file), "--product", "k3cloud") == 0
    assert "LINESHAFT_SECRET_K3CLOUD_APP_SECRET" in capsys.readouterr().out
    manifest = read_manifest(file.read_bytes(), "finance.yaml")
    assert manifest.spec.name == "finance"
    assert "finance.sales_order.changed" in manifest.spec.triggers[0].event_types
    assert command("connector", "new", str(file), "--product", "no-such") != 0


def test_the_list_names_products_beside_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("connector", "list", "--json") == 0
    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["http"]["product"] is False
    assert listed["dingtalk"]["product"] is True
    assert listed["dingtalk"]["label"]["zh"] == "钉钉审批"
