"""Words in both languages, as answers carry them."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages, its values filled in."""

    zh: str
    en: str

    @classmethod
    def of(cls, text: Text) -> Words:
        """Return the words of a text."""
        return cls(text.in_language("zh"), text.in_language("en"))


def words(en: str, zh: str, /, **values: object) -> Words:
    """Make words; a value that is ``Words`` itself is filled in by language."""

    def side(template: str, language: str) -> str:
        filled = {
            name: (value.zh if language == "zh" else value.en) if isinstance(value, Words) else value
            for name, value in values.items()
        }
        return template.format(**filled) if filled else template

    return Words(side(zh, "zh"), side(en, "en"))
