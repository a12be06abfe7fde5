"""The command line against real hubs: with one running, and without."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.programs import ROOT, lineshaft
from lineshaft.cli.commands import run

Serve = Callable[..., tuple[subprocess.Popen[str], str]]
Command = Callable[..., "Said"]
PACK = "order-to-delivery"


def get(url: str, token: str | None = None) -> tuple[int, object]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@dataclass
class Said:
    """What a command said, that ran in this process."""

    status: int
    stdout: str
    stderr: str


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process, on a folder of its own: quicker than a process each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run_here(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            run(list(arguments))
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run_here


def test_pack_is_the_same_after_deploy_and_pull_which_overwrites_only_when_asked(
    command: Command, tmp_path: Path
) -> None:
    source = ROOT / "src" / "lineshaft_packs" / "order_to_delivery"
    first = json.loads(command("deploy", PACK, "--json").stdout)
    command("pull", "copy")

    pulled = {
        p.relative_to(tmp_path / "copy"): p.read_bytes()
        for p in (tmp_path / "copy").rglob("*.*")
        if p.is_file()
    }
    assert {name.as_posix() for name in pulled} >= {"pack.yaml", "systems/crm.yaml"}
    assert all((source / name).read_bytes() == content for name, content in pulled.items())
    assert json.loads(command("deploy", "copy", "--json").stdout)["id"] == first["id"]

    # Other work in its place is not overwritten, unless that is asked for.
    (tmp_path / "copy" / "pack.yaml").write_text("mine")
    refused = command("pull", "copy")
    assert refused.status == 2
    assert "pack.yaml" in refused.stderr
    assert (tmp_path / "copy" / "pack.yaml").read_text() == "mine"
    assert command("pull", "copy", "--force").status == 0
    assert (tmp_path / "copy" / "pack.yaml").read_text() != "mine"


def test_broken_pack_is_refused_with_every_problem_and_its_place(command: Command, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    (pack / "systems").mkdir(parents=True)
    (pack / "pack.yaml").write_text("format: 1\nname: broken\nversion: 1.0.0\ntitle: {zh: 坏, en: Broken}\n")
    (pack / "systems" / "crm.yaml").write_text("format: 1\nname: crm\nauth: 5\n")
    (pack / "nonsense").mkdir()
    (pack / "nonsense" / "x.yaml").write_text("a: 1")

    refused = command("deploy", "pack")

    assert refused.status == 2
    assert "nonsense/x.yaml" in refused.stderr
    assert "systems/crm.yaml" in refused.stderr


@pytest.mark.timeout(240)
def test_hub_answers_over_http_and_to_the_command_line_and_a_second_one_is_refused(
    serve: Serve, tmp_path: Path
) -> None:
    """One start for all that is asked of a running hub: to start it takes longer than all of that."""
    process, url = serve()
    token = (tmp_path / ".lineshaft" / "admin.token").read_text().strip()

    lineshaft("deploy", PACK, cwd=tmp_path)

    assert get(f"{url}/api/v1/health")[0] == 200
    assert get(f"{url}/api/v1/systems")[0] == 401
    status, systems = get(f"{url}/api/v1/systems", token)
    assert status == 200
    assert isinstance(systems, dict)
    # Nobody told it where the systems are: they are there, and say what is missing.
    assert {"crm", "erp", "mes"} <= {each["name"] for each in systems["items"]}
    assert {each["state"] for each in systems["items"]} == {"degraded"}
    assert "base_url" in systems["items"][0]["problem"]["en"]

    second = lineshaft("serve", "--port", "0", cwd=tmp_path, expect=2)
    assert str(process.pid) in second.stderr
    assert url in second.stderr

    # A viewer may look and not change.
    viewer = lineshaft("token", "create", "screen", "--role", "viewer", cwd=tmp_path).stdout.strip()
    assert get(f"{url}/api/v1/me", viewer)[0] == 200
    refused = lineshaft(
        "--url", url, "--token", viewer, "dead-letters", "discard", "x", cwd=tmp_path, expect=2
    )
    assert "letters.repair" in refused.stderr

    # Killed, it leaves no lock behind; asked to end, it ends well.
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    process, url = serve()
    assert get(f"{url}/api/v1/health")[0] == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_number_that_nobody_knows_is_said_in_the_readers_language(command: Command) -> None:
    zh = command("--lang", "zh", "trace", "XS-404")
    en = command("trace", "XS-404")

    assert (zh.status, zh.stdout) == (1, "没有找到 XS-404。\n")
    assert (en.status, en.stdout) == (1, "Nothing is known of XS-404.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dead-letters", "show", "none"], "There is no dead letter none."),
        (["unknown", "decide", "none", "--done"], "There is no effect none."),
        (["unknown", "decide", "none"], "--done or --not-done"),
        (["deploy", "nowhere"], "nowhere"),
        (["--config", "nowhere.toml", "doctor"], "nowhere.toml"),
        (["worker"], "PostgreSQL"),
        (["feel", "1 +"], "Expected an expression"),
        (["serve", "--prot", "1"], "prot"),
        (["nonsense"], "nonsense"),
    ],
)
def test_mistake_of_the_user_ends_with_2_and_says_what_to_do(
    command: Command, arguments: list[str], words: str
) -> None:
    refused = command(*arguments)

    assert refused.status == 2
    assert words in refused.stderr


def test_doctor_says_which_systems_are_configured_and_that_alert_mails_have_no_way(
    command: Command, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('erp_key = "hidden-value"\n')
    secrets.chmod(0o600)
    config = tmp_path / "hub.toml"
    given = 'secrets_file = "secrets.toml"\nsystems.erp.base_url = "http://erp.example"\n'
    config.write_text(given + 'alerts.mail_to = ["it@factory.example"]\nalerts.mail_system = "mail"\n')
    sick = command("--config", "hub.toml", "--lang", "zh", "doctor")
    config.write_text(
        given
        + 'alerts.mail_to = ["it@factory.example"]\nalerts.smtp_host = "smtp.example"\n'
        + 'alerts.mail_from = "hub@factory.example"\n'
    )
    well = command("--config", "hub.toml", "doctor")

    assert (sick.status, "FAIL  告警邮件: 缺少系统 mail" in sick.stdout) == (1, True)
    assert "ok    系统: erp" in sick.stdout
    assert "erp_key" in sick.stdout
    assert "hidden-value" not in sick.stdout
    assert (well.status, "Alert mail: it@factory.example" in well.stdout) == (0, True)


def test_doctor_finds_everything_in_order_on_a_fresh_machine(command: Command) -> None:
    findings = json.loads(command("doctor", "--json").stdout)

    assert all(each["ok"] for each in findings), findings


def test_expression_is_evaluated_exactly(command: Command) -> None:
    answer = command("feel", "price * 3", "--context", '{"price": 0.1}')

    assert answer.stdout == "0.3\n"


def test_process_file_is_checked_with_its_place(command: Command, tmp_path: Path) -> None:
    good = ROOT / "src" / "lineshaft_packs" / "order_to_delivery" / "processes" / "order-to-delivery.bpmn"
    (tmp_path / "bad.bpmn").write_text(good.read_text().replace('sourceRef="save"', 'sourceRef="nowhere"'))

    assert "order-to-delivery" in command("bpmn", "check", str(good)).stdout
    refused = command("bpmn", "check", "bad.bpmn")
    assert refused.status == 2
    assert "bad.bpmn:" in refused.stdout
    assert "nowhere" in refused.stdout


def test_call_of_an_operation_that_no_system_has_is_refused(command: Command, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src" / "lineshaft_packs" / "order_to_delivery", tmp_path / "pack")
    process = tmp_path / "pack" / "processes" / "order-to-delivery.bpmn"
    process.write_text(process.read_text().replace("erp.sales_order.save", "erp.sales_order.sav"))

    refused = command("deploy", "pack")

    assert refused.status == 2
    assert "sales_order.sav`" in refused.stderr
    assert "`sales_order.save`" in refused.stderr


def test_process_runs_in_memory_with_given_answers(command: Command) -> None:
    process = ROOT / "src" / "lineshaft_packs" / "order_to_delivery" / "processes" / "order-to-delivery.bpmn"
    order: dict[str, object] = {"order_no": "XS-1", "account_no": None, "quality": [], "lines": []}

    ran = command(
        "bpmn", "run", str(process), "--start", "order-confirmed", "--json",
        "--variables", json.dumps({"order": order}), "--answers", '{"crm.sales_order.feedback": {}}',
    )  # fmt: skip

    found = json.loads(ran.stdout)
    assert found["state"] == "completed"
    assert found["path"][-2:] == ["report-held", "held"]


def test_release_goes_to_another_environment_as_a_file(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pack").mkdir()
    title = "title: {zh: 包, en: Pack}"
    (tmp_path / "pack" / "pack.yaml").write_text(f"format: 1\nname: p\nversion: 1.0.0\n{title}\n")
    assert command("--data", "test", "deploy", "pack").status == 0
    assert command("--data", "test", "release", "export", "p.json").status == 0

    seen = json.loads(command("--data", "live", "release", "compare", "p.json", "--json").stdout)
    assert [(each["path"], each["change"]) for each in seen["files"]] == [("pack.yaml", "added")]
    taken = command("--data", "live", "release", "import", "p.json", "--yes", "--note", "go")
    assert (taken.status, "is active" in taken.stdout) == (0, True), taken.stderr
    again = command("--data", "live", "release", "compare", "p.json")
    assert "0 files differ, 1 do not" in again.stdout

    monkeypatch.setenv("LINESHAFT_CONSOLE_ENVIRONMENT", "production")
    monkeypatch.setenv("LINESHAFT_LANG", "zh")
    asked = command("--data", "production", "release", "import", "p.json", "--yes")
    assert "待他人复核" in asked.stdout
    (tmp_path / "p.json").write_text((tmp_path / "p.json").read_text().replace("name: p", "name: q"))
    refused = command("--data", "live", "release", "import", "p.json", "--yes")
    assert (refused.status, "导出文件被改动" in refused.stderr) == (2, True)
