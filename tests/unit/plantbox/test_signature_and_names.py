"""The webhook signature, garbled names, and the command line."""

from __future__ import annotations

import pytest

from plantbox.adventureworks.reader import garbled
from plantbox.cli import parser
from plantbox.erp.policy import Policy
from plantbox.fields import BadField
from plantbox.simtime import SimClock
from plantbox.webhooks import signature, signing_key


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The worked example of the specification."""
    value = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_plain_secret_is_its_own_bytes() -> None:
    assert signing_key("plain") == b"plain"


@pytest.mark.parametrize("name", ["JosÃ©", "SÃ¡nchez", "FranÃ§ois", "ReÃ¡tegui Alayo"])
def test_utf8_read_as_windows_1252_is_garbled(name: str) -> None:
    assert garbled(name)


@pytest.mark.parametrize("name", ["José", "澄江汽车", "Jürgen Söhnke", "Plain Name", ""])
def test_an_honest_name_is_not_garbled(name: str) -> None:
    assert not garbled(name)


def test_simulated_time_moves_on_by_hours_and_says_its_pace() -> None:
    clock = SimClock(speed=1440)
    before = clock.now()
    clock.advance(48)
    assert (clock.now() - before).total_seconds() >= 48 * 3600
    assert clock.label("zh") == "仿真环境 · 1天=60秒"
    assert clock.label("en") == "Simulation · 1 day = 60 s"


@pytest.mark.parametrize(
    "change", [{"short_stock": "x"}, {"first_shipment": "0"}, {"first_shipment": "2"}, {"nope": "1"}]
)
def test_a_policy_that_makes_no_sense_changes_nothing(change: dict[str, str]) -> None:
    policy = Policy()
    with pytest.raises(BadField):
        policy.set({"delivery": "instant", **change})
    assert policy.view() == Policy().view()


def test_the_data_folder_must_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["crm"])
    assert "--data" in capsys.readouterr().err
