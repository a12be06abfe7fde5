"""Writes the generated pages of ``docs/``: ``make docs``. A test fails where one is stale.

A page is generated where its content stands elsewhere already: in code, in results, in file names.
To add one: write a function that returns its text and name it in ``PAGES``.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lineshaft.app.config import LIMITS, SETTINGS
from lineshaft.base import errors as errors_tree
from lineshaft.bpmn import reference as bpmn_reference
from lineshaft.connectors.brokers import reference as brokers_reference
from lineshaft.connectors.files import reference as files_reference
from lineshaft.connectors.ldap import reference as ldap_reference
from lineshaft.connectors.mailbox import reference as mailbox_reference
from lineshaft.connectors.tryton import reference as tryton_reference
from lineshaft.feel import reference as feel_reference
from lineshaft.mapping import reference as mapping_reference
from tools import connector_table, fault_matrix, product_pages

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
NOTE = "<!-- Written by `make docs`; edits here are lost. -->\n"


def adr_index() -> str:
    """List the decisions, newest first, each with its title and state."""
    lines = [
        "# Decisions\n",
        "One page per big decision, by date; never edited after acceptance, only superseded.\n",
    ]
    for path in sorted((DOCS / "adr").glob("[0-9]*.md"), reverse=True):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^# (.+)$", text, re.MULTILINE)
        state = re.search(r"^State: (.+)$", text, re.MULTILINE)
        day = f"{path.name[:4]}-{path.name[4:6]}-{path.name[6:8]}"
        lines.append(
            f"- {day} [{title[1] if title else path.stem}]({path.name}): {state[1] if state else 'unknown'}"
        )
    return _page(lines)


def errors() -> str:
    """List every error the hub raises on purpose: its code, who must act, its meaning."""
    lines = [
        "# Errors\n",
        "Everything the hub raises on purpose has a stable code. Its branch says who must act.\n",
        "| code | class | who must act | meaning |",
        "|---|---|---|---|",
    ]
    actors = (
        (errors_tree.UserError, "the caller"),
        (errors_tree.OperationalError, "the world"),
        (errors_tree.UnexpectedError, "the makers"),
    )
    for name, found in vars(errors_tree).items():
        if inspect.isclass(found) and issubclass(found, errors_tree.HubError):
            who = next((who for branch, who in actors if issubclass(found, branch)), "-")
            meaning = (inspect.getdoc(found) or "").split("\n")[0].replace("|", "\\|")
            lines.append(f"| `{found.default_code}` | `{name}` | {who} | {meaning} |")
    return _page(lines)


def api() -> str:
    """List every route of the API, from its own description."""
    from lineshaft.api.application import make_routes

    services: Any = SimpleNamespace(version="any")
    lines = [
        "# API\n",
        "Everything stands below `/api/v1`; a running hub describes it in full at `/api/v1/openapi.json`.",
        "Errors are problem details (RFC 9457). What may be asked without a token is a closed list in",
        "`src/lineshaft/api/access.py`.\n",
        "| | route | what it does |",
        "|---|---|---|",
    ]
    for path, methods in sorted(make_routes(services).openapi()["paths"].items()):
        for method, route in methods.items():
            lines.append(f"| {method.upper()} | `{path}` | {_first_sentence(route.get('description'))} |")
    return _page(lines)


def openapi() -> str:
    """Return the API's own description, from which the console's types are made."""
    from lineshaft.api.application import make_routes

    services: Any = SimpleNamespace(version="0")
    described = make_routes(services).openapi()
    return json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def manifest_json_schema() -> str:
    """Return the JSON Schema of manifests, for editors."""
    from lineshaft.connectors.http.manifest_schema import manifest_schema

    return json.dumps(manifest_schema(), ensure_ascii=False, indent=1) + "\n"


def canonical_schema() -> str:
    """Return the JSON Schema of the business objects."""
    from lineshaft.canonical.schema import json_schema

    return json.dumps(json_schema(), ensure_ascii=False, indent=1, default=str) + "\n"


def canonical() -> str:
    """Describe every business object, from its declaration."""
    from lineshaft.canonical.schema import page

    return _page([page()])


def commands() -> str:
    """List every command, from its own help."""
    import typer.main

    from lineshaft.cli.commands import app

    lines = [
        "# Commands\n",
        "Each explains itself with `--help`.\n",
        "| command | what it does |",
        "|---|---|",
    ]
    waiting: list[tuple[str, Any]] = [("lineshaft", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        inner = getattr(command, "commands", {})
        waiting += [(f"{name} {each}", inner[each]) for each in sorted(inner, reverse=True)]
        if not inner:
            lines.append(f"| `{name}` | {_first_sentence(command.help)} |")
    return _page(lines)


def _first_sentence(help_text: str | None) -> str:
    return (help_text or "").strip().split("\n")[0].replace("|", "\\|")


def floors() -> str:
    """Show the floors of the house as the import contracts have them, with what lives on each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    lines = [
        "# Floors\n",
        "Imports only go down; folders on one floor do not know each other. `make check` proves it.\n",
        "| floor | folder | what lives there |",
        "|---:|---|---|",
    ]
    storeys = [layer for layer in layers if not layer.startswith("__")]
    for number, layer in zip(range(len(storeys), 0, -1), storeys, strict=True):
        lines += [
            f"| {number} | `lineshaft/{folder}` | {_purpose(f'lineshaft/{folder}')} |"
            for folder in layer.split(" | ")
        ]
    lines += [f"| beside | `{name}` | {_purpose(name)} |" for name in ("lineshaft_packs", "plantbox")]
    lines.append("\n## What else holds\n")
    lines += [f"- {contract['name']}." for contract in contracts if contract["type"] != "layers"]
    return _page(lines)


