"""Mappings as tables: read, changed, tried on records, compared, in Excel; nothing is kept."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from lineshaft import canonical
from lineshaft.api.access import Developer, ServicesOf
from lineshaft.api.design_views import DrawnFile
from lineshaft.api.json_edge import Json
from lineshaft.api.mapping_views import (
    MappedValueView,
    MappingChangesView,
    MappingChangeView,
    MappingOffersView,
    MappingSheetsView,
    MappingTestView,
    MappingTrialView,
    MappingTroubleView,
    MissingCodeView,
    OfferView,
    SamplesView,
    SampleView,
    SourceFieldView,
    TargetOffersView,
    WishedMapping,
    WishedMappingComparison,
    WishedMappingTrial,
    WishedOffers,
    WishedSheets,
    WishedWorkbook,
)
from lineshaft.api.routes.design import ValueReader
from lineshaft.api.routing import make_router
from lineshaft.api.sheets import MEDIA_TYPES
from lineshaft.api.views import TitleView
from lineshaft.base.errors import DefinitionError, InputError, Problem
from lineshaft.base.text import text
from lineshaft.canonical.rates import RateTable
from lineshaft.engine.drafts import check_path
from lineshaft.engine.past_records import past_records
from lineshaft.mapping import Mapped, Reference, read_mapping
from lineshaft.mapping.cases import Case, read_cases, run_case
from lineshaft.mapping.compare import compare
from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.given import read_rates
from lineshaft.mapping.plain import shown, to_plain
from lineshaft.mapping.sheet import Sheet, changed, opened
from lineshaft.mapping.suggest import (
    FieldInfo,
    fields_of_object,
    fields_of_records,
    fields_of_target,
    suggest,
)
from lineshaft.mapping.workbook import from_workbook, to_workbook
from lineshaft.sdk.schema import Problems, Table, read_yaml

router = make_router("design")

_SAMPLES_SHOWN = 20
_SAMPLE_CHARACTERS = 60


@router.post("/design/mappings/table", response_model=MappingSheetsView)
async def edit_mapping_table(wish: WishedSheets, caller: Developer) -> Json:
    """Return a mapping as sheets, with changed sheets written into its file, each mistake at its cell."""
    path, content = check_path(wish.file.path), wish.file.text.encode()

    def run() -> MappingSheetsView:
        sheet = opened(content, path) if wish.sheets is None else changed(content, wish.sheets, path)
        return MappingSheetsView.of(sheet, _tests(sheet, path))

    return Json(await asyncio.to_thread(run))


@router.post("/design/mappings/samples", response_model=SamplesView)
async def list_mapping_samples(wish: WishedMapping, services: ServicesOf, caller: ValueReader) -> Json:
    """Return records to try a mapping on: what processes gave it last, and the examples of its file."""
    name, cases = await asyncio.to_thread(read_cases, wish.file.text.encode(), wish.file.path)
    past = await past_records(services.store, caller.scope, name or "", _SAMPLES_SHOWN)
    found = [SampleView("past", each.business_key, each.at, each.record, each.parameters) for each in past]
    found += [
        SampleView("test", each.name, None, to_plain(each.given), dict(each.parameters)) for each in cases
    ]
    return Json(SamplesView(found))


@router.post("/design/mappings/trial", response_model=MappingTrialView)
async def try_mapping(wish: WishedMappingTrial, services: ServicesOf, caller: Developer) -> Json:
    """Map a record as the mapping is drawn, and tell of each value where it came from.

    Codes come from the hub's cross-reference and the examples of the file; no system is asked.
    """
    content, path = wish.file.text.encode(), check_path(wish.file.path)
    mapping = await asyncio.to_thread(read_mapping, content, path)
    now = services.clock.now()
    wanted = await asyncio.to_thread(mapping.lookups, wish.record, wish.parameters, now=now)
    codes = dict(await services.crossref.codes(wanted, caller.scope))
    candidates = {
        each: [one.label or one.object_id for one in await services.crossref.likely(each.kind, each.id)]
        for each in wanted
        if each not in codes
    }

    def run() -> MappingTrialView:
        rates = RateTable(_rates(content, path))
        mapped = mapping.apply(wish.record, codes, wish.parameters, rates=rates, now=now, trace=True)
        return _trial(mapped, candidates)

    return Json(await asyncio.to_thread(run))


@router.post("/design/mappings/offers", response_model=MappingOffersView)
async def offer_mapping_fields(wish: WishedOffers, services: ServicesOf, caller: Developer) -> Json:
    """Return the source's fields, and what may be meant for fields that nothing fills yet, with reasons."""
    content, path = wish.file.text.encode(), check_path(wish.file.path)
    declared = {
        f"{system}.{resource.name}": [
            FieldInfo(each.name, _kind(each.type), each.label, (each.sample,) if each.sample else ())
            for each in resource.live or resource.fields
        ]
        for system, _, spec in services.designer.offers()
        for resource in spec.resources
    }
    return Json(await asyncio.to_thread(_offers, content, path, wish.record, declared))


@router.post("/design/mappings/comparison", response_model=MappingChangesView)
async def compare_mappings(wish: WishedMappingComparison, caller: Developer) -> Json:
    """Tell in words what the new version does otherwise."""

    def run() -> MappingChangesView:
        old, new = (read_mapping(each.encode(), "mapping.yaml") for each in (wish.old, wish.new))
        return MappingChangesView(
            [MappingChangeView(each.field, TitleView.of(each.text)) for each in compare(old, new)]
        )

    return Json(await asyncio.to_thread(run))


