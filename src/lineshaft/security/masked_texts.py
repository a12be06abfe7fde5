"""Sensitive values inside texts: XML, JSON, tables with a heading, and names with their values. Pure.

A text is taken apart only as far as names can be seen in it; what does not parse to its end stays hidden to
its end. Nothing is resolved, so that a text can ask for nothing (entities, external files).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from lineshaft.base.numbers import exact
from lineshaft.sdk.sensitive import SensitiveSpec

STARS: Final = "***"
_TAG: Final = re.compile(
    r"<(?P<end>/?)(?P<name>[^\W\d][\w:.\-]*+)(?P<rest>(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+)>"
)
_SECTIONS: Final = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))
_ATTRIBUTE: Final = re.compile(
    r"(?<![\w:.\-])(?P<name>[^\W\d][\w:.\-]*+)(?P<between>\s*=\s*)(?P<value>\"[^\"]*\"|'[^']*')"
)
_PAIR: Final = re.compile(
    r"(?<![\w\-])(?P<name>[\w\-]++(?: [\w\-]++){0,2}?)(?P<between>\\?[\"']?\s*[=::=]\s*)"
    r"(?P<value>\\?\"[^\"\n]*\"|'[^'\n]*'|[+¥$€\-]?\s?\d[\d ,.\-]*+(?<=\d)|[^,;&|<>\n\"',;。、(){}\[\]]+)"
)
_SEPARATORS: Final = ",;\t|"
_TABLE_MAX: Final = 2_000_000
_CELL_MAX: Final = 131_072
_NAME_MAX: Final = 80
"""Characters at the end of a run of words in which a sensitive name is looked for: names are no longer."""


@dataclass(slots=True)
class TextMasking:
    """One pass over texts."""

    spec: SensitiveSpec
    hidden: frozenset[str]
    system: str = ""
    found: set[str] = field(default_factory=set)
    """Classes of what was taken out."""
    shown: set[str] = field(default_factory=set)
    """Classes of what was let through."""
    quoted: set[str] = field(default_factory=set)
    """What was taken out."""

    def text(self, said: str, inner: Callable[[Any], Any]) -> str:
        """Return a text with the values of sensitive names replaced by stars; the same where there are none.

        ``inner`` masks a JSON value that stands as text.
        """
        if said.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
            made = self._json(said, inner)
            if made is not None:
                return made
        table = self._table(said)
        return table if table is not None else self.words(said)

    def words(self, said: str) -> str:
        """Return a text for people, or XML, with the values of sensitive names replaced."""
        return self._xml(said) if "<" in said else self.pairs(said)

    def pairs(self, said: str) -> str:
        """Return a text with the value after each sensitive name and ``=`` or ``:`` replaced."""
        if not any(mark in said for mark in "=::="):
            return said

        def replaced(match: re.Match[str]) -> str:
            name = self._class_at_end(match["name"])
            if name is None or not self._hides(name, match["value"]):
                return match[0]
            return f"{match['name']}{match['between']}{STARS}"

        return _PAIR.sub(replaced, said)

    def _class_at_end(self, name: str) -> str | None:
        """Return the class of a name, or of its end: words run together in Chinese, and stand in a row."""
        found = self.spec.class_of(name, self.system)
        words = name.split(" ")
        for start in range(1, len(words)):
            found = found or self.spec.class_of(" ".join(words[start:]), self.system)
        last = words[-1][-_NAME_MAX:]
        for start in range(1, len(last) - 1):
            if last[start] > "\u2e7f" or last[start - 1] > "\u2e7f":
                found = found or self.spec.class_of(last[start:], self.system)
        return found

    def _hides(self, class_name: str | None, value: str) -> bool:
        """Tell whether a value must be taken out, and remember what was done."""
        if class_name is None or not value.strip():
            return False
        if class_name not in self.hidden:
            self.shown.add(class_name)
            return False
        self.found.add(class_name)
        if len(value.strip()) > 1:
            self.quoted.add(value.strip())
        return True

    # -- XML -----------------------------------------------------------------------------------------------

    def _xml(self, said: str) -> str:
        out: list[str] = []
        secret: list[str] = []
        """Names of the elements that are open within a hidden one, itself first."""
        place = 0
        while (opening := said.find("<", place)) >= 0:
            between = said[place:opening]
            out.append(self._starred(between) if secret else self.pairs(between))
            section = next((each for each in _SECTIONS if said.startswith(each[0], opening)), None)
            if section is not None:
                end = said.find(section[1], opening)
                place = end + len(section[1]) if end >= 0 else len(said)
                out.append(STARS if secret else self._section(said[opening:place], *section))
                continue
            tag = _TAG.match(said, opening)
            if tag is None:
                out.append("<")
                place = opening + 1
                continue
            place = tag.end()
            out.append(self._tag(tag, secret))
        rest = said[place:]
        out.append(self._starred(rest) if secret else self.pairs(rest))
        return "".join(out)

    def _tag(self, tag: re.Match[str], secret: list[str]) -> str:
        """Return a tag, its attributes masked; ``secret`` is kept up to date."""
        local = tag["name"].rpartition(":")[2]
        if tag["end"]:
            if local in secret:
                while secret.pop() != local:
                    pass
            return tag[0]
        class_name = self.spec.class_of(local, self.system)
        made = self._opened(tag, bool(secret) or class_name in self.hidden)
        if tag["rest"].rstrip().endswith("/"):
            return made
        if secret:
            secret.append(local)
        elif class_name is not None and class_name in self.hidden:
            secret.append(local)
            self.found.add(class_name)
        elif class_name is not None:
            self.shown.add(class_name)
        return made

    def _starred(self, content: str) -> str:
        if not content.strip():
            return content
        if len(content.strip()) > 1:
            self.quoted.add(content.strip())
        return STARS

    def _section(self, whole: str, begins: str, ends: str) -> str:
        """Return a comment, CDATA section or instruction of a place that is not hidden."""
        content = whole.removeprefix(begins).removesuffix(ends)
        if begins == "<![CDATA[" and not whole.endswith(ends):
            return STARS
        made = self._xml(content) if begins == "<![CDATA[" else self.pairs(content)
        return f"{begins}{made}{ends}" if made != content else whole

    def _opened(self, tag: re.Match[str], within: bool) -> str:
        def replaced(match: re.Match[str]) -> str:
            class_name = self.spec.class_of(match["name"].rpartition(":")[2], self.system)
            quote = match["value"][0]
            if within and class_name is None:
                class_name = next(iter(self.hidden))
            if not self._hides(class_name, match["value"][1:-1]):
                return match[0]
            return f"{match['name']}{match['between']}{quote}{STARS}{quote}"

        made = _ATTRIBUTE.sub(replaced, tag["rest"])
        return f"<{tag['name']}{made}>"

    # -- JSON and tables -----------------------------------------------------------------------------------

    @staticmethod
    def _json(said: str, inner: Callable[[Any], Any]) -> str | None:
        try:
            value = json.loads(said, parse_float=exact)
        except (ValueError, RecursionError):
            return None
        made = inner(value)
        return said if made is value else json.dumps(made, ensure_ascii=False, default=str)

    def _table(self, said: str) -> str | None:
        """Return a table with a heading, its sensitive columns replaced; ``None`` where it is none."""
        heading, newline, body = said.partition("\n")
        if not newline or not body.strip():
            return None
        mark = max(_SEPARATORS, key=heading.count)
        if mark not in heading:
            return None
        classes = [self.spec.class_of(name.strip().strip('"'), self.system) for name in heading.split(mark)]
        if not any(classes):
            return None
        try:
            rows = list(csv.reader(io.StringIO(body), delimiter=mark)) if len(said) <= _TABLE_MAX else None
        except csv.Error:
            rows = None
        # The reader's own limit belongs to the whole process: a connector may have raised it.
        if rows is not None and any(len(cell) > _CELL_MAX for row in rows for cell in row):
            rows = None
        if rows is None:
            # It cannot be said which value stands in which column: none is shown.
            hidden = {each for each in classes if each in self.hidden}
            self.found |= {each for each in hidden if each is not None}
            return f"{heading}\n{STARS}\n" if hidden else None
        touched = False
        for row in rows:
            for column, class_name in enumerate(classes[: len(row)]):
                if self._hides(class_name, row[column]):
                    row[column] = STARS
                    touched = True
        if not touched:
            return said
        out = io.StringIO()
        csv.writer(out, delimiter=mark, lineterminator="\n").writerows(rows)
        return f"{heading}\n{out.getvalue()}"
