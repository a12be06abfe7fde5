"""The parts of a manifest that its sections share: requests, answer rules, documents, events.

Pure. Each function reads one table; what is wrong is noted with its place. The sections stand in ``reader``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final, cast

from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Compiler, Expression
from lineshaft.connectors.http.model import (
    VERDICTS,
    AnswerRule,
    DocumentRule,
    EventRule,
    Judgement,
    LineRule,
    Plan,
    RequestRule,
    Verdict,
)
from lineshaft.connectors.http.wire import ENCODINGS, FORMS
from lineshaft.sdk.schema import Node, Table

COMMON_NAMES: Final = frozenset({"settings", "session", "now"})
REQUEST_NAMES: Final = COMMON_NAMES | {"payload", "key"}
ANSWER_NAMES: Final = REQUEST_NAMES | {"status", "answer", "headers"}
WEBHOOK_NAMES: Final = frozenset({"body", "headers", "query", "settings"})
SHARED_NAMES: Final = frozenset({"source", "settings"})
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "REPORT", "PROPFIND")


def read_request(
    table: Table, compiler: Compiler, names: Collection[str], *, secrets: bool = False, method: str = "POST"
) -> RequestRule | None:
    """Read the request keys of a table: method, path or url, query, headers, body, encoding, base_url."""
    chosen = table.choice("method", METHODS, method) or method
    url = compiler.expression(table.take("url"), names)
    path = compiler.path(table.take("path", required="url" not in table.entries), names, secrets=secrets)
    base = compiler.address(table.take("base_url"), names)
    query = compiler.template(table.take("query"), names, secrets=secrets)
    headers = compiler.template(table.take("headers"), names, secrets=secrets)
    body = compiler.template(table.take("body"), names, secrets=secrets)
    encoding = table.choice("encoding", ENCODINGS, "json") or "json"
    nesting = table.choice("nesting", ("brackets", "repeat", "json"), "brackets") or "brackets"
    charset = table.choice("charset", ("utf-8", "gbk", "gb18030"), "utf-8") or "utf-8"
    action = table.text("action") or ""
    if path is None and url is None:
        return None
    return RequestRule(chosen, path, query, headers, body, encoding, nesting, charset, base, url, action)


def read_answers(
    table: Table | None, compiler: Compiler, names: Collection[str], base: AnswerRule
) -> AnswerRule:
    """Read an ``answers`` table; what it does not say is taken from ``base``."""
    if table is None:
        return base
    success = compiler.expression(table.take("success"), names)
    code = compiler.expression(table.take("code"), names)
    words = compiler.expression(table.take("text"), names)
    wait = compiler.expression(table.take("wait_s"), names)
    codes = dict(base.codes)
    codes_table = table.table("codes")
    for key in codes_table.entries if codes_table else ():
        judgement = read_judgement(codes_table, key, compiler, names)
        if judgement is not None:
            codes[key] = judgement
    statuses = dict(base.statuses)
    statuses_table = table.table("statuses")
    for key in statuses_table.entries if statuses_table else ():
        judgement = read_judgement(statuses_table, key, compiler, names)
        if judgement is not None and key.isdigit():
            statuses[int(key)] = judgement
    other = read_judgement(table, "other", compiler, names)
    rules = tuple(_rules(table, compiler, names))
    form = table.choice("form", FORMS, base.form) or base.form
    table.done()
    return AnswerRule(
        success or base.success,
        code or base.code,
        words or base.text,
        wait or base.wait_s,
        codes,
        statuses,
        other or base.other,
        (*rules, *base.rules),
        form,
    )


def _rules(
    table: Table, compiler: Compiler, names: Collection[str]
) -> Iterator[tuple[Expression, Judgement]]:
    """Read ``rules``: a list of ``{when: EXPRESSION, means: MEANING}``."""
    for node in table.items("rules"):
        below = Table(node, table.problems)
        when = compiler.expression(below.take("when", required=True), names)
        if "means" not in below.entries:
            below.take("means", required=True)
        judgement = read_judgement(below, "means", compiler, names)
        below.done()
        if when is not None and judgement is not None:
            yield when, judgement


def read_judgement(
    table: Table | None, key: str, compiler: Compiler, names: Collection[str]
) -> Judgement | None:
    """Read ``refused`` or ``{class: missing_reference, reference: …}``."""
    node = table.take(key) if table is not None else None
    if node is None or table is None:
        return None
    if isinstance(node.value, str):
        verdict = table.choice(key, VERDICTS)
        if verdict == "missing_reference":
            table.problems.add(
                "missing_key",
                text("Expected what is missing to be named", "应指明缺少的引用"),
                node.place,
                text(
                    "write {example}",
                    "写成 {example}",
                    example="{class: missing_reference, reference: '\"product:crm:\" + payload.product'}",
                ),
            )
        return Judgement(cast("Verdict", verdict)) if verdict else None
    below = Table(node, table.problems)
    verdict = below.choice("class", VERDICTS)
    reference = compiler.expression(below.take("reference", required=verdict == "missing_reference"), names)
    wait = compiler.expression(below.take("wait_s"), names) if verdict == "rate_limited" else None
    waits = below.choice("waits", ("system", "call"), "system") if verdict == "rate_limited" else "system"
    below.done()
    return Judgement(cast("Verdict", verdict), reference, wait, waits == "call") if verdict else None


Shared = Mapping[str, DocumentRule]
"""The manifest's own document rules by name: written once, used by operations and events."""


