"""Lists as CSV and Excel files: the same rows and the same masks as the lists themselves.

A file is written whole before its first byte goes out, so that the audit log has its line before anybody has
the file: who took which list, how many rows, and which sensitive classes they saw in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import StreamingResponse

from lineshaft.api.access import (
    DocumentReader,
    EffectReader,
    InstanceReader,
    LanguageOf,
    LetterReader,
    ServicesOf,
    TaskReader,
    allow,
)
from lineshaft.api.audit_names import names_of
from lineshaft.api.people_views import AuditLineView
from lineshaft.api.routes.audit import Moment, zoned
from lineshaft.api.routes.board import Figure, orders_of
from lineshaft.api.routes.instances import carrying
from lineshaft.api.routes.tasks import Box, inbox_page
from lineshaft.api.routing import Cursor, make_router
from lineshaft.api.services import Services
from lineshaft.api.sheets import MEDIA_TYPES, Column, Format, Sheet, T
from lineshaft.api.task_views import InboxItemView
from lineshaft.api.views import DeadLetterView, EffectView
from lineshaft.base.errors import InputError
from lineshaft.base.text import Language, text
from lineshaft.insight.board import BoardOrder
from lineshaft.insight.words import Words
from lineshaft.security.people import Caller
from lineshaft.store.port import Page
from lineshaft.store.rows import Instance


def _known_filters(request: Request) -> None:
    """Refuse a filter that the list has not: the file would hold more than was asked for."""
    known = {each.alias for each in request.scope["route"].dependant.query_params}
    strange = sorted(set(request.query_params) - known)
    if strange:
        raise InputError(
            text(
                "There is no filter {names}; this list has {known}.",
                "没有筛选条件 {names};该列表支持 {known}。",
                names=ascii(", ".join(strange)[:200]),
                known=", ".join(sorted(known)),
            ),
            code="filter_unknown",
        )


router = make_router("exports")
router.dependencies.append(Depends(_known_filters))

ROWS_MAX: Final = 50_000
_PAGE_ROWS: Final = 500
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file. Times are UTC. With `X-Next-Cursor` there is more: ask again with it.",
        "content": {
            kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for kind in MEDIA_TYPES.values()
        },
        "headers": {
            "X-Next-Cursor": {
                "description": "where the next file begins, where there are more rows than one takes",
                "schema": {"type": "string"},
            }
        },
    }
}
_CUT: Final = text(
    "There are more rows than one file takes. Narrow the filter, or go on with X-Next-Cursor.",
    "数据超出单个文件的行数上限:请缩小筛选范围,或用 X-Next-Cursor 继续导出。",
)
AuditReader = Annotated[Caller, Depends(allow("audit.read"))]
FormatOf = Annotated[Format, Query(alias="format", description="the kind of file")]
RowsMax = Annotated[int, Query(ge=1, le=ROWS_MAX, description="rows of one file")]

INSTANCES: Final[Sequence[Column[tuple[Instance, str]]]] = (
    Column(text("Document", "单号"), lambda row: row[0].business_key),
    Column(text("Process", "流程"), lambda row: row[1]),
    Column(text("State", "状态"), lambda row: row[0].status),
    Column(text("Incidents", "异常数"), lambda row: row[0].incidents),
    Column(text("Started (UTC)", "开始时间(UTC)"), lambda row: row[0].started_at),
    Column(text("Ended (UTC)", "结束时间(UTC)"), lambda row: row[0].ended_at),
    Column(text("Department", "部门"), lambda row: row[0].department),
    Column(text("Release", "发布版本"), lambda row: row[0].release),
    Column(text("Id", "编号"), lambda row: row[0].id),
)
LETTERS: Final[Sequence[Column[DeadLetterView]]] = (
    Column(text("Document", "单号"), lambda row: row.business_key),
    Column(text("System", "系统"), lambda row: row.system),
    Column(text("Operation", "操作"), lambda row: row.operation),
    Column(text("State", "状态"), lambda row: row.status),
    Column(text("Kind of failure", "失败类别"), lambda row: row.error_class),
    Column(text("Failure", "失败原因"), lambda row: row.error_text),
    Column(text("Attempts", "尝试次数"), lambda row: row.attempts),
    Column(text("Since (UTC)", "发生时间(UTC)"), lambda row: row.created_at),
    Column(text("Closed (UTC)", "关闭时间(UTC)"), lambda row: row.closed_at),
    Column(text("Closed by", "关闭人"), lambda row: row.closed_by),
    Column(text("Id", "编号"), lambda row: row.id),
)
EFFECTS: Final[Sequence[Column[EffectView]]] = (
    Column(text("Document", "单号"), lambda row: row.business_key),
    Column(text("System", "系统"), lambda row: row.system),
    Column(text("Operation", "操作"), lambda row: row.operation),
    Column(text("State", "状态"), lambda row: row.status),
    Column(text("Attempts", "尝试次数"), lambda row: row.attempts),
    Column(text("Created (UTC)", "创建时间(UTC)"), lambda row: row.created_at),
    Column(text("Settled (UTC)", "完成时间(UTC)"), lambda row: row.settled_at),
    Column(text("Reference", "对方单号"), lambda row: row.reference),
    Column(text("Failure", "失败原因"), lambda row: row.error_text),
    Column(text("Instance", "流程实例"), lambda row: row.instance_id),
    Column(text("Id", "编号"), lambda row: row.id),
)
TASKS: Final[Sequence[Column[InboxItemView]]] = (
    Column(text("Task (Chinese)", "待办"), lambda row: row.title.zh),
    Column(text("Task (English)", "待办(英文)"), lambda row: row.title.en),
    Column(text("Process", "流程"), lambda row: row.process.zh),
    Column(text("Document", "单号"), lambda row: row.business_key),
    Column(text("State", "状态"), lambda row: row.status),
    Column(text("Since (UTC)", "到达时间(UTC)"), lambda row: row.at),
    Column(text("Due (UTC)", "时限(UTC)"), lambda row: row.due_at),
    Column(text("Overdue", "逾期"), lambda row: row.is_late),
    Column(text("Urged", "催办次数"), lambda row: row.urges),
    Column(text("With", "办理人"), lambda row: row.assignee),
    Column(text("Open to", "候选"), lambda row: ", ".join(row.groups or ())),
    Column(text("What was done", "操作"), lambda row: row.act),
    Column(text("Instance", "流程实例"), lambda row: row.instance_id),
)
AUDIT: Final[Sequence[Column[AuditLineView]]] = (
    Column(text("No.", "序号"), lambda row: row.seq),
    Column(text("Time (UTC)", "时间(UTC)"), lambda row: row.at),
    Column(text("Who", "操作人"), lambda row: row.actor),
    Column(text("Action", "动作"), lambda row: row.action),
    Column(text("Outcome", "结果"), lambda row: row.outcome),
    Column(text("Kind of thing", "对象类型"), lambda row: row.subject_type),
    Column(text("Thing", "对象"), lambda row: row.name or row.subject),
    Column(text("Id", "编号"), lambda row: row.subject),
    Column(text("From", "来源地址"), lambda row: row.address),
    Column(text("Detail", "详情"), lambda row: row.detail),
)


def _said(words: Words, language: Language) -> str:
    return words.zh if language == "zh" else words.en


def _order_columns(language: Language) -> Sequence[Column[BoardOrder]]:
    return (
        Column(text("Order", "订单"), lambda row: row.number),
        Column(text("System", "系统"), lambda row: row.system),
        Column(text("Customer", "客户"), lambda row: row.customer),
        Column(text("Amount", "金额"), lambda row: row.worth if row.worth is not None else row.amount),
        Column(text("Currency", "币种"), lambda row: row.currency),
        Column(text("Ordered", "下单日期"), lambda row: row.ordered_on),
        Column(text("Due", "交期"), lambda row: row.due_on),
        Column(text("State", "状态"), lambda row: _said(row.status, language)),
        Column(text("Stage", "环节"), lambda row: _said(row.stage_title, language)),
        Column(text("With", "当前所在"), lambda row: _said(row.holder, language)),
        Column(text("Late", "逾期"), lambda row: row.late),
        Column(text("Done (UTC)", "完成时间(UTC)"), lambda row: row.done_at),
    )


@router.get("/exports/instances", response_class=StreamingResponse, responses=_FILE)
async def export_instances(
    services: ServicesOf,
    caller: InstanceReader,
    language: LanguageOf,
    format_: FormatOf = "csv",
    *,
    process_id: str | None = None,
    status: str | None = None,
    business_key: str | None = None,
    number: Annotated[str | None, Query(max_length=200, description="any number of any system")] = None,
    with_incidents: bool = False,
    cursor: Cursor = None,
    rows_max: RowsMax = ROWS_MAX,
) -> StreamingResponse:
    """Return the list of instances as a file, newest first."""

    async def page(after: str | None, limit: int) -> Page[tuple[Instance, str]]:
        if number:
            few = await carrying(
                services, caller.scope, number, process_id=process_id, status=status, limit=limit
            )
            found = Page(few, None)
        else:
            found = await services.store.instances(
                caller.scope,
                process_id=process_id,
                status=status,
                business_key=business_key,
                with_incidents=with_incidents,
                cursor=after,
                limit=limit,
            )
        books = {
            each.release: await services.processes.of(caller.scope, each.release) for each in found.items
        }
        rows = []
        for each in found.items:
            process = books[each.release].get(each.process_id)
            title = process.title.in_language(language) if process is not None else each.process_id
            rows.append((each, title))
        return Page(rows, found.next)

    sheet = Sheet(format_, "instances", INSTANCES, language)
    return await _file(services, sheet, page, cursor, rows_max)


@router.get("/exports/dead-letters", response_class=StreamingResponse, responses=_FILE)
async def export_dead_letters(
    services: ServicesOf,
    caller: LetterReader,
    language: LanguageOf,
    format_: FormatOf = "csv",
    *,
    status: str = "open",
    system: str | None = None,
    cause: str | None = None,
    cursor: Cursor = None,
    rows_max: RowsMax = ROWS_MAX,
) -> StreamingResponse:
    """Return the list of dead letters as a file, oldest first; what they hold is not in it."""

    async def page(after: str | None, limit: int) -> Page[DeadLetterView]:
        found = await services.store.dead_letters(
            caller.scope, status=status, system=system, cause=cause, cursor=after, limit=limit
        )
        return Page([DeadLetterView.of(each, language) for each in found.items], found.next)

    sheet = Sheet(format_, "dead-letters", LETTERS, language)
    return await _file(services, sheet, page, cursor, rows_max)


@router.get("/exports/tasks", response_class=StreamingResponse, responses=_FILE)
async def export_tasks(
    services: ServicesOf,
    caller: TaskReader,
    language: LanguageOf,
    format_: FormatOf = "csv",
    *,
    box: Annotated[Box, Query(description="one of one's own boxes")] = "todo",
    cursor: Cursor = None,
    rows_max: RowsMax = ROWS_MAX,
) -> StreamingResponse:
    """Return one's own tasks as a file; what they are about in detail is not in it."""

    async def page(after: str | None, limit: int) -> Page[InboxItemView]:
        return await inbox_page(services, caller, box, after, limit)

    return await _file(services, Sheet(format_, "tasks", TASKS, language), page, cursor, rows_max)


