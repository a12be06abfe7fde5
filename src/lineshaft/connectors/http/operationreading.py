"""The ``operations`` of a manifest: one request, several steps, lists, batches, safety. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, Literal, cast

from lineshaft.base.text import text
from lineshaft.connectors.http.model import (
    AnswerRule,
    BatchRule,
    DetailRule,
    DocumentRule,
    KeyPlacement,
    OperationRule,
    PagesRule,
    PagingRule,
    ProbeRule,
    StepRule,
)
from lineshaft.connectors.http.reading import (
    ANSWER_NAMES,
    REQUEST_NAMES,
    read_answers,
    read_documents,
    read_judgement,
    read_request,
)
from lineshaft.connectors.http.sections import NAME, Sections
from lineshaft.sdk.drift import names_in
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Table
from lineshaft.sdk.spec import FieldSpec, OperationSpec, Safety

SAFETIES: Final = ("idempotency_key", "natural_key", "probe", "none")
LIST_NAMES: Final = frozenset({"page", "offset", "token", "last", "page_size"})
_NO_FIELDS: Final = frozenset(
    {
        *("answers", "encoding", "header", "headers", "input", "kind", "label"),
        *("method", "name", "output", "path", "resource", "url"),
    }
)
"""Keys of an operation under which no field of the target is named."""
PAGING_KINDS: Final = ("none", "page", "offset", "token", "link", "keyset")


class Operations:
    """Reads operations."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections
        self._compiler = sections.compiler

    def read(self, name: str, table: Table, call_s: float) -> tuple[OperationRule | None, OperationSpec]:
        """Read one operation."""
        sections = self._sections
        sections.name(name, table)
        label = table.label("label", name)
        reads_only = table.flag("reads_only")
        timeout_s = table.number("timeout_s", call_s) or call_s
        safety, settles, key, probe = self._safety(table.table("safety"))
        answers = sections.answers(table, ANSWER_NAMES | ({"steps"} if "steps" in table.entries else set()))
        steps = tuple(self._steps(table, key, answers))
        pages_table = table.table("pages")
        pages = self._pages(pages_table) if pages_table is not None else None
        request = None
        if "steps" not in table.entries:
            known = REQUEST_NAMES | LIST_NAMES if pages is not None else REQUEST_NAMES
            request = read_request(
                table, self._compiler, known, method="GET" if pages is not None else "POST"
            )
        names = ANSWER_NAMES | ({"steps"} if steps else set()) | ({"records"} if pages is not None else set())
        answered = table.take("answer")
        answer = self._compiler.template(answered, names)
        number = self._compiler.expression(table.take("number"), names)
        repeated = self._compiler.expression(table.take("repeated"), names)
        effective = self._compiler.expression(table.take("effective"), names)
        documents = self._documents(table, names)
        batch_table = table.table("batch")
        batch = self._batch(batch_table) if batch_table is not None else None
        inputs = read_fields(table.table("input"))
        outputs = read_fields(table.table("output"))
        if not outputs and answered is not None and isinstance(answered.value, Mapping):
            # What an operation answers is declared by what is taken from the answer, too.
            outputs = tuple(FieldSpec(name.removesuffix("?"), "Any") for name in answered.value)
        resource = table.text("resource", pattern=NAME) or name.rpartition(".")[0]
        table.done()
        spec = OperationSpec(
            name, label, safety, settles, timeout_s, reads_only, inputs, outputs, resource,
            fields_of_target(table.node.plain()),
        )  # fmt: skip
        if request is None and not steps:
            return None, spec
        rule = OperationRule(
            name, request, answers, reads_only, timeout_s, key, probe, repeated, answer, number, documents,
            steps, effective, pages, batch, reads_only or safety in ("idempotency_key", "natural_key"),
        )  # fmt: skip
        return rule, spec

    def _documents(self, table: Table, names: Collection[str]) -> tuple[DocumentRule, ...]:
        return read_documents(
            table.items("documents"), self._compiler, names, table, self._sections.documents
        )

    def _steps(self, table: Table, key: KeyPlacement | None, answers: AnswerRule) -> list[StepRule]:
        found: list[StepRule] = []
        for index, node in enumerate(table.items("steps")):
            step = self._step(Table(node, table.problems), index, {each.name for each in found}, answers)
            if step is not None:
                found.append(step if step.key is None else replace(step, key=key))
        return found

    def _step(self, table: Table, index: int, taken: set[str], base: AnswerRule) -> StepRule | None:
        pages_table = table.table("pages")
        pages = self._pages(pages_table) if pages_table is not None else None
        names = REQUEST_NAMES | {"steps"} | (LIST_NAMES if pages is not None else set())
        name = table.text("name", pattern=NAME) or f"step_{index + 1}"
        if name in taken:
            self._sections.problems.add(
                "duplicate_key",
                text("There are two steps named {name}", "有两个步骤名为 {name}", name=name),
                table.place,
                text("give each step a name of its own", "每个步骤应有不同的名称"),
            )
        reads = table.flag("reads_only", default="method" not in table.entries or _reads(table))
        request = read_request(table, self._compiler, names, method="GET" if reads else "POST")
        answers = read_answers(table.table("answers"), self._compiler, ANSWER_NAMES | {"steps"}, base)
        when = self._compiler.expression(table.take("when"), names)
        until = self._compiler.expression(table.take("until"), ANSWER_NAMES | {"steps"})
        every = table.number("every_s", 2.0) or 2.0
        within = table.number("within_s", 60.0) or 60.0
        carries = KeyPlacement() if table.flag("key") else None
        stop = read_judgement(table, "otherwise", self._compiler, ANSWER_NAMES | {"steps"})
        table.done()
        if request is None:
            return None
        return StepRule(name, request, answers, reads, when, until, every, within, carries, pages, stop)

    def _pages(self, table: Table) -> PagesRule | None:
        names = ANSWER_NAMES | LIST_NAMES
        records = self._compiler.expression(table.take("records", required=True), names)
        paging = read_paging(table, self._sections)
        most = table.integer("max", 10_000, least=1)
        detail_table = table.table("detail")
        detail = None
        if detail_table is not None:
            detail = read_detail(detail_table, self._sections, REQUEST_NAMES | {"item"})
        table.done()
        return PagesRule(records, paging, most, detail) if records is not None else None

    def _batch(self, table: Table) -> BatchRule | None:
        size = table.integer("size", 100, least=1)
        request = read_request(table, self._compiler, {"items", "key", "settings", "session", "now"})
        names = ANSWER_NAMES | {"items"}
        inner = names | {"item"}
        results = self._compiler.expression(table.take("results", required=True), names)
        good = self._compiler.expression(table.take("ok", required=True), inner)
        code = self._compiler.expression(table.take("code"), inner)
        words = self._compiler.expression(table.take("text"), inner)
        number = self._compiler.expression(table.take("number"), inner)
        answer = self._compiler.template(table.take("answer"), inner)
        table.done()
        if request is None or results is None or good is None:
            return None
        return BatchRule(size, request, results, good, code, words, number, answer)

    def _safety(self, table: Table | None) -> tuple[Safety, float, KeyPlacement | None, ProbeRule | None]:
        if table is None:
            return "none", 0.0, None, None
        kind = cast("Safety", table.choice("kind", SAFETIES))
        header = table.text("header", pattern=r"[A-Za-z0-9-]+")
        field = table.text("field")
        key = KeyPlacement(header, tuple(field.split(".")) if field else ()) if header or field else None
        settles, probe = 0.0, None
        if kind == "idempotency_key" and key is None:
            self._sections.problems.add(
                "missing_key",
                text("Expected where the key goes", "应说明幂等键的位置"),
                table.place,
                text("add `header:` or `field:`", "添加 `header:` 或 `field:`"),
            )
        if kind == "probe":
            settles = table.number("settles_within_s", 0.0) or 0.0
            probe_table = table.table("probe", required=True)
            probe = self._probe(probe_table) if probe_table is not None else None
        table.done()
        return kind, settles, key, probe

    def _probe(self, table: Table) -> ProbeRule | None:
        pages_table = table.table("pages")
        pages = self._pages(pages_table) if pages_table is not None else None
        asked = REQUEST_NAMES | (LIST_NAMES if pages is not None else set())
        request = read_request(table, self._compiler, asked, method="GET")
        answers = self._sections.answers(table, ANSWER_NAMES)
        names = ANSWER_NAMES | ({"records"} if pages is not None else set())
        found = self._compiler.expression(table.take("found", required=True), names)
        answer = self._compiler.template(table.take("answer"), names)
        number = self._compiler.expression(table.take("number"), names)
        documents = self._documents(table, names)
        table.done()
        if request is None or found is None:
            return None
        return ProbeRule(request, found, answers, answer, number, documents, pages)


