"""The manifests that the reference pages show can be used as they stand there."""

from __future__ import annotations

import re

import pytest

from lineshaft.connectors.brokers import MQTT, RABBITMQ
from lineshaft.connectors.brokers.reference import mqtt_page, rabbitmq_page
from lineshaft.connectors.files import FILES
from lineshaft.connectors.files.reference import page as files_page
from lineshaft.sdk.registry import Kind


@pytest.mark.parametrize(
    ("kind", "page"), [(FILES, files_page()), (MQTT, mqtt_page()), (RABBITMQ, rabbitmq_page())]
)
def test_the_manifest_on_the_page_is_read(kind: Kind, page: str) -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    definition = kind.read(written.encode(), f"{kind.name}.yaml")
    assert definition.spec.operations
    assert definition.spec.triggers
    for setting in definition.settings:
        assert f"`{setting.name}`" in page
