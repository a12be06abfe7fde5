"""The floors hold: each fault that is planted in a copy of the tree is found by the import contracts.

All import faults are planted in one copy, in a file each, and found by one run: the words must name the
contract that is broken and the very file that breaks it.
"""

from __future__ import annotations

import pytest

from architecture.conftest import Tree, copied

FAULTS = {
    "an upward import": (
        "src/lineshaft/store/planted.py",
        "from lineshaft.app import build\n",
        "lineshaft.store is not allowed to import lineshaft.app",
    ),
    "an upward import inside a function": (
        "src/lineshaft/feel/planted.py",
        "def f():\n    import lineshaft.engine\n",
        "lineshaft.feel is not allowed to import lineshaft.engine",
    ),
    "a neighbour": (
        "src/lineshaft/bpmn/planted.py",
        "import lineshaft.dmn\n",
        "lineshaft.bpmn is not allowed to import lineshaft.dmn",
    ),
    "the engine knowing connectors": (
        "src/lineshaft/engine/planted.py",
        "import lineshaft.connectors\n",
        "lineshaft.engine is not allowed to import lineshaft.connectors",
    ),
    "the api choosing a connector": (
        "src/lineshaft/api/planted.py",
        "import lineshaft.connectors\n",
        "lineshaft.api is not allowed to import lineshaft.connectors",
    ),
    "the engine choosing a make of the store": (
        "src/lineshaft/engine/planted_make.py",
        "def f():\n    import lineshaft.store.memory.store\n",
        "lineshaft.engine is not allowed to import lineshaft.store.memory",
    ),
    "SQL in the store's port": (
        "src/lineshaft/store/port.py",
        "\nimport sqlalchemy\n",
        "lineshaft.store.port is not allowed to import sqlalchemy",
    ),
    "a clock in a pure room": (
        "src/lineshaft/bpmn/planted_clock.py",
        "import time\n",
        "lineshaft.bpmn is not allowed to import time",
    ),
    "a network in a pure room, inside a function": (
        "src/lineshaft/mapping/planted.py",
        "def f():\n    from asyncio import sleep\n",
        "lineshaft.mapping is not allowed to import asyncio",
    ),
    "chance on the ground floor": (
        "src/lineshaft/base/ids.py",
        "\nimport random\n",
        "lineshaft.base is not allowed to import random",
    ),
    "the hub knowing the plantbox": (
        "src/lineshaft/cli/planted.py",
        "import plantbox\n",
        "lineshaft is not allowed to import plantbox",
    ),
    "the plantbox knowing the hub": (
        "src/plantbox/planted.py",
        "import lineshaft.base\n",
        "plantbox is not allowed to import lineshaft",
    ),
    "a pack reaching into the engine": (
        "src/lineshaft_packs/planted.py",
        "import lineshaft.engine\n",
        "lineshaft_packs is not allowed to import lineshaft.engine",
    ),
    "the product importing the tests' tools": (
        "src/lineshaft/engine/planted_tool.py",
        "import pytest\n",
        "lineshaft is not allowed to import pytest",
    ),
}


@pytest.fixture(scope="module")
def words_about_faults(tmp_path_factory: pytest.TempPathFactory) -> str:
    tree = copied(tmp_path_factory.mktemp("faults"))
    for path, text, _ in FAULTS.values():
        tree.plant(path, text)
    good, words = tree.floors()
    assert not good
    return words


def test_floors_are_kept(tree: Tree) -> None:
    good, words = tree.floors()
    assert good, words


@pytest.mark.parametrize("fault", FAULTS)
def test_floors_find(words_about_faults: str, fault: str) -> None:
    path, text, expected = FAULTS[fault]
    assert expected in words_about_faults
    module = path.removeprefix("src/").removesuffix(".py").replace("/", ".")
    imported = text.split("import ")[-2 if "from " in text else -1].split()[-1 if "from " in text else 0]
    assert f"{module} -> {imported}" in words_about_faults


def test_floors_find_a_folder_without_a_floor(tree: Tree) -> None:
    tree.plant("src/lineshaft/basement/__init__.py", "")
    good, words = tree.floors()
    assert not good
    assert "lineshaft.basement" in words


def test_floors_find_a_connector_that_knows_another(tree: Tree) -> None:
    tree.plant("src/lineshaft/connectors/planted_a/__init__.py", "")
    tree.plant("src/lineshaft/connectors/planted_b/__init__.py", "import lineshaft.connectors.planted_a\n")
    good, words = tree.floors()
    assert not good
    assert "lineshaft.connectors.planted_b is not allowed to import lineshaft.connectors.planted_a" in words
