"""Decision tables as grids: read, changed within their DMN, tried on values, compared; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lineshaft import dmn, feel
from lineshaft.api.access import RuleMaker, ServicesOf
from lineshaft.api.decision_views import (
    CellFaultView,
    DecisionChangesView,
    DecisionChangeView,
    TableRuleView,
    TablesView,
    TableView,
    TrialView,
    WishedComparison,
    WishedTables,
    WishedTrial,
)
from lineshaft.api.design_views import DesignFindingView
from lineshaft.api.json_edge import Json
from lineshaft.api.routes.drafts import active_files
from lineshaft.api.routing import make_router
from lineshaft.api.views import TitleView
from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.text import text
from lineshaft.dmn.document import DecisionTable, Literal, Rule
from lineshaft.engine.drafts import check_path

router = make_router("design")


@router.post("/design/decisions/tables", response_model=TablesView)
async def edit_decision_tables(wish: WishedTables, caller: RuleMaker) -> Json:
    """Return a file's tables as grids, with changed rules written into it; all else of it stays as it was."""
    return Json(await asyncio.to_thread(_edited, wish))


@router.post("/design/decisions/trial", response_model=TrialView)
async def try_decision(wish: WishedTrial, services: ServicesOf, caller: RuleMaker) -> Json:
    """Evaluate a decision as it is drawn, together with the models of the active release."""
    _, folder = await active_files(services, caller)
    path, content = check_path(wish.file.path), wish.file.text

    def run() -> TrialView:
        model = dmn.loads(content, _imports(folder, path), file=path)
        result = dmn.evaluate_json(model, wish.decision, wish.inputs, clock=services.clock)
        rules = {name: list(numbers) for name, numbers in result.rules.items()}
        return TrialView(
            dmn.to_json(result.value), rules, [DesignFindingView.of(each) for each in result.errors]
        )

    return Json(await asyncio.to_thread(run))


@router.post("/design/decisions/comparison", response_model=DecisionChangesView)
async def compare_decisions(wish: WishedComparison, caller: RuleMaker) -> Json:
    """Tell what is different between two versions of a model, cell by cell, in words."""

    def run() -> DecisionChangesView:
        changes = dmn.compare(dmn.document_of(wish.old), dmn.document_of(wish.new))
        return DecisionChangesView(
            [DecisionChangeView(each.element, TitleView.of(each.text)) for each in changes]
        )

    return Json(await asyncio.to_thread(run))


def _edited(wish: WishedTables) -> TablesView:
    content = wish.text
    if wish.changes:
        tables = dmn.tables_of(dmn.document_of(content))
        changed = {each.name: _with_rules(tables, each.name, each.rules) for each in wish.changes}
        content = dmn.with_tables(content, changed).decode()
    found = dmn.tables_of(dmn.document_of(content))
    return TablesView(content, [TableView.of(name, table, _faults(table)) for name, table in found.items()])


def _with_rules(
    tables: Mapping[str, DecisionTable], name: str, rules: Sequence[TableRuleView]
) -> DecisionTable:
    table = tables.get(name)
    if table is None:
        raise NotFound(text("There is no decision table {name}.", "没有决策表 {name}。", name=name))
    made = []
    for number, rule in enumerate(rules, 1):
        if (len(rule.inputs), len(rule.outputs)) != (len(table.inputs), len(table.outputs)):
            raise InputError(
                text(
                    "Expected a cell for each column of {name}, but rule {number} has others.",
                    "{name} 的每一列都应有一个单元格，但规则 {number} 不是。",
                    name=name,
                    number=number,
                )
            )
        cells = [Literal(each.strip() or "-", table.place) for each in rule.inputs]
        answers = [Literal(each.strip(), table.place) for each in rule.outputs]
        made.append(Rule(tuple(cells), tuple(answers), tuple(rule.annotations), table.place))
    return replace(table, rules=tuple(made))


def _faults(table: DecisionTable) -> list[CellFaultView]:
    """Return the cells that the engine's own parser cannot read, each with its place in the grid."""
    found = []
    for number, rule in enumerate(table.rules, 1):
        for kind, cells in (("input", rule.inputs), ("output", rule.outputs)):
            for column, cell in enumerate(cells, 1):
                try:
                    if kind == "input":
                        feel.compile_unary_tests(cell.text or "-")
                    elif cell.text:
                        feel.compile(cell.text)
                except feel.FeelSyntaxError as error:
                    hint = TitleView.of(error.hint) if error.hint is not None else None
                    found.append(CellFaultView(number, kind, column, TitleView.of(error.message), hint))
    return found


def _imports(folder: Mapping[str, bytes], path: str) -> dict[str, str | bytes]:
    """Return the other models of the release by namespace."""
    found: dict[str, str | bytes] = {}
    for other, content in folder.items():
        if other.startswith("decisions/") and other.endswith(".dmn") and other != path:
            found[dmn.namespace_of(content)] = content
    return found