def _purpose(package: str) -> str:
    source = (ROOT / "src" / package / "__init__.py").read_text(encoding="utf-8")
    first = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0]
    return re.sub(r"^Floor \d+: ", "", " ".join(first.split())).replace("|", "\\|")


def proof() -> str:
    """Show the newest figures of every long run."""
    lines = [
        "# What the long runs showed\n",
        "`make proof` runs them; each line below stands for the newest run that came to its end without a",
        "violation. The same commit and seed give the same run.\n",
    ]
    entries = [each for each in _results(DOCS / "reference" / "proof") if "fault" not in each["figures"]]
    if not entries:
        lines.append("Nothing is recorded yet.")
    for entry in entries:
        seed = "" if entry["seed"] is None else f" · seed `{entry['seed']}`"
        lines += [
            f"## {entry['name']}\n",
            f"commit `{entry['commit']}` ({entry['date']}){seed} · {entry['machine']}  ",
            f"`{entry['test']}`\n",
            *_table(entry["figures"]),
        ]
    return _page(lines)


def performance() -> str:
    """Show the newest figures of every benchmark."""
    lines = [
        "# Speed\n",
        "`make bench` measures it on your machine; the figures below say on which one they were measured.\n",
    ]
    entries = _results(ROOT / "bench" / "results")
    if not entries:
        lines.append("Nothing is recorded yet.")
    for entry in entries:
        lines += [
            f"## {entry['name']}\n",
            f"{entry['summary']}\n",
            f"commit `{entry['commit']}` ({entry['date']}) · {entry['machine']}\n",
            *_table(entry["figures"]),
        ]
    return _page(lines)


def configuration() -> str:
    """List every setting of the hub with its default and its meaning."""
    meanings = {
        **_attribute_notes("src/lineshaft/engine/config.py"),
        **_attribute_notes("src/lineshaft/app/config.py"),
        **_attribute_notes("src/lineshaft/app/keeping_config.py"),
    }
    classes = {"engine": "EngineSettings"}
    lines = [
        "# Configuration\n",
        "A TOML file, over it the environment (`LINESHAFT_` and the path in capitals, joined by `_`), over "
        "it the command line. Lists are given there with commas. `[systems.NAME]` holds what the "
        "manifest of that system asks for, and `home_url` and `page_url`, its own pages for people.",
    ]
    section = None
    for path, (_, default) in SETTINGS.items():
        head, _, name = path.rpartition(".")
        if head != section:
            section = head
            title = f"`[{head}]`" if head else "Above all sections"
            lines += [f"\n## {title}\n", "| setting | default | meaning |", "|---|---|---|"]
        owner = classes.get(head, f"{head.capitalize()}Config" if head else "HubConfig")
        note = meanings.get(f"{owner}.{name}") or meanings.get(f"EngineConfig.{name}") or ""
        low_high = LIMITS.get(path)
        limits = f" ({low_high[0]:g} to {low_high[1]:g})" if low_high else ""
        shown = default if not isinstance(default, tuple) else list(default)
        note = note.replace("``", "`").replace("|", "\\|").replace("\n", " ")
        lines.append(f"| `{name}` | `{json.dumps(shown, default=str)}` | {note}{limits} |")
    return _page(lines)


