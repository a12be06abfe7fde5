"""Forms: choices of the task's own, rows, words for codes, pictures; and what a person may not send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lineshaft.app.packs import files_in, folder_of
from lineshaft.base.errors import DefinitionError, InputError
from lineshaft.engine.forms import FormSpec, Source, checked, chosen, read_form, with_choices

PACKS = ("order-to-delivery", "purchase-to-pay", "repair", "onboarding")
PART = {
    "type": "select",
    "key": "material",
    "label": "备件 Part",
    "valuesKey": "stock",
    "validate": {"required": True},
}
COUNT = {
    "type": "number",
    "key": "quantity",
    "label": "数量 Quantity",
    "validate": {"required": True, "min": 1},
}
PARTS = {"type": "dynamiclist", "path": "parts", "label": "备件 Parts", "components": [PART, COUNT]}
STOCK = {"stock": [{"value": "BJ-1", "label": "轴承 Bearing"}, {"value": "BJ-2"}, "nothing"]}


def form(*components: dict[str, Any]) -> FormSpec:
    return read_form(json.dumps({"components": components}).encode(), "forms/x.form")


def test_choices_come_from_the_tasks_own_variables() -> None:
    made = with_choices(form(PARTS), STOCK)
    (parts,) = made.fields
    assert [(each.value, each.label.zh, each.label.en) for each in parts.fields[0].options] == [
        ("BJ-1", "轴承", "Bearing"), ("BJ-2", "BJ-2", "BJ-2"),
    ]  # fmt: skip
    rows = [{"material": "BJ-1", "quantity": "2"}]
    assert checked(made, {"parts": rows}) == {"parts": [{"material": "BJ-1", "quantity": 2}]}
    assert checked(made, {"parts": []}) == {"parts": []}
    assert checked(made, {}) == {}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"material": "BJ-9", "quantity": 1}], "one of its choices"),
        ([{"material": "BJ-1"}], "a value"),
        ([{"material": "BJ-1", "quantity": 0}], "at least 1"),
        ([{"material": "BJ-1", "quantity": 1, "price": 1}], "a field of this form"),
        (["BJ-1"], "a list"),
        ("BJ-1", "a list"),
        ([{"material": "BJ-1", "quantity": 1}] * 51, "at most 50 rows"),
    ],
)
def test_rows_are_checked_like_the_rest(rows: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        checked(with_choices(form(PARTS), STOCK), {"parts": rows})


def test_choice_that_the_task_does_not_offer_is_refused() -> None:
    choice = {"type": "select", "key": "what", "label": "W", "valuesKey": "ways"}
    given = {"ways": [{"value": "again"}]}
    made = with_choices(form(choice), given)
    assert checked(made, {"what": "again"}) == {"what": "again"}
    assert str(chosen(made, {"what": "again"})) == "again"
    assert chosen(made, {}) is None
    with pytest.raises(InputError):
        checked(with_choices(form(choice), given), {"what": "accept"})
    with pytest.raises(InputError):
        checked(with_choices(form(choice), {"ways": "accept"}), {"what": "accept"})


def test_column_has_words_for_its_codes_and_a_picture_its_place() -> None:
    words = [{"value": "over", "label": "超收 Too much", "state": "failed"}]
    table = {"type": "table", "key": "lines", "label": "L", "columns": [{"key": "verdict", "values": words}]}
    image = {
        "type": "image", "source": "=photo", "alt": "照片 Photo",
        "properties": {"system": "itsm", "resource": "photo"},
    }  # fmt: skip
    lines, photo = form(table, image).fields
    (word,) = lines.columns[0].words
    assert (word.value, word.label.zh, word.state) == ("over", "超收", "failed")
    assert (photo.key, photo.source, photo.readonly) == ("photo", Source("itsm", "photo"), True)


def test_picture_of_nowhere_is_a_wrong_form() -> None:
    with pytest.raises(DefinitionError, match="an image needs"):
        form({"type": "image", "source": "=photo", "alt": "P"})


@pytest.mark.parametrize(
    ("components", "filled"),
    [
        ([{"type": "textfield", "key": "a", "label": "A", "readonly": True}], False),
        ([{"type": "checkbox", "key": "a", "label": "A"}], False),
        ([{"type": "select", "key": "a", "label": "A"}], True),
        ([PARTS], True),
    ],
)
def test_to_tick_is_to_agree_and_to_write_is_to_submit(components: list[Any], filled: bool) -> None:
    assert form(*components).is_filled_in is filled


@pytest.mark.parametrize("pack", PACKS)
def test_every_label_of_a_shipped_form_is_in_both_languages(pack: str) -> None:
    for path, content in files_in(folder_of(pack)).items():
        if not path.startswith("forms/"):
            continue
        for field in read_form(content, path).fields:
            labels = [field.label, *(each.label for each in (*field.options, *field.columns, *field.fields))]
            labels += [word.label for column in field.columns for word in column.words]
            for label in labels:
                assert label.zh != label.en, (path, field.key, label.zh)
