"""The configuration: its order, and what it says about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.app.config import HubConfig, _take_tree, read_config, shown
from lineshaft.base.errors import ConfigError, Problem


def problems_of(environment: dict[str, str], options: dict[str, object] | None = None) -> list[Problem]:
    with pytest.raises(ConfigError) as raised:
        read_config(environment=environment, options=options)
    found = raised.value.context["problems"]
    assert isinstance(found, list)
    return found


def test_config_has_safe_defaults_when_nothing_is_set() -> None:
    config = read_config()

    assert config == HubConfig()
    assert config.server.host == "127.0.0.1"
    assert config.store_url == "sqlite:///.lineshaft/hub.db"


def test_command_line_wins_over_the_environment() -> None:
    config = read_config(
        environment={"LINESHAFT_SERVER_PORT": "9000", "LINESHAFT_LOG_LEVEL": "debug"},
        options={"server.port": 9001, "server.host": None},
    )

    assert (config.server.port, config.server.host, config.log.level) == (9001, "127.0.0.1", "debug")


def test_numbers_and_rows_of_numbers_come_as_text_from_the_environment() -> None:
    config = read_config(
        environment={"LINESHAFT_ENGINE_RETRY_GAPS_S": "1,2.5", "LINESHAFT_ENGINE_POLL_S": "2"}
    )

    assert config.engine.retry_gaps_s == (1.0, 2.5)
    assert config.engine.engine_config().retry.gaps_s == (1.0, 2.5)
    assert config.engine.poll_s == 2.0


def test_all_mistakes_are_told_together() -> None:
    found = problems_of(
        {"LINESHAFT_SERVER_PORT": "x", "LINESHAFT_ENGINE_CALLS_MAX": "0"},
        {"log.level": "loud", "store.url": "mysql://h/d"},
    )

    assert {each.code for each in found} == {"config_type", "config_limit", "config_choice"}
    assert len(found) == 4


def test_unknown_setting_is_answered_with_the_nearest_one() -> None:
    (problem,) = problems_of({"LINESHAFT_SERVER_PROT": "1"})

    assert problem.code == "config_unknown"
    assert problem.hint is not None
    assert "LINESHAFT_SERVER_PORT" in str(problem.hint)


def test_lease_that_cannot_be_renewed_in_time_is_refused() -> None:
    (problem,) = problems_of({"LINESHAFT_ENGINE_LEASE_TTL_S": "3"})

    assert problem.code == "config_lease"


def test_systems_take_their_settings_from_a_tree_and_the_environment() -> None:
    config = read_config(environment={"LINESHAFT_SYSTEMS_CRM_BASE_URL": "http://127.0.0.1:1"})
    values: dict[str, object] = {}
    systems: dict[str, dict[str, object]] = {}
    found: list[Problem] = []
    tree = {"systems": {"erp": {"base_url": "http://e"}}, "server": {"port": 1, "prot": 2}}
    _take_tree(tree, "hub.toml", values, systems, found)

    assert config.systems["crm"]["base_url"] == "http://127.0.0.1:1"
    assert systems == {"erp": {"base_url": "http://e"}}
    assert values == {"server.port": 1}
    assert [str(each.place) for each in found] == ["hub.toml server.prot"]


def test_secret_and_password_print_as_stars() -> None:
    config = read_config(
        environment={
            "LINESHAFT_SYSTEMS_CRM_API_KEY": "abc",
            "LINESHAFT_SYSTEMS_CRM_LOGIN": "secret:crm_login",
            "LINESHAFT_STORE_URL": "postgresql://hub:geheim@db/hub",
        }
    )

    printed = shown(config)

    assert printed["systems.crm.api_key"] == printed["systems.crm.login"] == "***"
    assert printed["store.url"] == "postgresql://hub:***@db/hub"


def test_variables_of_other_purposes_are_no_settings() -> None:
    names = ("LINESHAFT_SECRET_CRM_TOKEN", "LINESHAFT_URL", "LINESHAFT_CONFIG", "PATH")

    assert read_config(environment=dict.fromkeys(names, "x")) == HubConfig()


def test_data_dir_is_a_path() -> None:
    assert read_config(options={"data_dir": Path("there")}).sqlite_path == Path("there/hub.db")
