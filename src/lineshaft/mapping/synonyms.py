"""Words of business fields in English, in Chinese, and in the initials that Chinese systems make names of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final
from unicodedata import normalize

# One concept a line: its words. Those after a bar are initials (khmc is 客户名称) and count where a name is
# made of nothing but such.
_TABLE: Final = """
customer client account party buyer cust 客户 购货单位 购货方 买方 | kh
supplier vendor seller 供应商 供货单位 供方 | gys
code no number id num nr key 编码 编号 代码 号 号码 单号 | bm bh dm hm dh
name title description desc mc 名称 名字 品名 | mc
short abbreviation 简称 | jc
order so sale sales 订单 销售订单 销售 | dd xsdd xs
purchase po procurement 采购 | cg
bill document doc voucher form 单据 单 | dj
invoice 发票 | fp
delivery deliver ship shipment despatch dispatch shipping sent 发货 交货 出货 | fh jh
notice advice notification 通知 | tz
receipt received receive payment paid 收货 收款 回款 入库 | sh sk hk rk
product item material goods part article sku mat 产品 物料 商品 货品 材料 存货 | cp wl sp ch
model type spec specification 型号 规格 规格型号 | xh gg
unit uom 单位 计量单位 | dw jldw
quantity qty count pieces 数量 件数 量 | sl
price 单价 价格 | dj jg
amount sum total value money 金额 合计 总额 | je hj ze
tax vat 税 含税 税额 | sf s
rate percent ratio 率 比例 税率 | l
discount rebate 折扣 | zk
currency curr 币种 币别 货币 | bz bb
date day 日期 日 | rq
time moment timestamp at 时间 | sj
due need needed required deadline expected 交期 需求 到期 要求 | jq xq
transaction business 业务 交易 | yw jy
status state 状态 | zt
line row position seq entry lines rows entries details detail items 行 行号 分录 明细 序号 | hh fl mx xh
remark note notes comment memo 备注 说明 摘要 | bz
person owner salesman salesperson employee worker operator user creator 人 业务员 销售员 员工 负责人 | ry ywy
department dept 部门 | bm
organisation organization org company 组织 公司 | zz gs
warehouse wh stock inventory 仓库 库存 | ck kc
location place bin 库位 位置 | kw
lot batch 批次 批号 | ph
serial sn 序列号 | xlh
phone telephone tel mobile contact 电话 手机 联系电话 | dh sj
country nation 国家 | gj
area region 区号 地区 区域 | dq
address street 地址 | dz
email mail 邮箱 邮件 | yx
credit 信用 | xy
limit quota 额度 限额 | ed
level grade class 等级 级别 | dj
work job production wo 工单 生产 工作 | gd sc
operation process step routing 工序 | gx
good qualified ok yield 合格 良品 | hg
bad defective ng rejected 不合格 不良 | bhg bl
scrap waste 报废 | bf
hours hour labor labour 工时 小时 | gs
machine equipment device 设备 机台 | sb
role 角色 | js
report 报工 报告 | bg
external source origin outer foreign ext 来源 外部 源 | ly wb
version revision 版本 | bb
custom udf userdefined 自定义 | zdy
link links relation 关联 | gl
plan planned 计划 | jh
approver approval approve 审批 审核 | sp
net 不含税 净 |
gross 价税合计 毛 |
include included includes including 含 包含 |
base list 基础 基本 | jb
reference ref 参考 参照 | ck
system 系统 | xt
posting posted 过账 记账 | gz
"""
_CONCEPTS: Final = tuple(line.partition("|") for line in _TABLE.strip().splitlines())
GENERIC: Final = frozenset({"code", "name", "date", "status", "amount", "remark", "line", "version"})
"""Concepts that say little without the object they belong to."""


@cache
def _words() -> tuple[Mapping[str, str], Mapping[str, tuple[str, ...]]]:
    words: dict[str, str] = {}
    initials: dict[str, list[str]] = {}
    for plain, _, short in _CONCEPTS:
        concept = plain.split()[0]
        for word in plain.split():
            words.setdefault(word, concept)
        for word in short.split():
            initials.setdefault(word, []).append(concept)
    return words, {word: tuple(found) for word, found in initials.items()}


def concepts_of(name: str) -> frozenset[str]:
    """Return the concepts that the name of a field speaks of; a word that is not known is its own concept."""
    found: set[str] = set()
    plain = normalize("NFKC", name)
    for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[\u3400-\u9fff]+|\d+", plain):
        found |= _concepts_of_part(part.lower())
    return frozenset(found)


@cache
def _concepts_of_part(part: str) -> frozenset[str]:
    words, initials = _words()
    for form in (part, part.removesuffix("s"), part.removesuffix("es")):
        if form in words:
            return frozenset({words[form]})
    if "\u3400" <= part[0] <= "\u9fff":
        return frozenset(
            _cut(part, {word: (concept,) for word, concept in words.items() if word[0] > "\u3000"}) or {part}
        )
    run_together = _cut(
        part, {word: (concept,) for word, concept in words.items() if len(word) > 1}, whole=True
    )
    return frozenset(run_together or _cut(part, initials, whole=True) or {part})


def _cut(part: str, known: Mapping[str, tuple[str, ...]], *, whole: bool = False) -> set[str]:
    """Cut a run of letters into known words, the longest first; with ``whole`` nothing may be left over."""
    found: set[str] = set()
    at = 0
    while at < len(part):
        for length in range(min(8, len(part) - at), 0, -1):
            concepts = known.get(part[at : at + length])
            if concepts is not None:
                found |= set(concepts)
                at += length
                break
        else:
            if whole:
                return set()
            at += 1
    return found
