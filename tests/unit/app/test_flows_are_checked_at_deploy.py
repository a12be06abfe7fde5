"""A flow that reaches nothing, or would send a system what it may not have, stops the release."""

from __future__ import annotations

import pytest

from lineshaft.app.flow_checks import check_flows
from lineshaft.base.errors import DefinitionError
from lineshaft.base.text import Text
from lineshaft.engine.flows.reading import read_flows
from lineshaft.mapping import read_mapping
from lineshaft.sdk import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, TriggerSpec
from lineshaft.sdk.sensitive import SHIPPED

NAME = Text("n", "n")
SYSTEMS = {
    "hr": ConnectorSpec(
        "hr",
        NAME,
        resources=(ResourceSpec("person", NAME, (FieldSpec("no", "string"), FieldSpec("salary", "number"))),),
        triggers=(TriggerSpec("person", "poll"),),
    ),
    "mes": ConnectorSpec("mes", NAME, operations=(OperationSpec("worker.save", NAME),)),
}
MAPPINGS = {
    "plain": "{no: record.no}",
    "renamed": "{no: record.no, grade: record.salary}",
    "on": "{no: record.no, grade: record.grade}",
    "off": "{no: record.no}",
}


def problems(side: str, end: str) -> list[str]:
    content = f"format: 1\nflows:\n  - {{name: people, from: {{{side}}}, to: {{{end}}}}}\n".encode()
    mappings = {
        name: read_mapping(
            f"format: 1\nname: {name}\nfrom: any.thing\nto: own.thing\nfields: {fields}\n".encode(), name
        )
        for name, fields in MAPPINGS.items()
    }
    try:
        check_flows(read_flows("flows.yaml", content, mappings), SYSTEMS, SHIPPED)
    except DefinitionError as error:
        return [str(each.message) + " " + str(each.hint) for each in error.problems]
    return []


SIDE = "system: hr, poll: person, key: record.no"
END = "system: mes, write: worker.save"


def test_a_flow_that_reaches_what_there_is_goes_live() -> None:
    assert problems(SIDE, END + ", map: plain") == []
    assert problems("event: hr.*, key: record.no", END + ", map: plain") == []


@pytest.mark.parametrize(
    ("side", "end", "told"),
    [
        (SIDE, "system: mes, write: worker.sav, map: plain", "Did you mean `worker.save`"),
        (SIDE, END + ", map: plain, create: worker.new", "it has no `worker.new`"),
        (SIDE, "system: wms, write: worker.save, map: plain", "expects a system wms"),
        ("system: hr, poll: people, key: record.no", END + ", map: plain", "it has no `people`"),
        ("system: sap, poll: person, key: record.no", END + ", map: plain", "expects a system sap"),
    ],
)
def test_a_flow_that_reaches_nothing_stops_the_release(side: str, end: str, told: str) -> None:
    (problem,) = problems(side, end)
    assert told in problem


@pytest.mark.parametrize(
    ("side", "end"),
    [
        (SIDE, END),
        (SIDE + ", fields: [no, salary]", END),
        (SIDE, END + ", map: renamed"),
        (SIDE + ", read: renamed", END),
        (SIDE + ", read: renamed", END + ", map: on"),
        ("event: hr.*, key: record.no", END + ", map: renamed"),
    ],
)
def test_a_sensitive_field_stops_it_whatever_it_is_called_on_the_way(side: str, end: str) -> None:
    (problem,) = problems(side, end)
    assert "class salary, which may not go to mes" in problem


@pytest.mark.parametrize(
    ("side", "end"), [(SIDE + ", fields: [no]", END), (SIDE + ", read: renamed", END + ", map: off")]
)
def test_what_a_flow_leaves_behind_does_not_count(side: str, end: str) -> None:
    assert problems(side, end) == []
