"""Tokens and secrets in their files: found again, never readable by others, never in the clear."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lineshaft.base.errors import ConfigError, InputError, NotFound
from lineshaft.security.secrets import Secrets
from lineshaft.security.tokens import FileTokens, TokenWish

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_token_is_known_to_another_process_and_kept_as_a_digest_only(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    _, token = FileTokens(path).create(TokenWish("line 3", ["viewer"], departments=["sales"]), NOW)

    caller = FileTokens(path).caller(token, NOW)

    assert caller is not None
    assert (caller.name, caller.rights) == ("line 3", frozenset({"read"}))
    assert caller.scope.departments == frozenset({"sales"})
    assert token.rpartition("_")[2] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_changed_token_is_nobodys(tmp_path: Path) -> None:
    tokens = FileTokens(tmp_path / "tokens.json")
    _, token = tokens.create(TokenWish("a", ["admin"]), NOW)

    for wrong in (token[:-1], token + "0", token.upper(), "", "lst__", "x" * 5000):
        assert tokens.caller(wrong, NOW) is None


def test_token_ends_at_its_time_and_when_it_is_revoked(tmp_path: Path) -> None:
    tokens = FileTokens(tmp_path / "tokens.json")
    record, token = tokens.create(TokenWish("a", ["admin"], expires_at=NOW + timedelta(days=1)), NOW)

    assert tokens.caller(token, NOW) is not None
    assert tokens.caller(token, NOW + timedelta(days=1)) is None
    FileTokens(tmp_path / "tokens.json").revoke(record.id)
    assert tokens.caller(token, NOW) is None
    with pytest.raises(NotFound):
        tokens.revoke(record.id)


def test_role_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="viewer"):
        FileTokens(tmp_path / "tokens.json").create(TokenWish("a", ["boss"]), NOW)


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