@router.post(
    "/design/mappings/workbook",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPES["xlsx"]: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def write_mapping_workbook(wish: WishedMapping, caller: Developer) -> Response:
    """Return a mapping as an Excel workbook."""
    path = check_path(wish.file.path)
    made = await asyncio.to_thread(to_workbook, wish.file.text.encode(), path)
    name = path.rpartition("/")[2].removesuffix(".yaml")
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(made, media_type=MEDIA_TYPES["xlsx"], headers=headers)


@router.post("/design/mappings/from-workbook", response_model=DrawnFile)
async def read_mapping_workbook(wish: WishedWorkbook, caller: Developer) -> Json:
    """Return the mapping file that a workbook says; a mistake names sheet and cell."""
    try:
        content = base64.b64decode(wish.content, validate=True)
    except (binascii.Error, ValueError) as error:
        message = text("Expected the workbook in base64.", "工作簿应为 base64 编码。")
        raise InputError(message) from error
    path = check_path(wish.path)
    written = await asyncio.to_thread(from_workbook, content, path)
    return Json(DrawnFile(path, written.decode()))


def _tests(sheet: Sheet, path: str) -> list[MappingTestView]:
    """Run the examples of a file that can be used."""
    if sheet.faults:
        return []
    content = sheet.text.encode()
    mapping = read_mapping(content, path)
    try:
        cases = read_cases(content, path)[1]
    except DefinitionError as error:
        wrong = [TitleView.of(each.message) for each in error.problems]
        return [MappingTestView("tests", wrong)]
    return [_tested(mapping, each) for each in cases]


def _tested(mapping: CompiledMapping, case: Case) -> MappingTestView:
    return MappingTestView(case.name, [TitleView.of(each) for each in run_case(mapping, case).wrong])


def _rates(content: bytes, path: str) -> list[Any]:
    problems = Problems()
    return read_rates(Table(read_yaml(content, path), problems).items("rates"), problems)


def _trial(mapped: Mapped, candidates: Mapping[Reference, list[str]]) -> MappingTrialView:
    troubles = [_trouble(each, "error") for each in mapped.problems]
    troubles += [_trouble(each, "warning") for each in mapped.warnings]
    return MappingTrialView(
        [to_plain(each) for each in mapped.records],
        [
            MappedValueView(each.target, to_plain(each.value), list(each.sources), list(each.how))
            for each in mapped.trace
        ],
        troubles,
        [
            MissingCodeView(each.kind, each.source, each.id, each.target, candidates.get(each, []))
            for each in mapped.missing
        ],
    )


def _trouble(problem: Problem, severity: Any) -> MappingTroubleView:
    hint = TitleView.of(problem.hint) if problem.hint is not None else None
    return MappingTroubleView(problem.place.element or "", severity, TitleView.of(problem.message), hint)


def _offers(
    content: bytes, path: str, record: Any, declared: Mapping[str, list[FieldInfo]]
) -> MappingOffersView:
    document: Any = read_yaml(content, path).plain()
    source, target = (str(document.get(each) or "") for each in ("from", "to"))
    _, cases = read_cases(content, path)
    records = [each for each in (record, *(case.given for case in cases)) if each is not None]
    sources = {each.path: each for each in _declared(source, declared)}
    for seen in fields_of_records(records):
        known = sources.get(seen.path)
        label = known.label if known is not None else None
        sources[seen.path] = FieldInfo(seen.path, seen.type, label, seen.samples)
    filled, empty = _filled(content, path, document)
    wanted = [each for each in _declared(target, declared) if each.path not in filled]
    wanted += [FieldInfo(each) for each in empty]
    found = suggest(wanted, list(sources.values()), target=target, source=source)
    return MappingOffersView(
        [
            SourceFieldView(
                each.path,
                each.type or "",
                TitleView.of(each.label) if each.label is not None else None,
                [shown(to_plain(one))[:_SAMPLE_CHARACTERS] for one in each.samples[:3]],
            )
            for each in sources.values()
        ],
        [
            TargetOffersView(
                each,
                each not in empty,
                [OfferView(one.source, one.score, TitleView.of(one.why)) for one in listed],
            )
            for each, listed in found.items()
        ],
    )


def _declared(name: str, declared: Mapping[str, list[FieldInfo]]) -> list[FieldInfo]:
    return fields_of_object(name) if name in canonical.TYPES else declared.get(name, [])


def _filled(content: bytes, path: str, document: Any) -> tuple[set[str], list[str]]:
    """Return the target's fields that are in the table, and those of them that have no source yet."""
    try:
        return {each.path for each in fields_of_target(read_mapping(content, path))}, []
    except DefinitionError:
        there, empty = set(), []
        for field, rule in _rules(document.get("fields") or {}, ""):
            there.add(field)
            if rule in (None, "") or (
                isinstance(rule, dict) and not rule.keys() & {"value", "lookup", "join"}
            ):
                empty.append(field)
        return there, empty


def _rules(fields: Mapping[str, Any], stem: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, rule in fields.items():
        if isinstance(rule, dict) and "fields" in rule:
            inner = f"{stem}{name}[]." if rule.get("each") else f"{stem}{name}."
            found += _rules(rule["fields"] or {}, inner)
        else:
            found.append((f"{stem}{name}", rule))
    return found


def _kind(feel_type: str) -> str | None:
    """Return the kind that suggestions know of a FEEL type's name."""
    if feel_type in ("date", "date-time", "date and time"):
        return "date"
    return {"string": "text", "number": "number", "boolean": "boolean"}.get(feel_type)
