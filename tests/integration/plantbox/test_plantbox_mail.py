"""The mail and SMS box as a sender meets it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call

KEY = {"X-Sms-Key": "sms-demo-key"}


@pytest.fixture(scope="module")
def running(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("mail", tmp_path_factory.mktemp("mail"), "--speed", "1")


@pytest.fixture
def box(running: System) -> Iterator[System]:
    yield running
    running.admin("DELETE", "faults")


def send(box: System, subject: str, to: str = "einkauf@kunde.example") -> None:
    message = EmailMessage()
    message["From"] = "hub@werk.example"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{abs(hash(subject))}@werk.example>"
    message.set_content("您的订单已发货,预计 2 天到达。\n<b>kein Markup</b>\n")
    with smtplib.SMTP(box.ready["smtp_host"], box.ready["smtp_port"], timeout=10) as server:
        server.send_message(message)


def mails(box: System, subject: str) -> list[dict[str, Any]]:
    items = call("GET", f"{box.url}/mail/v1/messages", None, KEY).json["items"]
    return [item for item in items if item["subject"] == subject]


def sms(box: System, **body: str) -> dict[str, Any]:
    return dict(call("POST", f"{box.url}/sms/v1/send", body, KEY).json)


def test_a_mail_is_stored_with_recipient_subject_and_text(box: System) -> None:
    send(box, "订单 XS2601-00001 已发货")
    stored = mails(box, "订单 XS2601-00001 已发货")[0]
    assert stored["to"] == ["einkauf@kunde.example"]
    assert "预计 2 天到达" in stored["text"]
    page = call("GET", f"{box.url}/mails/{stored['id']}?lang=en").raw.decode()
    assert "&lt;b&gt;kein Markup" in page
    assert "Simulation · 1 day" in page
    assert "仿真环境" in call("GET", f"{box.url}/?lang=zh").raw.decode()


@pytest.mark.parametrize(
    ("kind", "stored", "error"),
    [
        ("down", 0, smtplib.SMTPResponseException),
        ("rate_limited", 0, smtplib.SMTPResponseException),
        ("ok_with_error", 0, smtplib.SMTPResponseException),
        ("error_but_done", 1, smtplib.SMTPResponseException),
        ("reset", 0, smtplib.SMTPServerDisconnected),
        ("lost_reply", 1, smtplib.SMTPServerDisconnected),
    ],
)
def test_faults_strike_when_a_mail_is_handed_over(
    box: System, kind: str, stored: int, error: type[Exception]
) -> None:
    box.fault(kind=kind, match="smtp.data", count=1)
    with pytest.raises(error):
        send(box, f"fault {kind}")
    assert len(mails(box, f"fault {kind}")) == stored


def test_a_short_message_is_taken_once_per_key(box: System) -> None:
    body = {"messageKey": "XS-1:shipped", "to": "0510-5550101", "text": "已发货,预计 2 天到达"}
    first, again = sms(box, **body), sms(box, **body)
    assert (first["result"], first["duplicate"], again["duplicate"]) == (0, False, True)
    assert first["msgId"] == again["msgId"]
    assert sms(box, **{**body, "text": "其他"})["result"] == 7
    items = call("GET", f"{box.url}/sms/v1/messages?messageKey=XS-1:shipped", None, KEY).json["items"]
    assert [(item["text"], item["tries"]) for item in items] == [("已发货,预计 2 天到达", 2)]
    assert call("POST", f"{box.url}/sms/v1/send", body).json["result"] == 1
    assert "预计 2 天到达" in call("GET", f"{box.url}/sms").raw.decode()
