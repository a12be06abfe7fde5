"""The look of the ERP's pages: its words in both languages, its style, its tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final

from aiohttp import web

from plantbox.leaf import language_of

WORDS = {
    "title": ("企业资源计划", "Resource Planning"),
    "orders": ("销售订单", "Sales orders"),
    "plans": ("计划建议", "Plan proposals"),
    "deliveries": ("发货单", "Delivery orders"),
    "stock": ("即时库存", "Stock"),
    "customers": ("客户", "Customers"),
    "bill": ("单据编号", "Document"),
    "source": ("来源单号", "Source number"),
    "customer": ("客户", "Customer"),
    "state": ("单据状态", "State"),
    "amount": ("金额", "Net"),
    "tax": ("税额", "Tax"),
    "all": ("价税合计", "Total"),
    "date": ("日期", "Date"),
    "line": ("行号", "Line"),
    "material": ("物料编码", "Material"),
    "name": ("名称", "Name"),
    "qty": ("数量", "Quantity"),
    "price": ("含税单价", "Price with tax"),
    "rate": ("税率%", "Tax %"),
    "reserved": ("预留", "Reserved"),
    "planned": ("计划", "Planned"),
    "delivered": ("已发货", "Delivered"),
    "reason": ("驳回原因", "Reason"),
    "onhand": ("现存量", "On hand"),
    "available": ("可用量", "Available"),
    "limit": ("信用额度", "Credit limit"),
    "code": ("编码", "Code"),
    "outer": ("外部编码", "Outer code"),
    "status": ("状态", "Status"),
    "ready": ("完成时间", "Ready at"),
    "submit": ("提交", "Submit"),
    "audit": ("审核", "Audit"),
    "unaudit": ("反审核", "Un-audit"),
    "change": ("修改", "Change"),
    "works": ("生产订单", "Work orders"),
    "work": ("生产订单", "Work order"),
    "purchases": ("采购订单", "Purchase orders"),
    "received": ("已收货", "Received"),
    "invoiced": ("已开票", "Invoiced"),
    "notices": ("发货通知", "Dispatch notices"),
    "count": ("盘点", "Stock count"),
    "variances": ("用料差异", "Material variance"),
    "why": ("差异原因", "Cause"),
    "explain": ("说明", "Explain"),
    "external": ("车间单号", "Shop floor number"),
    "finished": ("已入库", "Received"),
    "progress": ("进度%", "Progress %"),
    "operation": ("工序", "Operation"),
    "good": ("合格", "Good"),
    "bad": ("不良", "Bad"),
    "scrap": ("报废", "Scrap"),
    "hours": ("工时", "Hours"),
    "need": ("定额用量", "Standard use"),
    "used": ("实际用量", "Actual use"),
    "variance": ("差异", "Variance"),
    "share": ("差异%", "Variance %"),
    "approver": ("审批人", "Approver"),
    "remark": ("意见", "Remark"),
    "start": ("开始盘点", "Start the count"),
    "close": ("结束盘点", "End the count"),
    "since": ("开始时间", "Since"),
    "until": ("结束时间", "Until"),
    "forecasts": ("销售预测", "Forecasts"),
    "forecast": ("预测数量", "Forecast"),
    "weighted": ("按成交率", "Weighted by chance"),
    "short": ("缺口", "Short"),
    "chance": ("成交率%", "Chance %"),
    "need_on": ("需求日期", "Needed on"),
    "closed_why": ("关闭原因", "Closed because"),
    "held": ("暂停发货", "Held"),
    "tax_no": ("税号", "Tax number"),
    "phone": ("电话", "Phone"),
    "terms": ("付款条件", "Terms"),
    "stop": ("停用", "Stop"),
    "activate": ("启用", "Activate"),
    "other": ("English", "中文"),
}
LINE_WORDS = {
    "Open": ("未处理", "Open"),
    "Reserved": ("已预留", "Reserved"),
    "Planned": ("计划中", "Planned"),
    "Partial": ("部分发货", "Partly delivered"),
    "Delivered": ("已发货", "Delivered"),
    "Cancelled": ("作废", "Cancelled"),
    "Active": ("启用", "Active"),
    "Stopped": ("停用", "Stopped"),
    "Proposed": ("建议", "Proposed"),
    "Released": ("已投放", "Released"),
    "Finished": ("完成", "Finished"),
    "Accepted": ("车间已接收", "Accepted"),
    "Started": ("进行中", "Started"),
    "Created": ("待审批", "To be approved"),
    "Approved": ("已批准", "Approved"),
    "Rejected": ("已拒绝", "Rejected"),
    "Shipped": ("已发货", "Shipped"),
    "Closed": ("已结束", "Closed"),
    "None": ("没有盘点", "No count"),
    "Noted": ("待说明", "To be explained"),
    "Explained": ("已说明", "Explained"),
}
STYLE = """
body{margin:0;font:13px/1.45 "Noto Sans CJK SC","SimSun",Tahoma,sans-serif;background:#d9d6cf;color:#222;
display:flex;
min-height:100vh}nav{background:#4a4238;color:#eee;width:150px;flex:none;padding:10px 0}nav b{display:block;
padding:6px 12px 14px;
color:#f4c95d}nav a{display:block;color:#eee;text-decoration:none;padding:7px 12px}
nav a:hover{background:#6a5f50}
section{flex:1;padding:10px;min-width:0}.bar{background:#efece5;border:1px solid #aaa393;padding:5px 10px;
margin-bottom:8px;
display:flex;justify-content:space-between;gap:8px;flex-wrap:wrap}.grid{overflow:auto;background:#fff;
border:1px solid #aaa393}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #cfc9bb;padding:3px 7px;white-space:nowrap}
th{background:#e6e1d4;font-weight:600;text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr:nth-child(even) td{background:#f8f6f0}a{color:#7a3b00}.D{color:#b00020;font-weight:600}.C{color:#1d6b2b;
font-weight:600}
.acts{display:flex;gap:6px}
button{font:inherit;padding:2px 12px;margin-bottom:6px}input{font:inherit;width:110px;text-align:right}
@media(max-width:600px){body{display:block}nav{width:auto;display:flex;flex-wrap:wrap}}
"""
NUMERIC = {
    "amount",
    "tax",
    "all",
    "qty",
    "price",
    "rate",
    "reserved",
    "planned",
    "delivered",
    "onhand",
    "available",
    "limit",
    "finished",
    "progress",
    "good",
    "bad",
    "scrap",
    "hours",
    "need",
    "used",
    "variance",
    "share",
}


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def word(key: str, lang: str) -> str:
    """Return a word of the page in the chosen language."""
    return WORDS[key][0 if lang == "zh" else 1]


def language(request: web.Request) -> str:
    """Return the language of a request."""
    return language_of(request, "erp_lang")


_NUMBERS: Final = re.compile(r"(?<![\w.,>-])\d{4,}(?=\.\d+|\b)")


def grouped(text: str) -> str:
    """Return words with the thousands of plain numbers set apart."""
    return _NUMBERS.sub(lambda found: f"{int(found[0]):,}", text)


def grid(lang: str, keys: tuple[str, ...], rows: Iterable[Iterable[object]]) -> str:
    """Return a table; numbers stand right, text is escaped."""
    heads = "".join(f"<th{' class=n' if key in NUMERIC else ''}>{word(key, lang)}</th>" for key in keys)
    body = []
    for row in rows:
        cells = []
        for key, value in zip(keys, row, strict=True):
            text = value if isinstance(value, Html) else escape("" if value is None else str(value))
            if key in NUMERIC:
                text = grouped(text)
            cells.append(f"<td{' class=n' if key in NUMERIC else ''}>{text}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f'<div class="grid"><table><tr>{heads}</tr>{"".join(body)}</table></div>'
