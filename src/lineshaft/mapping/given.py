"""Reading cross-references and exchange rates from definition files: for tests and previews of mappings."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from lineshaft.base.text import text
from lineshaft.canonical.rates import CURRENCIES, Rate
from lineshaft.mapping.references import Binding
from lineshaft.sdk.schema import Node, Problems, Table


def read_bindings(nodes: Sequence[Node], problems: Problems) -> list[Binding]:
    """Read rows of a cross-reference: ``{kind: customer, crm: KH-1, erp: C-1}``."""
    found = []
    for node in nodes:
        table = Table(node, problems)
        kind = table.text("kind", required=True) or ""
        ids = {key: table.text(key) or "" for key in table.entries if key != "kind"}
        found.append(Binding(kind, {system: local for system, local in ids.items() if local}))
    return found


def read_rates(nodes: Sequence[Node], problems: Problems) -> list[Rate]:
    """Read rows of a rate table: ``{from: USD, to: CNY, valid_from: 2026-01-01, value: 7.1, per: 1}``."""
    found = []
    for node in nodes:
        table = Table(node, problems)
        source, target = table.choice("from", tuple(CURRENCIES)), table.choice("to", tuple(CURRENCIES))
        valid_from = _day(table, "valid_from")
        valid_until = _day(table, "valid_until") if "valid_until" in table.entries else None
        value, per = (
            _positive(table, "value"),
            _positive(table, "per") if "per" in table.entries else Decimal(1),
        )
        kind = table.text("kind") or "mid"
        table.done()
        if source and target and valid_from and value and per:
            found.append(Rate(source, target, valid_from, value, per, kind, valid_until))
    return found


def _day(table: Table, key: str) -> datetime.date | None:
    written = table.text(key, required=True)
    if written is None:
        return None
    try:
        return datetime.date.fromisoformat(written)
    except ValueError:
        message = text(
            "Expected a date such as 2026-01-31, but it is {value}",
            "日期应如 2026-01-31,实际为 {value}",
            value=written,
        )
        table.problems.add("wrong_type", message, table.entries[key].place)
        return None


def _positive(table: Table, key: str) -> Decimal | None:
    node = table.take(key, required=True)
    if node is None:
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, int | Decimal) or node.value <= 0:
        message = text(
            "Expected a number above 0, but it is {value}",
            "应为大于 0 的数,实际为 {value}",
            value=node.plain(),
        )
        table.problems.add("wrong_type", message, node.place)
        return None
    return Decimal(node.value)
