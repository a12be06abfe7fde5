"""The ``resources`` of a manifest: reading one record, polling what changed, files, samples. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lineshaft.base.text import text
from lineshaft.connectors.http.model import (
    ChangesRule,
    CursorRule,
    ReadRule,
    RequestRule,
    ResourceRule,
    SampleRule,
)
from lineshaft.connectors.http.operationreading import LIST_NAMES, read_detail, read_paging
from lineshaft.connectors.http.reading import ANSWER_NAMES, COMMON_NAMES, read_event, read_request
from lineshaft.connectors.http.sections import Sections
from lineshaft.connectors.http.times import STYLES
from lineshaft.sdk.drift import names_in
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Table
from lineshaft.sdk.spec import ResourceSpec, TriggerSpec

_ITEM_NAMES: Final = frozenset({"item", "settings", "digest", "change", "detail"})


class Resources:
    """Reads resources."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections
        self._compiler = sections.compiler

    def read(self, name: str, table: Table) -> tuple[ResourceRule, ResourceSpec, TriggerSpec | None]:
        """Read one resource."""
        self._sections.name(name, table)
        label = table.label("label", name)
        fields = read_fields(table.table("fields"))
        strict = table.flag("strict")
        read_table, changes_table = table.table("read"), table.table("changes")
        read = self._read(read_table) if read_table is not None else None
        changes, trigger = (None, None)
        if changes_table is not None:
            changes, trigger = self._changes(name, changes_table)
        sample_table = table.table("sample")
        sample = self._sample(sample_table) if sample_table is not None else None
        download_table = table.table("download")
        download = self._download(download_table) if download_table is not None else None
        table.done()
        rule = ResourceRule(name, read, changes, sample, fields, strict, download)
        return rule, ResourceSpec(name, label, fields), trigger

    def _read(self, table: Table) -> ReadRule | None:
        request = read_request(table, self._compiler, COMMON_NAMES | {"id"}, method="GET")
        names = ANSWER_NAMES | {"id"}
        answers = self._sections.answers(table, names)
        record = self._compiler.expression(table.take("record"), names)
        missing = self._compiler.expression(table.take("missing"), names)
        table.done()
        return ReadRule(request, answers, record, missing) if request is not None else None

    def _download(self, table: Table) -> RequestRule | None:
        request = read_request(table, self._compiler, COMMON_NAMES | {"id"}, method="GET")
        table.done()
        return request

    def _sample(self, table: Table) -> SampleRule | None:
        names = COMMON_NAMES | LIST_NAMES
        request = read_request(table, self._compiler, names, method="GET")
        answers = self._sections.answers(table, ANSWER_NAMES)
        records = self._compiler.expression(table.take("records"), ANSWER_NAMES)
        fields = self._compiler.expression(table.take("fields"), ANSWER_NAMES)
        table.done()
        return SampleRule(request, answers, records, fields) if request is not None else None

    def _changes(self, name: str, table: Table) -> tuple[ChangesRule | None, TriggerSpec]:
        names = COMMON_NAMES | LIST_NAMES | {"cursor"}
        request = read_request(table, self._compiler, names, method="GET")
        answers = self._sections.answers(table, ANSWER_NAMES)
        answer_names = ANSWER_NAMES | names
        records = self._compiler.expression(table.take("records", required=True), answer_names)
        cursor = self._cursor(table.table("cursor", required=True))
        paging_table = table.table("paging")
        paging = read_paging(paging_table, self._sections)
        if paging_table is not None:
            paging_table.done()
        detail_table = table.table("detail")
        detail = (
            read_detail(detail_table, self._sections, COMMON_NAMES | {"item"})
            if detail_table is not None
            else None
        )
        types = table.texts("event_types")
        interval = table.number("interval_s", 10.0) or 10.0
        event = read_event(table, self._compiler, _ITEM_NAMES, self._sections.documents)
        table.done()
        told = table.node.plain()
        trigger = TriggerSpec(name, "poll", types, name, interval, fields=_fields_of_event(told))
        if request is None or records is None or event is None:
            return None, trigger
        digests = "digest" in str(table.node.plain())
        return ChangesRule(request, answers, records, cursor, paging, event, detail, digests), trigger

    def _cursor(self, table: Table | None) -> CursorRule:
        if table is None:
            return CursorRule()
        compiler = self._compiler
        field = compiler.expression(table.take("field"), {"item", "settings"})
        following = compiler.expression(table.take("next"), ANSWER_NAMES)
        snapshot = compiler.expression(table.take("snapshot"), {"item", "settings"})
        start = compiler.expression(table.take("start"), {"now", "settings"})
        overlap_s = table.number("overlap_s", None)
        overlap = table.integer("overlap", 0)
        style = table.text("style")
        records_max = table.integer("max", 50_000, least=1)
        deleted = table.flag("deleted", default=True)
        if style is not None and style not in STYLES and "%" not in style:
            self._sections.problems.add(
                "not_a_choice",
                text(
                    "Expected style to be one of {styles} or a pattern with %, but it is {style}",
                    "style 应为 {styles} 之一或含 % 的格式,实际为 {style}",
                    styles=", ".join(STYLES),
                    style=style,
                ),
                table.entries["style"].place,
                text("for example '%Y-%m-%d %H:%M:%S'", "例如 '%Y-%m-%d %H:%M:%S'"),
            )
        if sum(each is not None for each in (field, following, snapshot)) != 1:
            self._sections.problems.add(
                "cursor",
                text(
                    "Expected exactly one of field, next and snapshot",
                    "应填写 field、next、snapshot 之一",
                ),
                table.place,
                text(
                    "field: the greatest value of the records; next: the answer says it; snapshot: the "
                    "list is compared with the last time",
                    "field:记录中的最大值;next:由应答给出;snapshot:与上次全量比较",
                ),
            )
        table.done()
        return CursorRule(field, following, start, overlap_s, overlap, style, snapshot, records_max, deleted)


def _fields_of_event(plain: object) -> frozenset[str] | None:
    """Return the names of the record's fields that its events are made of; ``None``: it goes on whole."""
    told = plain if isinstance(plain, Mapping) else {}
    if told.get("data", "item") in ("item", "detail"):
        return None
    wanted = ("id", "type", "subject", "data", "occurred_at", "documents", "when", "cursor")
    return names_in([told[key] for key in wanted if key in told], keys=False)
