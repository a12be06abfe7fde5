"""The steps of docs/handbook.md that no other test would miss, and the handbook itself."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from architecture.conftest import ROOT
from lineshaft.api import application, routes
from lineshaft.bpmn.kernel import elements
from lineshaft.store import migrations

HANDBOOK = ROOT / "docs" / "handbook.md"
PACKS = ROOT / "src" / "lineshaft_packs"

ELEMENTS_WITHOUT_A_CASE = {
    "adHocSubProcess",
    "complexGateway",
    "eventBasedGateway",
    "eventSubProcess",
    "implicitThrowEvent",
    "inclusiveGateway",
    "manualTask",
}
"""Element types that the conformance tests do not name yet. This set may only get smaller."""


OPERATIONS_THAT_NOBODY_CALLS = {"erp.delivery.query"}
"""Operations of shipped systems without a caller and without a test. This set may only get smaller."""


def text_of(folder: Path, *patterns: str) -> str:
    return "".join(path.read_text("utf-8") for pattern in patterns for path in sorted(folder.rglob(pattern)))


def test_every_element_class_stands_in_the_table() -> None:
    folder = Path(inspect.getfile(elements)).parent
    for path in folder.glob("*.py"):
        module = import_module(
            f"{elements.__name__}.{path.stem}" if path.stem != "__init__" else elements.__name__
        )
        for name, found in vars(module).items():
            if inspect.isclass(found) and found.__module__ == module.__name__ and getattr(found, "types", ()):
                assert found in elements.ALL, f"{path.name}: {name} is not in ALL"


def test_every_element_type_has_a_conformance_case() -> None:
    cases = text_of(ROOT / "tests" / "conformance" / "bpmn", "*.py", "*.bpmn")
    cases += text_of(ROOT / "tests" / "unit" / "bpmn", "models.py")
    without = {name for name in elements.TABLE if not re.search(rf"\b{name}\b", cases)}
    assert without <= ELEMENTS_WITHOUT_A_CASE


def test_every_operation_of_a_shipped_system_is_used_by_its_pack_or_named_by_a_test() -> None:
    tests = text_of(ROOT / "tests" / "integration", "*.py") + text_of(ROOT / "tests" / "unit", "*.py")
    unused = set()
    for path in PACKS.glob("*/systems/*.yaml"):
        used = tests + text_of(path.parent.parent, "flows/*.yaml", "processes/*.bpmn", "mappings/*.yaml")
        operations = yaml.safe_load(path.read_text("utf-8")).get("operations", {})
        unused |= {f"{path.stem}.{name}" for name in operations if name not in used}
    assert unused <= OPERATIONS_THAT_NOBODY_CALLS


def test_every_migration_is_listed_and_follows_the_one_before() -> None:
    folder = Path(inspect.getfile(migrations)).parent / "versions"
    found = {}
    for path in sorted(folder.glob("v*.py")):
        values = {
            ast.unparse(node.targets[0]): ast.literal_eval(node.value)
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"revision", "down_revision"}
        }
        assert re.fullmatch(rf"v{values['revision']}_[a-z_]+", path.stem), path.name
        found[values["revision"]] = values["down_revision"]
    assert tuple(sorted(found)) == migrations.REVISIONS
    assert [found[revision] for revision in migrations.REVISIONS] == [None, *migrations.REVISIONS[:-1]]


def test_every_file_of_routes_is_mounted() -> None:
    folder = Path(inspect.getfile(routes)).parent
    for path in folder.glob("*.py"):
        router = getattr(import_module(f"{routes.__name__}.{path.stem}"), "router", None)
        if path.stem != "__init__":
            assert router in application.ROUTERS, f"{path.name}: its router is not in ROUTERS"


def test_every_group_of_commands_is_added() -> None:
    folder = ROOT / "src" / "lineshaft" / "cli"
    added = (folder / "commands.py").read_text("utf-8")
    for path in folder.glob("*.py"):
        if "def add_to(" in path.read_text("utf-8"):
            assert f"{path.stem}.add_to(app)" in added, f"{path.name}: its commands are not added"


def steps() -> dict[str, list[str]]:
    """Return each "How to …" with its numbered steps."""
    sections = re.split(r"^## ", HANDBOOK.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {
        section.split("\n")[0]: re.findall(r"^\d\. .+(?:\n(?!\d\.|\n).+)*", section, re.MULTILINE)
        for section in sections
    }


def test_handbook_has_no_list_longer_than_five_steps() -> None:
    """If a list gets longer, the code is wrong, not the reader."""
    assert len(steps()) >= 5
    for title, found in steps().items():
        assert 1 <= len(found) <= 5, title


def test_every_step_of_the_handbook_names_the_test_that_fails_without_it() -> None:
    for title, found in steps().items():
        for step in found:
            assert re.search(r"\*Without it:\* ", step), f"{title}: {step}"


@pytest.mark.parametrize("mention", sorted(set(re.findall(r"`(tests/[^`]+)`", HANDBOOK.read_text("utf-8")))))
def test_what_the_handbook_mentions_is_there(mention: str) -> None:
    path, _, name = mention.partition("::")
    assert (ROOT / path).exists(), mention
    if name:
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), mention


def test_files_that_the_handbook_names_are_there() -> None:
    for mention in re.findall(r"`((?:src|docs|tools|web|bench)/[^`<*]+)`", HANDBOOK.read_text("utf-8")):
        assert (ROOT / mention).exists(), mention