@router.get("/exports/effects", response_class=StreamingResponse, responses=_FILE)
async def export_effects(
    services: ServicesOf,
    caller: EffectReader,
    language: LanguageOf,
    format_: FormatOf = "csv",
    *,
    instance_id: str | None = None,
    business_key: str | None = None,
    system: str | None = None,
    status: str | None = None,
    cursor: Cursor = None,
    rows_max: RowsMax = ROWS_MAX,
) -> StreamingResponse:
    """Return lines of the ledger as a file, newest first; requests and answers are not in it."""

    async def page(after: str | None, limit: int) -> Page[EffectView]:
        found = await services.store.effects(
            caller.scope,
            instance_id=instance_id,
            business_key=business_key,
            system=system,
            status=status,
            cursor=after,
            limit=limit,
        )
        return Page([EffectView.of(each, language) for each in found.items], found.next)

    sheet = Sheet(format_, "effects", EFFECTS, language)
    return await _file(services, sheet, page, cursor, rows_max)


@router.get("/exports/orders", response_class=StreamingResponse, responses=_FILE)
async def export_orders(
    services: ServicesOf,
    caller: DocumentReader,
    language: LanguageOf,
    format_: FormatOf = "csv",
    *,
    figure: Annotated[Figure, Query(description="the orders behind which figure of the board")] = "open",
    stage: Annotated[str | None, Query(max_length=100, description="only those that stand there")] = None,
) -> StreamingResponse:
    """Return the orders behind a figure of the board as a file, those with the earliest due day first."""
    orders = await orders_of(services, caller, language, figure, stage)

    async def page(after: str | None, limit: int) -> Page[BoardOrder]:
        return Page(orders, None)

    sheet = Sheet(format_, "orders", _order_columns(language), language)
    return await _file(services, sheet, page, None, ROWS_MAX)


