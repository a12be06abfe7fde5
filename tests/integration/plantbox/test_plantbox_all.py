"""All six systems by one command, as ``make demo`` starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from integration.plantbox.conftest import ADMIN, PATIENCE, SOURCES, call


def test_one_command_starts_six_systems_and_ends_them_all(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "plantbox", "all", "--data", str(tmp_path), "--speed", "720",
         "--erp", "--production mes --delivery notice"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as lines:
        ready = {line["system"]: line for line in (json.loads(lines.readline()) for _ in range(6))}
        assert sorted(ready) == ["crm", "erp", "mail", "mes", "oa", "wms"]
        for name, line in ready.items():
            health = call("GET", f"{line['admin_url']}/admin/health", None, ADMIN).json
            assert (health["system"], health["speed"]) == (name, 720.0)
            assert "1天=120秒" in call("GET", line["url"]).raw.decode()
        policy = call("GET", f"{ready['erp']['admin_url']}/admin/policy", None, ADMIN).json
        assert (policy["production"], policy["delivery"]) == ("mes", "notice")
        assert ready["mes"]["opcua_url"].startswith("opc.tcp://127.0.0.1:")
        assert Path(ready["wms"]["database"]).is_file()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    for line in ready.values():
        assert not Path(f"/proc/{line['pid']}").exists()
