"""Systems of every built-in kind are read from a release, and an unknown kind is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.packs import read_release
from lineshaft.base.errors import DefinitionError
from lineshaft.engine.releases import File

STAGING = b"""format: 1
connector: sql
name: wms
label: {en: Warehouse, zh: "\xe4\xbb\x93\xe5\xba\x93"}
time_zone: Asia/Shanghai
database: {dialect: sqlite}
tables:
  in_order:
    table: IN_ORDER
    writable: true
    key: [number]
    columns:
      number: {type: string, column: ORDER_NO}
operations:
  order.save:
    table: in_order
    action: insert
    values: {number: payload.number}
    safety: {kind: natural_key, columns: [number]}
"""


def test_release_reads_a_system_by_the_kind_it_names(tmp_path: Path) -> None:
    hub = build(read_config(environment={}, options={"data_dir": tmp_path}))
    kinds = "files http jsonrpc ldap mail mailbox mqtt odata opcua rabbitmq sql tryton"
    assert hub.registry.names == kinds.split()
    read = read_release([File("systems", "wms.yaml", STAGING)], hub.registry)
    assert read.kinds == {"wms": "sql"}
    assert read.systems["wms"].spec.operation("order.save") is not None


def test_release_names_the_kinds_there_are_when_a_system_asks_for_another(tmp_path: Path) -> None:
    hub = build(read_config(environment={}, options={"data_dir": tmp_path}))
    with pytest.raises(DefinitionError) as refused:
        read_release([File("systems", "wms.yaml", STAGING.replace(b": sql", b": fax"))], hub.registry)
    assert "fax" in str(refused.value)
    assert "opcua" in str(refused.value)
