"""Kinds of connectors are registered explicitly or by entry point, each name once."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from lineshaft.base.errors import ConfigError, DefinitionError, NotFound
from lineshaft.connectors.http import HTTP
from lineshaft.sdk.registry import GROUP, Definition, Registry

SYSTEM = b"format: 1\nname: erp\n"


def test_a_definition_without_a_kind_is_a_manifest() -> None:
    registry = Registry()
    registry.register(HTTP, "lineshaft")
    assert registry.read(SYSTEM, "erp.yaml").spec.name == "erp"


def test_a_name_that_is_taken_names_both_packages() -> None:
    registry = Registry()
    registry.register(HTTP, "lineshaft")
    with pytest.raises(ConfigError, match=r"lineshaft.*acme-connectors"):
        registry.register(HTTP, "acme-connectors")


class Quiet:
    """A kind as a class of another package."""

    name = "quiet"
    label = HTTP.label

    def read(self, content: bytes, file: str) -> Definition:
        return HTTP.read(content, file)


@pytest.mark.parametrize(
    ("name", "value"), [("http", "lineshaft.connectors.http:HTTP"), ("quiet", f"{__name__}:Quiet")]
)
def test_an_entry_point_brings_its_kind_or_the_class_of_it(name: str, value: str) -> None:
    registry = Registry()
    registry.load_entry_points([EntryPoint(name, value, GROUP)])
    assert registry.names == [name]


@pytest.mark.parametrize("value", ["lineshaft.connectors.http:HTTP", "lineshaft.sdk.registry:Registry"])
def test_an_entry_point_that_is_not_that_kind_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="soap"):
        Registry().load_entry_points([EntryPoint("soap", value, GROUP)])


def test_an_unknown_kind_is_told_with_its_place_and_the_known_ones() -> None:
    registry = Registry()
    registry.register(HTTP, "lineshaft")
    with pytest.raises(NotFound):
        registry.kind("soap")
    with pytest.raises(DefinitionError, match=r"systems/x\.yaml:2:12.*http.*soap"):
        registry.read(b"format: 1\nconnector: soap\n", "systems/x.yaml")


def test_importing_registers_nothing() -> None:
    assert Registry().names == []
