"""Secrets in their file: found again, never readable by others, never in the clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.base.errors import ConfigError
from lineshaft.security.secrets import Secrets


def test_secret_of_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('crm_token = "from file"\nerp_key = "k"\n')
    path.chmod(0o600)
    secrets = Secrets({"LINESHAFT_SECRET_CRM_TOKEN": "from environment"}, path)

    assert secrets("secret:crm-token") == "from environment"
    assert secrets("erp_key") == "k"
    assert "from" not in repr(secrets)
    with pytest.raises(KeyError):
        secrets("nobody")


def test_secrets_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('a = "b"\n')
    path.chmod(0o644)

    with pytest.raises(ConfigError) as raised:
        Secrets({}, path)

    assert raised.value.code == "secrets_file_open"
    assert "chmod 600" in str(raised.value.hint)


def test_unreadable_secrets_file_does_not_show_its_content(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text("token = hunter2\n")
    path.chmod(0o600)

    with pytest.raises(ConfigError) as raised:
        Secrets({}, path)

    assert "hunter2" not in str(raised.value)
