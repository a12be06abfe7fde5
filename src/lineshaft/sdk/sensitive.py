"""Which fields are sensitive, who may get them, and which documents are money.

The hub ships names for its own classes (cost, margin, balance, salary, bank, identity, contact); a pack adds
names, classes and rules in ``sensitive/*.yaml``:

    format: 1
    classes:
      recipe: {zh: 配方, en: Recipe}
    fields:                        # names at any depth; case, blanks, _ and - do not count
      recipe: [formula, 配方]
      cost: [erp.price, erp.purchase_order.gross_amount]  # of this system, of this kind of its documents only
    may_go_to:                     # systems that may be sent a class; others may not
      salary: [hr]
    money: [settlement]            # kinds of documents whose repair needs a second person

Pure: bytes come in, a ``SensitiveSpec`` goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lineshaft.base.text import Text
from lineshaft.sdk.schema import Problems, Table, read_yaml

SHIPPED_NAMES: Final[dict[str, str]] = {
    "cost": "cost unit_cost standard_cost std_cost cost_price cost_amount total_cost material_cost "
    "labor_cost purchase_price 成本 成本价 单位成本 标准成本 采购价",
    "margin": "margin gross_margin margin_rate profit gross_profit profit_rate net_profit "
    "毛利 毛利率 利润 利润率",
    "balance": "balance account_balance receivable receivables credit_limit credit_used credit_balance "
    "overdue_amount outstanding_amount 余额 应收余额 信用额度 欠款",
    "salary": "salary wage wages base_salary net_salary bonus payroll_amount 工资 薪资 薪酬 奖金",
    "bank": "bank_account bank_account_no iban bank_card bank_card_no 银行账号 银行账户 银行卡号",
    "identity": "id_card id_card_no id_number identity_number identity_card passport passport_no ssn "
    "national_id 身份证 身份证号 身份证号码 护照号",
    "contact": "phone mobile telephone cell_phone contact_phone mobile_phone home_address "
    "手机 手机号 电话 联系电话 家庭住址",
}
"""Class → names that any firm's systems use for it."""
NEVER_BY_DEFAULT: Final = frozenset({"salary", "identity"})
"""Classes that go nowhere but where a pack says so."""
SHIPPED_MONEY: Final = frozenset(
    {
        "invoice",
        "credit_note",
        "debit_note",
        "payment",
        "receipt",
        "remittance",
        "voucher",
        "journal_entry",
        "settlement",
        "receivable",
        "payable",
        "refund",
    }
)
"""Kinds of documents that are money, in canonical words."""


@dataclass(frozen=True, slots=True)
class SensitiveSpec:
    """What the hub and a release say together."""

    classes: Mapping[str, Text] = field(default_factory=dict)
    """Classes of the pack's own."""
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(system, ``system.kind`` of a document, or ``""``; plain name) → class."""
    may_go_to: Mapping[str, frozenset[str]] = field(default_factory=dict)
    money: frozenset[str] = SHIPPED_MONEY

    def class_of(self, name: str, system: str = "", kind: str = "") -> str | None:
        """Return the class of a field of a system's document; ``None``: it is not sensitive."""
        word = plain(name)
        of_kind = self.names.get((f"{system}.{kind}", word)) if kind else None
        return of_kind or self.names.get((system, word)) or self.names.get(("", word))

    def may_go(self, class_name: str, system: str) -> bool:
        """Tell whether values of a class may be sent to a system."""
        allowed = self.may_go_to.get(class_name)
        if allowed is None:
            return class_name not in NEVER_BY_DEFAULT
        return system in allowed

    def is_money(self, operation: str) -> bool:
        """Tell whether an operation (``invoice.create``) or a kind of document is money."""
        return any(part in self.money for part in operation.split("."))


def plain(name: str) -> str:
    """Return a field's name as it is compared."""
    return re.sub(r"[\s_\-]", "", name).casefold()


def _shipped() -> dict[tuple[str, str], str]:
    return {("", plain(word)): name for name, words in SHIPPED_NAMES.items() for word in words.split()}


SHIPPED: Final = SensitiveSpec(names=_shipped())
"""Without any pack."""


def read_sensitive(files: Iterable[tuple[str, bytes]]) -> SensitiveSpec:
    """Read all files of the folder ``sensitive`` (path, content) as one, beside what is shipped.

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    classes: dict[str, Text] = {}
    names = dict(SHIPPED.names)
    may_go_to: dict[str, frozenset[str]] = {}
    money: set[str] = set(SHIPPED_MONEY)
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        own = root.table("classes")
        if own is not None:
            classes |= {name: own.label(name, name) for name in list(own.entries)}
            own.done()
        listed = root.table("fields")
        if listed is not None:
            for class_name in list(listed.entries):
                for word in listed.texts(class_name):
                    system, _, name = word.rpartition(".")
                    names[system, plain(name)] = class_name
            listed.done()
        allowed = root.table("may_go_to")
        if allowed is not None:
            may_go_to |= {name: frozenset(allowed.texts(name)) for name in list(allowed.entries)}
            allowed.done()
        money |= set(root.texts("money"))
        root.done()
    problems.raise_if_any()
    return SensitiveSpec(classes, names, may_go_to, frozenset(money))
