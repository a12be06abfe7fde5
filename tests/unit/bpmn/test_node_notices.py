"""Node notifications in the kernel and its checks: who is told what, and what cannot be read is named."""

from __future__ import annotations

from datetime import date
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from lineshaft import bpmn
from lineshaft.bpmn.kernel import commands, effects
from lineshaft.bpmn.testing import Bench
from simulation.processes import ON_REFUSED, REFUSED, Flow, file_of


def told(**given: str) -> str:
    rows = "".join(
        f'<zeebe:property name="notify.{name.replace("__", ".")}" value={quoteattr(value)}/>'
        for name, value in given.items()
    )
    return f"<bpmn:extensionElements>%s<zeebe:properties>{rows}</zeebe:properties></bpmn:extensionElements>"


def bench(flow: Flow, *chain: str) -> Bench:
    flow.element("startEvent", "start").element("endEvent", "end").chain("start", *chain, "end")
    return Bench(bpmn.loads(file_of("p", flow, REFUSED)))


def said(bench: Bench) -> list[tuple[str, str, tuple[str, ...], str]]:
    return [(each.element, each.event, each.to, each.subject.in_language("en")) for each in bench.notices]


def test_fields_are_filled_in_and_what_has_no_value_is_a_dash() -> None:
    words = "{{order.no}}: {{quantity}} on {{due}}, {{agreed}}, {{missing.name}} and {{1 + 1}}"
    run = bench(Flow().element("task", "t", told(entered__to="sales", entered__subject=words) % ""), "t")
    values = {"order": {"no": "SO-1"}, "quantity": 5, "agreed": None}
    run.start("p", values | {"due": date(2026, 3, 1)})
    assert said(run) == [("t", "entered", ("sales",), "SO-1: 5 on 2026-03-01, -, - and 2")]


def test_nobody_is_told_where_the_receivers_are_nobody_or_the_condition_is_not_true() -> None:
    notice = told(entered__to="=boss", done__to="it", done__when="quantity > 10")
    run = bench(Flow().element("task", "t", notice % ""), "t")
    run.start("p", {"boss": None, "quantity": 10})
    assert said(run) == []
    run.start("p", {"boss": ["li", "wang"], "quantity": 11})
    assert said(run) == [("t", "entered", ("li", "wang"), ""), ("t", "done", ("it",), "")]


def test_each_person_of_a_task_for_several_is_told_and_a_service_for_several_once() -> None:
    loop = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics "
        'inputCollection="=people" inputElement="person"/></bpmn:extensionElements>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    person = '<zeebe:assignmentDefinition assignee="=person"/>'
    flow = Flow().element("userTask", "ask", told(entered__to="assignee, it") % person + loop)
    flow.element("task", "count", told(entered__to="it", done__to="it") % "" + loop)
    run = bench(flow, "ask", "count")
    run.start("p", {"people": ["li", "wang"]})
    for task in list(run.tasks()):
        run.complete_task(task)
    assert [(each.element, each.event, each.to) for each in run.notices] == [
        ("ask", "entered", ("li", "it")),
        ("ask", "entered", ("wang", "it")),
        ("count", "entered", ("it",)),
        ("count", "done", ("it",)),
    ]


def test_a_refusal_is_an_error_a_condition_or_a_task_sent_back_and_nothing_else() -> None:
    notice = told(rejected__to="sales", rejected__subject="{{error.code}} {{error.message}}", done__to="it")
    flow = Flow().element("serviceTask", "save", notice % '<zeebe:taskDefinition type="erp.save"/>')
    flow.boundary("refused", "save", ON_REFUSED).element("endEvent", "no").link("refused", "no")
    flow.element(
        "userTask", "agree", told(rejected__to="li", rejected__when="not(agreed)", done__to="it") % ""
    )
    run = bench(flow, "save", "agree")
    run.start("p")
    run.throw_error(run.jobs()[0], "refused", "over the limit")
    assert said(run) == [("save", "rejected", ("sales",), "refused over the limit")]
    run.notices.clear()
    for agreed in (False, True):
        run.start("p")
        run.complete_job(run.jobs()[0])
        run.complete_task(run.tasks()[0], {"agreed": agreed})
    assert [(each.element, each.event) for each in run.notices] == [
        ("save", "done"), ("agree", "rejected"), ("save", "done"), ("agree", "done"),
    ]  # fmt: skip


@pytest.mark.parametrize(("returned", "expected"), [(True, ["rejected"]), (False, [])])
def test_a_task_sent_back_is_a_refusal_and_one_that_an_operator_ends_is_not(
    returned: bool, expected: list[str]
) -> None:
    flow = Flow().element("userTask", "agree", told(rejected__to="li") % "")
    run = bench(flow, "agree")
    instance = run.start("p")
    [task] = run.tasks()
    program = instance.program
    step = bpmn.kernel.step(
        program, instance.kernel, commands.CancelElement(task.token, "no price", returned=returned), run.now
    )
    found = [each.event for each in step.effects if isinstance(each, effects.Notify)]
    assert found == expected


def test_overdue_is_told_when_the_timer_on_the_edge_fires_and_goes_with_the_task_that_is_due() -> None:
    due = '<zeebe:taskSchedule dueDate="2026-03-01T08:00:00Z"/>'
    flow = Flow().element("userTask", "agree", told(late__to="boss", late__subject="{{no}} is late") % due)
    timer = (
        '<bpmn:timerEventDefinition><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT1H'
        "</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    flow.element("boundaryEvent", "over", timer, ' attachedToRef="agree" cancelActivity="false"')
    flow.element("endEvent", "told").link("over", "told")
    run = bench(flow, "agree")
    instance = run.start("p", {"no": "SO-7"})
    assert said(run) == []
    run.advance(hours=2)
    assert said(run) == [("agree", "late", ("boss",), "SO-7 is late")]
    assert instance.state == "active"


@pytest.mark.parametrize(
    ("given", "code", "part"),
    [
        ({"begun__to": "li"}, "notice-invalid", "notify.begun.to"),
        ({"entered__whom": "li"}, "notice-invalid", "notify.entered.whom"),
        ({"entered__subject": "hello"}, "notice-invalid", "notify.entered.to"),
        ({"entered__to": "li", "entered__text": "x" * 2_001}, "notice-invalid", "notify.entered.text"),
        ({"entered__to": "li", "entered__text": "{{a +}}"}, "notice-expression", "{{ }}"),
        ({"entered__to": "=li +"}, "notice-expression", "="),
    ],
)
def test_what_cannot_be_told_is_named_with_its_element(given: dict[str, str], code: str, part: str) -> None:
    flow = Flow().element("task", "t", told(**given) % "")
    flow.element("startEvent", "start").element("endEvent", "end").chain("start", "t", "end")
    [problem] = bpmn.read(file_of("p", flow)).problems
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.element == "t"
    assert part in str(problem.message) + str(problem.hint)


def test_a_notification_where_nobody_does_anything_is_a_warning() -> None:
    flow = Flow().element("startEvent", "start", told(entered__to="li") % "").element("endEvent", "end")
    [problem] = bpmn.read(file_of("p", flow.chain("start", "end"))).problems
    assert (problem.code, problem.severity) == ("notice-misplaced", "warning")


def test_the_same_run_tells_the_same_whoever_listens() -> None:
    """Telling changes nothing of the state: with and without a notification it is the same."""

    def end(inner: str) -> Any:
        run = bench(Flow().element("task", "t", inner), "t")
        instance = run.start("p", {"a": 1})
        return instance.state, instance.path, instance.variables

    assert end(told(entered__to="li", done__to="it") % "") == end("")
