"""The page that says which connector passes which case of the suite; read from the tests' source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from lineshaft.connectors.products import product_label, product_names

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "src" / "lineshaft" / "sdk" / "suite.py"
FOLDER = ROOT / "tests" / "conformance" / "connectors"
COLUMNS = {
    "TestHttpConnector": "HTTP manifests",
    "TestTrytonConnector": "Tryton (double)",
    "SqlSuite": "SQL staging (PostgreSQL, MariaDB)",
    "TestK3Cloud": "Kingdee K3Cloud (double)",
    "TestYonBip": "Yonyou YonBIP (double)",
    "TestSapS4": "SAP S/4HANA (double)",
    "TestDingTalk": "DingTalk approvals (double)",
    "TestEcology9": "Weaver e-cology 9 (double)",
    "FilesSuite": "files (SFTP)",
    "BrokerSuite": "RabbitMQ, MQTT",
    "TestLdap": "LDAP (OpenLDAP)",
    "TestMailbox": "mailbox (Dovecot)",
    "TestMail": "mail (SMTP)",
    "TestOpcUa": "OPC UA",
    "TestODataV4": "OData 2 and 4 (stand-in)",
    "TestJsonRpc": "JSON-RPC 2.0 (stand-in)",
    "TestScim": "SCIM 2.0 (stand-in)",
}
"""Test classes and what a reader calls them."""


def page() -> str:
    """Return the table: a case per row, a connector per column."""
    cases = list(_cases("ConnectorSuite", SUITE))
    own = {name: found for path in sorted(FOLDER.glob("*.py")) for name, found in _classes(path)}
    bases = _bases()
    own = {name: _inherited(name, own, bases) for name in own}
    known = [name for name in COLUMNS if name in own]
    lines = [
        "# What every connector passes",
        "",
        "One suite runs against every connector, over a real connection to a server that can be told how to",
        "fail (`lineshaft.sdk.suite`). A third party's connector subclasses it the same way. ✓ as it stands;",
        "◆ in a form of its own, because the target differs; – the target has no such thing.",
        "",
        f"| case | {' | '.join(COLUMNS[name] for name in known)} |",
        f"|---|{'|'.join(':-:' for _ in known)}|",
    ]
    for case in cases:
        marks = [_mark(own[name], case) for name in known]
        lines.append(f"| {case.removeprefix('test_').replace('_', ' ')} | {' | '.join(marks)} |")
    lines += [
        "",
        "HTTP manifests run the suite once for each of six kinds of credentials. What only they do",
        "(signatures, paging, envelopes) is tested beside it: see",
        "[manifests](../manifest.md) and [recipes](../recipes.md). *Double*: a server made here from the",
        "product's documented contract, not the product; its page says what was seen and what was not.",
    ]
    lines += ["", f"Products with a shipped manifest: {', '.join(_products())}."]
    return "\n".join(lines) + "\n"


def _products() -> Iterator[str]:
    for name in product_names():
        title = product_label(name)
        yield f"[{title.in_language('en')} {title.in_language('zh')}]({name}.md)"


def _cases(name: str, path: Path) -> Iterator[str]:
    for found, names in _classes(path):
        if found == name:
            yield from names


def _classes(path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each class with its cases: ``def`` where it has a body, ``none`` where it is taken out."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        names: dict[str, str] = {}
        for each in node.body:
            if isinstance(each, ast.AsyncFunctionDef | ast.FunctionDef) and each.name.startswith("test_"):
                names[each.name] = "def"
            elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                names[each.targets[0].id] = "none"
        yield node.name, names


def _inherited(
    name: str, own: Mapping[str, Mapping[str, str]], bases: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the forms of a class and of those it is made from."""
    return {**_inherited(bases[name], own, bases), **own[name]} if name in own else {}


def _bases() -> Mapping[str, str]:
    """Return the class that each class of this folder takes its own forms of the cases from."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py")))
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    return {
        node.name: next((base.id for base in node.bases if isinstance(base, ast.Name)), "")
        for node in classes
    }


def _mark(own: Mapping[str, str], case: str) -> str:
    return {"def": "◆", "none": "–"}.get(own.get(case, ""), "✓")
