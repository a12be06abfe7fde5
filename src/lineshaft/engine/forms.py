"""Forms 表单: what a person fills in to finish a task, read from form-js JSON and checked by the hub too.

A label carries both languages as names of a process do, "处置 Disposition". What a form does not know of a
component is left out of the picture, never guessed; what a person sends is checked against the same rules
that the console shows. Beside what form-js knows, a table's column may name words for its values
(``values``, as a choice does, each with the ``state`` that it is shown as), and an image says in its
``properties`` which system and resource has it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

import msgspec

from lineshaft.base.errors import DefinitionError, InputError, Place, Problem
from lineshaft.base.text import Text, both_names, text

FieldKind = Literal[
    "text", "textarea", "number", "select", "checkbox", "date", "table", "list", "image", "photo", "note"
]

_KINDS: Final[Mapping[str, FieldKind]] = {
    "textfield": "text",
    "textarea": "textarea",
    "number": "number",
    "select": "select",
    "radio": "select",
    "checkbox": "checkbox",
    "datetime": "date",
    "table": "table",
    "dynamiclist": "list",
    "image": "image",
    "filepicker": "photo",
    "text": "note",
}
_SHOWN_ONLY: Final = frozenset({"table", "image", "note"})
_TEXT_MAX: Final = 10_000
_ROWS_MAX: Final = 50
_PHOTO: Final = re.compile(r"data:image/(?:jpeg|png);base64,([A-Za-z0-9+/]+={0,2})")
_PHOTO_MAX: Final = 900_000
"""Characters of a photo as it is sent: it lies among the variables, of which one holds 1 MiB."""
_PHOTO_MAGIC: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice."""

    value: str
    label: Text
    state: str = ""
    """As what it is shown where it stands in a table: ``done``, ``active``, ``waiting``, ``failed``."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: the key in its rows, and words for values that are codes."""

    value: str
    label: Text
    words: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture is: a resource of a system; the field's value is the record's id there."""

    system: str
    resource: str


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form."""

    key: str
    """The variable; of a note its text's own id."""
    kind: FieldKind
    label: Text
    description: Text | None = None
    required: bool = False
    readonly: bool = False
    options: tuple[Option, ...] = ()
    options_key: str = ""
    """The variable that holds the choices, where they are not the same for every task."""
    columns: tuple[Column, ...] = ()
    """Of a table: the keys of its rows, with what stands above them."""
    fields: tuple[FormField, ...] = ()
    """Of a list: what is filled in for each of its rows."""
    source: Source | None = None
    """Of an image."""
    least: Decimal | None = None
    most: Decimal | None = None
    length_most: int | None = None
    pattern: str | None = None
    default: Any = None


@dataclass(frozen=True, slots=True)
class FormSpec:
    """A form."""

    id: str
    fields: tuple[FormField, ...]
    title: Text | None = None
    """Of its first heading, a text component that begins with #; where it has one."""

    @property
    def is_filled_in(self) -> bool:
        """Whether something is to be said in it: to tick something is to agree."""
        return any(not each.readonly and each.kind != "checkbox" for each in self.fields)


def read_form(content: bytes, file: str) -> FormSpec:
    """Return the form of a form-js file.

    Raises:
        DefinitionError: It is not one, or two of its fields have the same key.
    """
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise _wrong(file, f"{error}") from None
    if not isinstance(found, Mapping) or not isinstance(found.get("components"), Sequence):
        raise _wrong(file, "`components` is missing")
    stem = file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    components = found["components"]
    heading = next((each for each in components if _heading(each) is not None), None)
    fields = _fields([each for each in components if each is not heading], file)
    return FormSpec(str(found.get("id") or stem), fields, _heading(heading))


def _fields(components: Sequence[Any], file: str) -> tuple[FormField, ...]:
    fields: list[FormField] = []
    for component in components:
        made = _field(component, file) if isinstance(component, Mapping) else None
        if made is not None:
            if any(each.key == made.key for each in fields):
                raise _wrong(file, f"`{made.key}` stands there twice")
            fields.append(made)
    return tuple(fields)