def _attribute_notes(path: str) -> dict[str, str]:
    """Return the text below each attribute of the classes of a file, by ``Class.attribute``."""
    found = {}
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for node in tree.body:
        body = node.body if isinstance(node, ast.ClassDef) else []
        for attribute, note in pairwise(body):
            is_note = isinstance(note, ast.Expr) and isinstance(note.value, ast.Constant)
            if isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name) and is_note:
                words = inspect.cleandoc(str(note.value.value))  # type: ignore[attr-defined]
                found[f"{node.name}.{attribute.target.id}"] = words  # type: ignore[attr-defined]
    return found


def _product_page(name: str) -> str:
    return NOTE + product_pages.page(name)


PAGES: dict[str, Callable[[], str]] = {
    "adr/README.md": adr_index,
    "reference/bpmn.md": bpmn_reference.page,
    "reference/api.md": api,
    "reference/canonical.md": canonical,
    "reference/canonical.schema.json": canonical_schema,
    "reference/commands.md": commands,
    "reference/configuration.md": configuration,
    "reference/connectors/conformance.md": lambda: NOTE + connector_table.page(),
    "reference/mapping.md": lambda: NOTE + mapping_reference.page("en"),
    "reference/mapping.zh-CN.md": lambda: NOTE + mapping_reference.page("zh"),
    "reference/manifest.schema.json": manifest_json_schema,
    "reference/connectors/mqtt.md": lambda: NOTE + brokers_reference.mqtt_page(),
    "reference/connectors/rabbitmq.md": lambda: NOTE + brokers_reference.rabbitmq_page(),
    "reference/connectors/files.md": lambda: NOTE + files_reference.page(),
    "reference/connectors/ldap.md": lambda: NOTE + ldap_reference.page(),
    "reference/connectors/mailbox.md": lambda: NOTE + mailbox_reference.page(),
    "reference/connectors/tryton.md": lambda: NOTE + tryton_reference.page(),
    "reference/errors.md": errors,
    "reference/feel.md": lambda: feel_reference.page("en"),
    "reference/feel.zh-CN.md": lambda: feel_reference.page("zh"),
    "reference/fault-matrix.md": lambda: NOTE + fault_matrix.page(_results(DOCS / "reference" / "proof")),
    "reference/floors.md": floors,
    "reference/performance.md": performance,
    "reference/proof.md": proof,
    "../web/openapi.json": openapi,
    **{path: partial(_product_page, name) for name, path in product_pages.paths().items()},
}
"""Every generated page: its path below ``docs/`` and what writes it."""


def _results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def _table(figures: object) -> list[str]:
    assert isinstance(figures, dict)
    rows = [f"| {name} | {_shown(value)} |" for name, value in figures.items()]
    return ["| figure | value |", "|---|---:|", *rows, ""]


def _shown(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).replace("|", "\\|")
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _page(lines: list[str]) -> str:
    return NOTE + "\n".join(lines).rstrip() + "\n"


def stale() -> list[str]:
    """Return the pages that differ from what their sources give now."""
    return [
        name
        for name, write in PAGES.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != write()
    ]


def write_all() -> None:
    """Write every page that is stale."""
    for name in stale():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGES[name](), encoding="utf-8")
        print(f"docs/{name}: written")


def main() -> None:
    """Write all pages, or with ``--check`` only tell which are stale."""
    if "--check" in sys.argv[1:]:
        names = stale()
        print("\n".join(f"docs/{name}: stale; run `make docs`" for name in names) or "docs: nothing is stale")
        sys.exit(1 if names else 0)
    write_all()


if __name__ == "__main__":
    main()
