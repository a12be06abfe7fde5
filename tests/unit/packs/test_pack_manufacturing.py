"""The pack of a whole manufacturer is its five packs: nothing lost, nothing twice, each on its own way."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.app import packs
from lineshaft.app.packs import files_in, folder_of, read_release
from lineshaft.app.trial import make_registry
from lineshaft.base.errors import DefinitionError
from lineshaft.engine.releases import compile_release, files_of
from lineshaft.sdk.pack import read_pack
from lineshaft.sdk.trail import TrailSpec

PARTS = (
    "order-to-delivery",
    "purchase-to-pay",
    "repair",
    "onboarding",
    "corrections",
    "opportunity-to-order",
    "customers",
)
HEAD = "format: 1\nname: {name}\nversion: 1.0.0\ntitle: T\ntakes: [{takes}]\n"


def trail_of(name: str) -> TrailSpec:
    files = {path: content for path, content in files_in(folder_of(name)).items() if "trail/" in path}
    return read_release(files_of(files), make_registry()).trail


def test_whole_has_every_definition_of_its_parts_and_reads_each_source_once() -> None:
    whole = compile_release(files_of(files_in(folder_of("manufacturing"))))
    asked = [(each.system, each.trigger) for each in whole.sources]
    assert len(asked) == len(set(asked))
    routes = 0
    drawn = {f"{each.folder}/{each.name}" for each in read_pack(files_in(folder_of("manufacturing"))).files}
    for name in PARTS:
        part = read_pack(files_in(folder_of(name)))
        assert {f"processes/{each.name}" for each in part.of("processes")} <= drawn
        assert {(each.system, each.trigger) for each in part.sources} <= set(asked)
        routes += len(part.routes)
    assert len(whole.routes) == routes
    [callbacks] = [each for each in whole.sources if (each.system, each.trigger) == ("oa", "change")]
    assert callbacks.interval_s == 1, "as often as the purchases need it"


def test_a_purchase_goes_its_own_way_beside_the_orders() -> None:
    whole, orders, purchases = map(trail_of, ("manufacturing", "order-to-delivery", "purchase-to-pay"))
    assert whole.stages == orders.stages, "the board is that of the orders"
    assert whole.way_of("crm", "sales_order").stages == orders.stages
    assert whole.way_of("oa", "approval").stages == purchases.stages
    assert whole.way_of("oa", "approval").way_of("crm", "sales_order").stages == orders.stages


def test_two_packs_with_different_definitions_of_one_name_are_refused_but_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "folder_of", lambda name: tmp_path / name)
    for name, takes, fields in (
        ("one", "", "a: record.a"),
        ("two", "", "a: record.b"),
        ("both", "{from: one}, {from: two}", None),
        ("own", "{from: one}, {from: two}", "a: record.c"),
    ):
        folder = tmp_path / name
        (folder / "mappings").mkdir(parents=True)
        (folder / "pack.yaml").write_text(HEAD.format(name=name, takes=takes), "utf-8")
        if fields is not None:
            text = f"format: 1\nname: m\nfrom: a\nto: b\nfields:\n  {fields}\n"
            (folder / "mappings" / "m.yaml").write_text(text, "utf-8")
    with pytest.raises(DefinitionError) as caught:
        files_in(tmp_path / "both")
    assert [each.code for each in caught.value.problems] == ["pack_file_twice"]
    assert b"record.c" in files_in(tmp_path / "own")["mappings/m.yaml"]