def _key_of(component: Mapping[str, Any], kind: FieldKind | None) -> str:
    """Return the variable of a component: a list names its ``path``, an image its ``source``."""
    if kind == "list":
        return str(component.get("path") or "")
    if kind == "image":
        return str(component.get("source") or "").removeprefix("=").strip()
    return str(component.get("key") or component.get("id") or "")


def _heading(component: Any) -> Text | None:
    """Return what a heading says; ``None``: it is none."""
    said = component.get("text") if isinstance(component, Mapping) else None
    if not isinstance(said, str) or component.get("type") != "text" or not said.startswith("#"):
        return None
    return both_names(said.lstrip("#").strip())


def _field(component: Mapping[str, Any], file: str) -> FormField | None:
    kind = _KINDS.get(str(component.get("type")))
    key = _key_of(component, kind)
    if kind is None or not key:
        return None
    rules = component.get("validate") or {}
    said = str(component.get({"note": "text", "image": "alt"}.get(kind, "label")) or key)
    about = component.get("description")
    pattern = rules.get("pattern")
    try:
        re.compile(pattern or "")
        return FormField(
            key,
            kind,
            both_names(said),
            both_names(str(about)) if about else None,
            bool(rules.get("required")),
            bool(component.get("readonly") or component.get("disabled") or kind in _SHOWN_ONLY),
            _options(component.get("values")),
            str(component.get("valuesKey") or ""),
            _columns(component.get("columns")),
            _fields(component.get("components") or (), file) if kind == "list" else (),
            _source(component) if kind == "image" else None,
            _number(rules.get("min")),
            _number(rules.get("max")),
            int(rules["maxLength"]) if rules.get("maxLength") is not None else None,
            str(pattern) if pattern else None,
            component.get("defaultValue"),
        )
    except (re.error, ValueError, TypeError, InvalidOperation) as error:
        raise _wrong(file, f"`{key}`: {error}") from None


def _source(component: Mapping[str, Any]) -> Source:
    found = component.get("properties") or {}
    system, resource = found.get("system"), found.get("resource")
    if not system or not resource:
        raise ValueError("an image needs `properties` with `system` and `resource`")
    return Source(str(system), str(resource))


def _options(found: Any) -> tuple[Option, ...]:
    return tuple(
        Option(
            str(each["value"]),
            both_names(str(each.get("label") or each["value"])),
            str(each.get("state") or ""),
        )
        for each in _rows(found)
        if "value" in each
    )


def _columns(found: Any) -> tuple[Column, ...]:
    return tuple(
        Column(
            str(each["key"]), both_names(str(each.get("label") or each["key"])), _options(each.get("values"))
        )
        for each in _rows(found)
        if "key" in each
    )


def _rows(found: Any) -> list[Mapping[str, Any]]:
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [each for each in found if isinstance(each, Mapping)]


def with_choices(form: FormSpec, given: Any) -> FormSpec:
    """Return a form with the choices that a task's own variables hold."""
    if not isinstance(given, Mapping):
        return form
    return replace(form, fields=tuple(_with_choices(each, given) for each in form.fields))


def _with_choices(field: FormField, given: Mapping[str, Any]) -> FormField:
    inner = tuple(_with_choices(each, given) for each in field.fields)
    options = _options(given.get(field.options_key)) if field.options_key else field.options
    return replace(field, fields=inner, options=options)


def _number(value: Any) -> Decimal | None:
    return Decimal(str(value)) if value is not None and value != "" else None


def _wrong(file: str, why: str) -> DefinitionError:
    said = text(
        "Expected a form as form-js writes it, but {why}.",
        "应为 form-js 格式的表单,但有错误:{why}。",
        why=why,
    )
    return DefinitionError([Problem("form_invalid", said, Place(file=file))])


def chosen(form: FormSpec, values: Mapping[str, Any]) -> Text | None:
    """Return the words of the first choice that a person made; ``None`` where the form asks for none."""
    for field in form.fields:
        for option in field.options if not field.readonly else ():
            if option.value == values.get(field.key):
                return option.label
    return None