def _reads(table: Table) -> bool:
    node = table.entries.get("method")
    return node is not None and node.value in ("GET", "HEAD", "OPTIONS")


def read_detail(table: Table, sections: Sections, names: Collection[str]) -> DetailRule | None:
    """Read one more request for each record of a list."""
    compiler = sections.compiler
    answered = ANSWER_NAMES | {"item"}
    request = read_request(table, compiler, names, method="GET")
    answers = sections.answers(table, answered)
    record = compiler.expression(table.take("record"), answered)
    missing = compiler.expression(table.take("missing"), answered)
    concurrency = table.integer("concurrency", 4, least=1)
    table.done()
    return DetailRule(request, answers, record, missing, concurrency) if request is not None else None


def fields_of_target(plain: object) -> frozenset[str]:
    """Return the names of the target's fields that an operation's table (or a step's) mentions."""
    found: frozenset[str] = frozenset()
    entries = plain if isinstance(plain, Mapping) else {}
    for key, value in entries.items():
        if key in ("body", "query"):
            whole = entries.get("input") if value == "payload" else value
            found |= names_in(whole, keys=True)
        elif key in ("steps", "documents"):
            for each in value if isinstance(value, list) else ():
                found |= fields_of_target(each)
        elif key in ("batch", "lines", "safety", "probe"):
            found |= fields_of_target(value)
        elif key not in _NO_FIELDS:
            found |= names_in(value, keys=False)
    return found


def read_paging(table: Table | None, sections: Sections) -> PagingRule:
    """Read how a list goes on; a table that also holds other keys is left for its reader to end."""
    if table is None:
        return PagingRule()
    compiler = sections.compiler
    names = ANSWER_NAMES | LIST_NAMES | {"cursor", "records"}
    kind = table.choice("kind", PAGING_KINDS, "none") or "none"
    size = table.integer("size", 100, least=1)
    first = table.integer("first", 1)
    inner = names | {"item"} if kind == "keyset" else names
    following = compiler.expression(table.take("next", required=kind in ("token", "keyset")), inner)
    more = compiler.expression(table.take("more"), names)
    total = compiler.expression(table.take("total"), names)
    back = table.integer("back", 0, least=0)
    ends = table.choice("ends", ("empty_page", "short_page"), "empty_page") or "empty_page"
    return PagingRule(
        cast('Literal["none", "page", "offset", "token", "link", "keyset"]', kind),
        size,
        first,
        following,
        more,
        total,
        cast('Literal["empty_page", "short_page"]', ends),
        min(back, size - 1) if kind == "offset" else 0,
    )
