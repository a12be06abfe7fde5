"""Bilingual text: every sentence a user reads exists in Chinese and in English.

Not a translation framework: a text is two templates and its values, chosen by language at the edge
(CLI, API, console), never deeper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Language = Literal["zh", "en"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages.

    ``en`` and ``zh`` are ``str.format`` templates over ``values``. A value is formatted by ``str``.
    """

    en: str
    zh: str
    values: Mapping[str, object] = field(default_factory=dict)

    def in_language(self, language: Language) -> str:
        """Return the message in one language, with its values filled in."""
        template = self.zh if language == "zh" else self.en
        return template.format(**self.values) if self.values else template

    def to_dict(self) -> dict[str, str]:
        """Return ``{"zh": …, "en": …}``, the shape of names and messages in files and in the API."""
        return {"zh": self.in_language("zh"), "en": self.in_language("en")}

    def __str__(self) -> str:
        return self.in_language("en")


def text(en: str, zh: str, /, **values: object) -> Text:
    """Make a bilingual text; ``values`` fill both templates."""
    return Text(en, zh, values)


_BETWEEN = "\u001e"
"""Record separator (ISO 646): between the languages of a text in one column; it stands in no text itself."""


def to_column(text: Text, characters_max: int) -> str:
    """Return both languages for one column of text: English, then Chinese where it differs.

    Args:
        characters_max: The length of the whole; each language is cut to its share.
    """
    english, chinese = (text.in_language(language).replace(_BETWEEN, " ") for language in ("en", "zh"))
    if english == chinese:
        return _cut(english, characters_max)
    share = (characters_max - 1) // 2
    return f"{_cut(english, share)}{_BETWEEN}{_cut(chinese, share)}"


def of_column(column: str) -> Text:
    """Return the text of a column; what was written in one language only is the same in both."""
    english, _, chinese = column.partition(_BETWEEN)
    return Text(english, chinese or english)


def _cut(words: str, characters_max: int) -> str:
    return words if len(words) <= characters_max else words[: characters_max - 1] + "…"


def both_names(name: str) -> Text:
    """Split a name that a model carries in both languages, "发货 Delivery shipped".

    The Chinese part ends with the last Chinese character and what stands on to it without a blank; without
    two parts the name is the same in both languages.
    """
    last = max((place for place, character in enumerate(name) if _is_chinese(character)), default=-1)
    end = name.find(" ", last + 1)
    if last < 0 or end < 0 or not name[end:].strip():
        return Text(name.strip(), name.strip())
    return Text(name[end:].strip(), name[:end].strip())


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"


def language_of(tag: str | None, default: Language = "en") -> Language:
    """Choose the language for a locale name or an ``Accept-Language`` header, e.g. ``zh_CN.UTF-8``."""
    for part in (tag or "").split(","):
        name = part.split(";")[0].strip().lower()
        if name.startswith("zh"):
            return "zh"
        if name.startswith("en"):
            return "en"
    return default
