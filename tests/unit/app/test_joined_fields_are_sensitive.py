"""What a mapping joins, converts by, or filters by counts as read: nothing leaves by a side door."""

from __future__ import annotations

import pytest

from lineshaft.app.sensitive_flows import check_sensitive
from lineshaft.base.errors import DefinitionError
from lineshaft.mapping import read_mapping
from lineshaft.sdk.sensitive import SHIPPED


@pytest.mark.parametrize(
    "rule",
    [
        '{join: {by: "-", of: [record.no, record.salary]}}',
        "{value: record.no, convert: {prefix: =record.salary}}",
        "{value: record.no, map: {a: b}, unmapped: {value: record.salary}}",
        "{when: record.salary != null, value: record.no}",
    ],
)
def test_a_sensitive_field_in_any_part_of_a_rule_stops_the_release(rule: str) -> None:
    def source(field: str) -> bytes:
        return f"format: 1\nname: one\nfrom: erp.supplier\nto: crm.note\nfields:\n  Text: {field}\n".encode()

    check_sensitive([read_mapping(source(rule.replace("salary", "no")), "one.yaml")], {"crm"}, SHIPPED)
    with pytest.raises(DefinitionError, match="may not go to crm"):
        check_sensitive([read_mapping(source(rule), "one.yaml")], {"crm"}, SHIPPED)