def read_documents(
    nodes: list[Node], compiler: Compiler, names: Collection[str], problems_of: Table, shared: Shared
) -> tuple[DocumentRule, ...]:
    """Read a ``documents`` list; an entry with ``use`` takes a shared rule."""
    found = []
    for node in nodes:
        table = Table(node, problems_of.problems)
        if "use" in table.entries:
            rule = _used(table, compiler, names, shared)
        else:
            rule = read_document(table, compiler, names)
        if rule is not None:
            found.append(rule)
    return tuple(found)


def _used(table: Table, compiler: Compiler, names: Collection[str], shared: Shared) -> DocumentRule | None:
    """Read ``{use: NAME, from: EXPRESSION}`` with its own ``when``, ``status``, ``version``."""
    name = table.choice("use", tuple(shared))
    source = compiler.expression(table.take("from", required=True), names)
    when = compiler.expression(table.take("when"), names)
    status = compiler.expression(table.take("status"), names)
    version = compiler.expression(table.take("version"), names)
    table.done()
    rule = shared.get(name or "")
    if rule is None or source is None:
        return None
    return replace(
        rule, source=source, when=when, status=status or rule.status, version=version or rule.version
    )


def read_document(table: Table, compiler: Compiler, names: Collection[str]) -> DocumentRule | None:
    """Read one document rule."""
    kind = table.text("kind", required=True, pattern=r"[a-z][a-z0-9_]*")
    each = compiler.expression(table.take("each"), names)
    inner = {*names, "document"} if table.take("each") is not None else names
    number = compiler.expression(table.take("number", required=True), inner)
    local_id = compiler.expression(table.take("local_id", required=True), inner)
    lines_table = table.table("lines")
    rule_parts = {
        key: compiler.expression(table.take(key), inner)
        for key in ("when", "status", "version", "follows", "cause")
    }
    lines = _lines(lines_table, compiler, inner) if lines_table is not None else None
    fields = compiler.template(table.take("fields"), inner)
    table.done()
    if kind is None or number is None or local_id is None:
        return None
    return DocumentRule(kind, number, local_id, each=each, lines=lines, fields=fields, **rule_parts)


def _lines(table: Table, compiler: Compiler, names: Collection[str]) -> LineRule | None:
    each = compiler.expression(table.take("each", required=True), names)
    inner = {*names, "item"}
    needed: dict[str, Expression | None] = {
        key: compiler.expression(table.take(key, required=True), inner)
        for key in ("line", "item", "quantity", "unit")
    }
    optional = {
        key: compiler.expression(table.take(key), inner)
        for key in ("status", "amount", "currency", "from_line")
    }
    table.done()
    line, item, quantity, unit = needed["line"], needed["item"], needed["quantity"], needed["unit"]
    if each is None or line is None or item is None or quantity is None or unit is None:
        return None
    return LineRule(each, line, item, quantity, unit, **optional)


def read_event(table: Table, compiler: Compiler, names: Collection[str], shared: Shared) -> EventRule | None:
    """Read how events are taken out: id, type, subject, data, occurred_at, documents (and each, when)."""
    each = compiler.expression(table.take("each"), names)
    inner = {*names, "item"} if table.take("each") is not None else names
    when = compiler.expression(table.take("when"), inner)
    identity = compiler.expression(table.take("id", required=True), inner)
    kind = compiler.expression(table.take("type", required=True), inner)
    subject = compiler.expression(table.take("subject", required=True), inner)
    content = compiler.template(table.take("data"), inner)
    occurred = compiler.expression(table.take("occurred_at"), inner)
    documents = read_documents(table.items("documents"), compiler, inner, table, shared)
    if identity is None or kind is None or subject is None:
        return None
    simple = each is None and when is None and not documents
    whole = isinstance(content, Expression) and content.source.strip() == "item"
    plan = _plan(identity, kind, subject, occurred) if simple and whole else None
    return EventRule(identity, kind, subject, each, when, content, occurred, documents, plan)


def _plan(
    identity: Expression, kind: Expression, subject: Expression, occurred: Expression | None
) -> Plan | None:
    """Return which fields of the record an event takes, where it takes nothing else."""
    fixed = re.fullmatch(r'"([^"\\]+)"', kind.source.strip())
    own, about = _field_of(identity), _field_of(subject)
    at = _field_of(occurred) if occurred is not None else None
    if fixed is None or own is None or about is None or (occurred is not None and at is None):
        return None
    return Plan(own, fixed[1], about, at)


def _field_of(expression: Expression) -> str | None:
    found = re.fullmatch(r"item\.([A-Za-z_][A-Za-z0-9_]*)", expression.source.strip())
    return found[1] if found is not None else None
