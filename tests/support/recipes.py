"""The manifests of docs/reference/recipes.md by name, as they stand there."""

from __future__ import annotations

from pathlib import Path

from markdown_it import MarkdownIt

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "recipes.md"


def recipes() -> dict[str, str]:
    """Return each manifest's text by the name in its first line."""
    found = {}
    for token in MarkdownIt().parse(PAGE.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info.strip() == "yaml":
            head, _, rest = token.content.partition("\n")
            found[head.removeprefix("# ").strip()] = rest
    return found
