"""What every command shares: where the hub is, which language, how results and errors are printed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from unicodedata import east_asian_width

import typer

from lineshaft.app.config import HubConfig, read_config
from lineshaft.app.reaching import Api, reach
from lineshaft.base.errors import (
    HubError,
    InputError,
    Invalid,
    MissingReference,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
    UserError,
)
from lineshaft.base.text import Language, Text, language_of, text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON. 输出 JSON。")]


@dataclass(slots=True)
class Surroundings:
    """The options that stand before the command."""

    config_file: Path | None = None
    data: Path | None = None
    url: str | None = None
    token: str | None = None
    language: Language = "en"
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def config(self, **options: Any) -> HubConfig:
        """Return the configuration; ``options`` by path with ``__`` for the dot (``server__port``)."""
        file = self.config_file
        named = self.environment.get("LINESHAFT_CONFIG")
        if file is None and named:
            file = Path(named)
        given = {name.replace("__", "."): value for name, value in options.items()}
        return read_config(file=file, environment=self.environment, options={"data_dir": self.data, **given})

    def api(self) -> Api:
        """Return the API of the hub that is meant."""
        return reach(
            self.config(),
            url=self.url or self.environment.get("LINESHAFT_URL"),
            token=self.token or self.environment.get("LINESHAFT_TOKEN"),
            language=self.language,
        )

    def say(self, en: str, zh: str, **values: object) -> None:
        """Print a sentence in the caller's language."""
        out(Text(en, zh, values).in_language(self.language))

    def word(self, en: str, zh: str) -> str:
        """Return a word in the caller's language."""
        return zh if self.language == "zh" else en


def here(context: typer.Context) -> Surroundings:
    """Return the surroundings of a command."""
    found = context.find_root().obj
    assert isinstance(found, Surroundings)
    return found


def chosen_language(option: str | None, environment: Mapping[str, str]) -> Language:
    """Return the language: ``--lang``, ``LINESHAFT_LANG``, then what the terminal is set to."""
    for tag in (option, environment.get("LINESHAFT_LANG")):
        if tag:
            return language_of(tag)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return language_of(environment[name])
    return "en"


def json_object(given: str) -> dict[str, Any]:
    """Return an object that was given as JSON, or as the name of a JSON file; numbers are exact.

    Raises:
        InputError: It is neither.
    """
    content = given
    if not given.lstrip().startswith("{"):
        file = Path(given.removeprefix("@"))
        if not file.is_file():
            raise InputError(
                text(
                    "Expected a JSON object or the name of a JSON file, but there is no file {file}.",
                    "应为 JSON 对象或 JSON 文件名,但没有文件 {file}。",
                    file=file,
                )
            )
        content = file.read_text(encoding="utf-8")
    try:
        value = json.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise InputError(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=error)
        ) from error
    if not isinstance(value, dict):
        raise InputError(text("Expected a JSON object.", "应为 JSON 对象。"))
    return value


def out(line: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def out_json(value: Any) -> None:
    """Print a value as JSON."""
    out(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    # Decimals keep their digits as text where JSON's reader would round them.
    return str(value)


_WHAT_FOLLOWS: Mapping[type[HubError], Text] = {
    Refused: Text(
        "refused: a business no; the hub gives it back to its source and never repeats it",
        "refused:业务拒绝,退回来源,不再重试",
    ),
    Invalid: Text(
        "invalid: wrong data; in the hub it becomes a dead letter at once", "invalid:数据错误,立即转入死信"
    ),
    Unavailable: Text(
        "unavailable: nothing was done; the hub tries again in growing gaps",
        "unavailable:未执行,按递增间隔重试",
    ),
    RateLimited: Text("rate_limited: the hub waits and goes on by itself", "rate_limited:等待后自动继续"),
    OutcomeUnknown: Text(
        "unknown: it may have been done; the hub finds out by `safety`, or asks a person, before any repeat",
        "unknown:可能已执行;按 safety 查明或由人确认后才会重试",
    ),
    MissingReference: Text(
        "missing_reference: it waits until what it names is known", "missing_reference:等待所引用的对象出现"
    ),
}
"""What the class of a connector's error means for whoever tries a manifest."""


def complain(error: HubError, language: Language) -> int:
    """Print an error as a person reads it; return the exit status: 2 where the caller can mend it."""
    label = "错误" if language == "zh" else "Error"
    sys.stderr.write(f"{label}: {error.message.in_language(language)}\n")
    if error.hint is not None:
        sys.stderr.write(f"  {error.hint.in_language(language)}\n")
    if type(error) in _WHAT_FOLLOWS:
        sys.stderr.write(f"  {_WHAT_FOLLOWS[type(error)].in_language(language)}\n")
    return 2 if isinstance(error, UserError) else 1


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows in columns; Chinese characters take two places."""
    lines = [[str(cell) if cell is not None else "" for cell in row] for row in rows]
    widths = [
        max([_width(heading), *(_width(line[column]) for line in lines)])
        for column, heading in enumerate(headings)
    ]
    for line in [list(headings), *lines]:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        out("  ".join(cells).rstrip())


def _width(shown: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in shown)
