"""What the pages say is so: examples run, links lead somewhere, commands exist, nothing is stale."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from tools import docs

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "web" / "README.md",
        ROOT / "bench" / "README.md",
    ]
)
READERS = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}


@dataclass(frozen=True, slots=True)
class Fence:
    """One block of code in a page: its language, its first line (from 1), its text."""

    language: str
    line: int
    text: str


def fences(page: Path) -> list[Fence]:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [
        Fence(token.info.strip(), token.map[0] + 2, token.content)
        for token in tokens
        if token.type == "fence" and token.map
    ]


def names(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_examples_in_pages_run_from_top_to_bottom() -> None:
    """A page's Python blocks share their names, as a reader would type them."""
    for page in PAGES:
        shared: dict[str, object] = {"__name__": f"example:{names(page)}"}
        for fence in fences(page):
            if fence.language == "python":
                source = "\n" * (fence.line - 1) + fence.text
                exec(compile(source, str(page), "exec"), shared)


def test_data_in_pages_can_be_read() -> None:
    for page in PAGES:
        for fence in fences(page):
            if fence.language in READERS:
                READERS[fence.language](fence.text)


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_of_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        found = (page.parent / path) if path else page
        assert found.exists(), f"{names(page)}: {target} is not there"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{names(page)}: {target} has no such heading"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_targets_that_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)[ `]", page.read_text(encoding="utf-8")))
        for fence in fences(page):
            named |= set(re.findall(r"^(?:\$ )?make ([a-z]+)", fence.text, re.MULTILINE))
        assert named <= targets, f"{names(page)}: {sorted(named - targets)}"


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.MULTILINE), target


def test_generated_pages_are_not_stale() -> None:
    """Mended by `make docs`."""
    assert docs.stale() == []


def test_every_page_can_be_found_from_the_front_page() -> None:
    start = ROOT / "docs" / "README.md"
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        waiting += [page.parent / link for link in links if "://" not in link]
    lost = [names(page) for page in sorted((ROOT / "docs").rglob("*.md")) if page.resolve() not in seen]
    assert lost == []


def test_both_front_pages_name_the_same_commands() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    commands = [
        [fence.text for fence in fences(page) if fence.language == "sh"] for page in (english, chinese)
    ]
    assert commands[0] == commands[1]
    assert "make demo" in "".join(commands[0])
    assert "make test" in "".join(commands[0])


def test_change_log_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.MULTILINE)
    assert versions[0][0] == "Unreleased"
    assert all(date for name, date in versions[1:])
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_glossary_has_both_languages_and_no_word_twice() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \| (.+?) \|$", glossary(), re.MULTILINE)
    assert len(rows) > 25
    words = [word for word, _, _ in rows]
    assert len(words) == len(set(words))
    for word, chinese, meaning in rows:
        assert re.search(r"[\u4e00-\u9fff]", chinese), word
        assert meaning.strip(), word


def glossary() -> str:
    return (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
