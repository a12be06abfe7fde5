"""Shipped manifests can be read, renamed and understood; their signatures match published vectors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import NotFound
from lineshaft.connectors.http import read_manifest
from lineshaft.connectors.http.authenticating import make_authenticator
from lineshaft.connectors.http.preparing import Preparer
from lineshaft.connectors.http.transport import Prepared, Reply
from lineshaft.connectors.http.vault import Vault
from lineshaft.connectors.products import product_manifest, product_names
from lineshaft.sdk.registry import Connection

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", product_names())
def test_a_shipped_manifest_speaks_both_languages_and_says_its_versions(name: str) -> None:
    manifest = read_manifest(product_manifest(name), f"{name}.yaml")
    labelled = [manifest.spec, *manifest.spec.operations, *manifest.spec.resources]
    labelled += [field for field in manifest.settings if field.name != "base_url"]
    for each in labelled:
        label = each.label
        assert label is not None
        assert label.in_language("zh") != label.in_language("en"), each.name
    assert manifest.product is not None
    assert manifest.product.versions
    assert manifest.check is not None


@pytest.mark.parametrize("name", product_names())
def test_a_copy_is_named_after_the_system(name: str) -> None:
    manifest = read_manifest(product_manifest(name, "plant2_erp"), "plant2_erp.yaml")
    assert manifest.spec.name == "plant2_erp"
    types = [each for trigger in manifest.spec.triggers for each in trigger.event_types]
    assert types or not manifest.spec.resources
    assert all(each.startswith("plant2_erp.") for each in types)
    assert f":{name}:" not in product_manifest(name, "plant2_erp").decode()
    assert read_manifest(product_manifest(name), "x.yaml").secrets == manifest.secrets


def test_a_product_that_is_not_shipped_is_named_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="k3cloud"):
        product_manifest("k4cloud")


def test_the_engine_knows_no_product() -> None:
    """Schemes of signed deliveries are named after who made them; beyond these no product is known."""
    names = {*product_names(), "kingdee", "yonyou", "weaver"} - {"dingtalk"}
    for path in (ROOT / "src" / "lineshaft" / "connectors" / "http").glob("*.py"):
        written = path.read_text("utf-8").lower()
        assert [name for name in names if name in written] == []


async def applied(
    name: str, secrets: Mapping[str, str], settings: Mapping[str, Any], prepared: Prepared, now: datetime
) -> Prepared:
    """A request with the credentials of a shipped manifest."""
    manifest = read_manifest(product_manifest(name), f"{name}.yaml")
    given = {**manifest.defaults, **settings}
    connection = Connection(name, given, secrets.__getitem__, FixedClock(now))
    vault = Vault(connection)
    base_url = str(settings["base_url"])

    async def send(_: Prepared) -> Reply:
        raise AssertionError("no login is expected")

    auth = make_authenticator(
        manifest.auth, vault, connection, Preparer(base_url, vault), send, base_url=base_url
    )
    await auth.apply(prepared, given)
    return prepared


async def test_k3cloud_signs_as_the_vendors_sdk_does() -> None:
    """The golden vector of the SDK 8.2.0, which its Go port carries too."""
    prepared = Prepared(
        "POST", "/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc"
    )
    secrets = {
        "k3cloud_app_id": "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4",
        "k3cloud_app_secret": "test-app-secret-value",
    }
    settings = {"account": "dcid-1", "user": "user-1", "organisation": "100"}
    settings["base_url"] = "https://erp.example.com/K3Cloud"
    await applied("k3cloud", secrets, settings, prepared, datetime.fromtimestamp(1700000000, UTC))
    assert prepared.headers == {
        "X-Api-ClientID": "123456",
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": "1700000000",
        "x-api-nonce": "1700000000",
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": "MjNhMzg5MmZiMWE1MTQ1ZGE5NWFkYmZiZWYxYzhlY2NjNzcwM2ZjNDJlZT"
        "czMzBhNzkxOTk1ODhjNDZkMTEzYw==",
        "X-Kd-Appkey": "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4",
        "X-Kd-Appdata": "ZGNpZC0xLHVzZXItMSwyMDUyLDEwMA==",
        "X-Kd-Signature": "NjI5MzRiZGVhNGJhOWY2N2Y2YzQ2MzQ5ODA3N2JiZTRiMDRmOTUwNjI3YWIzO"
        "DU1ODBkZDdhNzgwMzdmMDgxMg==",
    }