def checked(form: FormSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person filled in, each value of its field's kind.

    Raises:
        InputError: A field does not hold what the form asks for, or there is no such field.
    """
    return _checked(form.fields, values)


def _checked(fields: Sequence[FormField], values: Mapping[str, Any]) -> dict[str, Any]:
    known = {each.key: each for each in fields if not each.readonly}
    strange = sorted(set(values) - set(known))
    if strange:
        raise _refused(Text(strange[0], strange[0]), text("a field of this form", "本表单中的字段"))
    return {key: _value(field, values.get(key)) for key, field in known.items() if _is_there(field, values)}


def _is_there(field: FormField, values: Mapping[str, Any]) -> bool:
    if values.get(field.key) not in (None, "", []):
        return True
    if field.required and field.kind != "checkbox":
        raise _refused(field.label, text("a value", "必填"))
    if field.required and values.get(field.key) is not True:
        raise _refused(field.label, text("to be ticked", "需勾选"))
    return field.key in values


def _value(field: FormField, value: Any) -> Any:
    if value is None or value == "":
        return None
    if field.kind == "number":
        return _checked_number(field, value)
    if field.kind == "checkbox":
        if not isinstance(value, bool) or (field.required and not value):
            raise _refused(field.label, text("to be ticked", "需勾选"))
        return value
    if field.kind == "list":
        return _checked_rows(field, value)
    if not isinstance(value, str):
        raise _refused(field.label, text("a text", "文本"))
    if field.kind == "photo":
        return _checked_photo(field, value)
    if field.kind == "select" and value not in {each.value for each in field.options}:
        raise _refused(field.label, text("one of its choices", "选项之一"))
    if field.kind == "date":
        try:
            date.fromisoformat(value[:10])
        except ValueError:
            raise _refused(field.label, text("a date", "日期")) from None
    if len(value) > (field.length_most or _TEXT_MAX):
        most = field.length_most or _TEXT_MAX
        raise _refused(field.label, text("at most {n} characters", "最多 {n} 个字符", n=most))
    if field.pattern and re.search(field.pattern, value) is None:
        raise _refused(field.label, text("the pattern {p}", "符合格式 {p}", p=field.pattern))
    return value


def _checked_photo(field: FormField, value: str) -> str:
    """Return a photo as a data URL (RFC 2397), JPEG or PNG."""
    if len(value) > _PHOTO_MAX:
        raise _refused(field.label, text("a smaller photo", "更小的照片"))
    found = _PHOTO.fullmatch(value)
    try:
        content = b64decode(found.group(1), validate=True) if found is not None else b""
    except ValueError:
        content = b""
    if not content.startswith(_PHOTO_MAGIC):
        raise _refused(field.label, text("a photo (JPEG or PNG)", "照片(JPEG 或 PNG)"))
    return value


def _checked_rows(field: FormField, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise _refused(field.label, text("a list", "列表"))
    if len(value) > _ROWS_MAX:
        raise _refused(field.label, text("at most {n} rows", "最多 {n} 行", n=_ROWS_MAX))
    return [_checked(field.fields, each) for each in value]


def _checked_number(field: FormField, value: Any) -> Decimal:
    try:
        if isinstance(value, bool):
            raise TypeError
        found = Decimal(str(value))
        if not found.is_finite():
            raise TypeError
    except (InvalidOperation, TypeError):
        raise _refused(field.label, text("a number", "数字")) from None
    if field.least is not None and found < field.least:
        raise _refused(field.label, text("at least {n}", "不小于 {n}", n=field.least))
    if field.most is not None and found > field.most:
        raise _refused(field.label, text("at most {n}", "不大于 {n}", n=field.most))
    return found


def _refused(label: Text, expected: Text) -> InputError:
    return InputError(
        text(
            "{label}: expected {expected}.",
            "{label_zh}:要求{expected_zh}。",
            label=label.in_language("en"),
            expected=expected.in_language("en"),
            label_zh=label.in_language("zh"),
            expected_zh=expected.in_language("zh"),
        ),
        code="form_invalid",
    )