@router.get("/exports/audit", response_class=StreamingResponse, responses=_FILE)
async def export_audit_lines(
    services: ServicesOf,
    caller: AuditReader,
    language: LanguageOf,
    format_: FormatOf = "csv",
    *,
    actor: str | None = None,
    subject: str | None = None,
    action: Annotated[str | None, Query(description="its beginning, e.g. `session.`")] = None,
    since: Moment = None,
    until: Moment = None,
    cursor: Cursor = None,
    rows_max: RowsMax = ROWS_MAX,
) -> StreamingResponse:
    """Return lines of the audit log as a file to read, newest first; `/audit/export` is the one to check."""
    zoned(since, until)

    async def page(after: str | None, limit: int) -> Page[AuditLineView]:
        found = await services.store.audit(
            caller.scope,
            actor=actor,
            subject=subject,
            action=action,
            since=since,
            until=until,
            cursor=after,
            limit=limit,
        )
        names = await names_of(services.store, caller.scope, found.items)
        return Page([AuditLineView.of(each, names) for each in found.items], found.next)

    sheet = Sheet(format_, "audit", AUDIT, language)
    return await _file(services, sheet, page, cursor, rows_max)


async def _file(
    services: Services,
    sheet: Sheet[T],
    page: Callable[[str | None, int], Awaitable[Page[T]]],
    cursor: str | None,
    rows_max: int,
) -> StreamingResponse:
    """Write pages into a file until there are no more or it is full; note it, then answer with it."""
    while sheet.rows < rows_max:
        found = await page(cursor, min(_PAGE_ROWS, rows_max - sheet.rows))
        await sheet.add(found.items)
        cursor = found.next
        if cursor is None:
            break
    await services.audit.note(
        "data.exported",
        subject_type="list",
        subject=sheet.name,
        detail={"rows": sheet.rows, "format": sheet.format},
    )
    # Whoever finds the file in a folder, or opens it, sees that it is not the whole list.
    part = f"-first-{sheet.rows}" if cursor is not None else ""
    file_name = f"{sheet.name}-{services.clock.now():%Y%m%d-%H%M%S}{part}.{sheet.format}"
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    if cursor is not None:
        sheet.cut(_CUT)
        headers["X-Next-Cursor"] = cursor
    return StreamingResponse(sheet.content(), media_type=MEDIA_TYPES[sheet.format], headers=headers)
