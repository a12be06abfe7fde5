"""Every read of the store takes a scope: an unscoped one is found."""

from __future__ import annotations

import pytest

from architecture.conftest import Tree
from tools import scoped_reads


def test_every_read_takes_a_scope() -> None:
    assert scoped_reads.complaints() == []


def test_unscoped_read_of_the_port_is_found(tree: Tree) -> None:
    planted = '    async def all_payroll(self, month: str) -> list[str]:\n        """Read."""\n        ...\n'
    tree.plant("src/lineshaft/store/port.py", "\n" + planted)
    found = scoped_reads.complaints(tree.root)
    assert len(found) == 1
    assert "all_payroll takes no `scope: Scope`" in found[0]


def test_scope_of_another_type_does_not_count(tree: Tree) -> None:
    tree.replace(
        "src/lineshaft/store/port.py",
        "self, scope: Scope, instance_id: str",
        "self, scope: str, instance_id: str",
    )
    assert any("takes no `scope: Scope`" in complaint for complaint in scoped_reads.complaints(tree.root))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    async def history(self, instance_id: str):\n        return []\n", "takes no `scope: Scope`"),
        (
            "    async def history(self, scope: Scope, instance_id: str):\n        return self._rows\n",
            "takes a scope and never uses it",
        ),
        (
            "    pass\n\nasync def history(self: Make, scope: Scope, key: str):\n    return self.rows\n",
            "takes a scope and never uses it",
        ),
        (
            "    async def _rows(self):\n        return 'SELECT id FROM instances WHERE id = ?'\n",
            "SELECT from instances without naming tenant",
        ),
        (
            "    def _sql(self):\n        return f'SELECT id FROM instances JOIN worker ON {self.x}'\n",
            "SELECT from instances without naming tenant",
        ),
    ],
)
def test_unscoped_read_of_a_make_is_found(tree: Tree, body: str, expected: str) -> None:
    before = scoped_reads.complaints(tree.root)
    tree.plant("src/lineshaft/store/planted/reads.py", f"class Reads:\n{body}")
    found = [complaint for complaint in scoped_reads.complaints(tree.root) if complaint not in before]
    assert len(found) == 1
    assert expected in found[0]


def test_select_with_its_tenant_is_fine(tree: Tree) -> None:
    before = scoped_reads.complaints(tree.root)
    tree.plant("src/lineshaft/store/planted/reads.py", "SQL = 'SELECT id FROM instances WHERE tenant = ?'\n")
    assert scoped_reads.complaints(tree.root) == before


def test_closed_list_names_only_methods_of_the_port(tree: Tree) -> None:
    port = (tree.root / scoped_reads.PORT).read_text(encoding="utf-8")
    for name in set().union(*scoped_reads.WITHOUT_SCOPE.values()):
        assert f"def {name}(" in port, f"{name} is no method of the port any more: shorten the list"
