"""English pages show the firm's master data under their English names: customers, products, units, people.

Each system stores what its users typed, mostly Chinese; the firm knows the English names (``plantbox.firm``).
A page in English has them put in. What a person wrote in their own words stays as it is.
"""

from __future__ import annotations

import re
from typing import Final

from plantbox import firm

_UNITS: Final = {"套": "sets", "块": "pcs", "件": "pcs", "千克": "kg"}
_WORDS: Final = {
    "发货审批": "Dispatch approval",
    "采购部": "Purchasing",
    "销售部": "Sales",
    "销售总监": "Sales director",
    "自动同意": "approved automatically",
    "公路专线": "road haulage",
    "自有车队": "own lorries",
    "铁路快运": "rail express",
}


def _names() -> dict[str, str]:
    found = {buyer.name: buyer.name_en for buyer in firm.BUYERS if buyer.name_en}
    found |= {good.name: good.name_en for good in firm.GOODS}
    found |= {spare.name: spare.name_en for spare in firm.SPARES}
    found |= firm.SELLERS_EN | firm.CITIES_EN
    found |= {step.name: step.name_en for step in firm.ROUTING}
    found |= {step.trouble_name: step.trouble_name_en for step in firm.ROUTING}
    return found | _WORDS


_NAMES: Final = _names()
_KNOWN: Final = re.compile("|".join(re.escape(each) for each in sorted(_NAMES, key=len, reverse=True)))
_UNIT: Final = re.compile(r"(?<=[\s\d>(])(套|块|件|千克)(?=[\s<),;]|$)")
_SENTENCES: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"已发货,预计 1 天到达", "Shipped, expected in 1 day"),
        (r"已发货,预计 (\d+) 天到达", r"Shipped, expected in \1 days"),
        (r"ERP 驳回:", "Rejected by the ERP: "),
        (r"超信用额度 ", "over the credit limit by "),
        (r"客户已停用", "the customer is stopped"),
        (r"ERP 暂停发货:", "Shipments held by the ERP: "),
        (r"ERP 已恢复发货", "Shipments go on"),
        (r"ERP 未接收:", "Not taken by the ERP: "),
        (r"疑似重复\(([^)]*)\),待主数据管理员确认", r"Perhaps there already (\1): a steward looks at it"),
        (r"ERP 已审核:", "Audited in the ERP: "),
        (r"变更已执行:ERP 已更新", "Changed in the ERP too"),
        (r"变更被拒绝:", "Change refused: "),
        (r"取消被拒绝:", "Cancellation refused: "),
        (r"ERP 已作废:", "Cancelled in the ERP: "),
        (r"生产中 ([\d.]+)%:", r"In production, \1 %: "),
        (r"已完工入库 ([\d.]+)\(", r"Finished and received: \1 ("),
    )
)
"""What the systems themselves tell each other of an order, in the words of their shipped settings."""


def in_language(html: str, lang: str) -> str:
    """Return a page's markup; in English with the names that the firm has in English."""
    if lang != "en":
        return html
    for pattern, words in _SENTENCES:
        html = pattern.sub(words, html)
    html = _KNOWN.sub(lambda found: _NAMES[found[0]], html)
    return _UNIT.sub(lambda found: _UNITS[found[1]], html)
