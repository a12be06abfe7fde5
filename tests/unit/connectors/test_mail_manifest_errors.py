"""A manifest of kind ``mail`` with an error is refused with file, line, key and remedy."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.connectors.mail import read_manifest

GOOD = """\
format: 1
connector: mail
name: notices
auth: {user: secret:user, password: secret:password}
messages:
  order.shipped:
    to: payload.email
    subject: {zh: "订单 {payload.number}", en: "Order {payload.number}"}
    text: {zh: 已发货, en: shipped}
"""


def test_a_good_manifest_is_read_and_claims_no_safety() -> None:
    manifest = read_manifest(GOOD.encode(), "notices.yaml")
    assert manifest.secrets == {"user", "password"}
    assert [operation.safety for operation in manifest.spec.operations] == ["none"]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("format: 1", "format: 2", "format", 1),
        ("password: secret:password", "password: plain", "secret_literal", 4),
        ('{payload.number}", en', '{paylod.number}", en', "name_unknown", 8),
        ('{payload.number}", en', '{payload.}", en', "expression", 8),
        ("    text: {zh: 已发货, en: shipped}", "    text: {zh: 已发货}", "missing_key", 9),
        ("    to: payload.email\n", "", "missing_key", 7),
        ("    to:", "    too: payload.email\n    to:", "unknown_key", 7),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, code: str, line: int) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_manifest(GOOD.replace(old, new).encode(), "systems/notices.yaml")
    problem = caught.value.problems[0]
    assert (problem.code, problem.place.file, problem.place.line) == (code, "systems/notices.yaml", line)
