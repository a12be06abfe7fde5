"""A throw-away MariaDB on loopback that keeps a binary log of rows; it can be stopped and started again."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pymysql

from tools.postgres import free_port

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
PROGRAM = shutil.which(os.environ.get("LINESHAFT_TEST_MARIADBD", "mariadbd"), path=_PATH)
INSTALL = shutil.which("mariadb-install-db", path=_PATH)
_SETTINGS = {
    "log-bin": "binlog", "binlog-format": "ROW", "binlog-row-image": "FULL", "binlog-row-metadata": "FULL",
    "server-id": "1", "innodb-buffer-pool-size": "16M", "innodb-log-file-size": "8M",
    "skip-name-resolve": "1",
    "character-set-server": "utf8mb4", "innodb-flush-log-at-trx-commit": "0",
}  # fmt: skip


class MariaWithLog:
    """One server of our own, with the account ``hub`` that may read the log."""

    def __init__(self, folder: Path, password: str) -> None:
        self.folder = folder
        self.password = password
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.settings = dict(_SETTINGS)

    def install(self) -> None:
        assert INSTALL is not None
        subprocess.run(
            [INSTALL, "--no-defaults", f"--datadir={self.folder}/data",
             "--auth-root-authentication-method=normal", "--skip-test-db", f"--user={getpass.getuser()}"],
            check=True, capture_output=True,
        )  # fmt: skip

    def start(self) -> None:
        assert PROGRAM is not None
        self.process = subprocess.Popen(
            [PROGRAM, "--no-defaults", f"--datadir={self.folder}/data", f"--user={getpass.getuser()}",
             "--bind-address=127.0.0.1", f"--port={self.port}", f"--socket={self.folder}/s.sock",
             f"--pid-file={self.folder}/pid",
             *(f"--{name}={value}" for name, value in self.settings.items())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(1500):
            assert self.process.poll() is None, "Expected MariaDB to start"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            threading.Event().wait(0.02)
        raise AssertionError("Expected MariaDB to listen")

    def stop(self, *, hard: bool = False) -> None:
        process, self.process = self.process, None
        if process is not None:
            if hard:
                process.kill()
            else:
                process.terminate()
            process.wait(60)

    def run(self, *statements: str, database: str | None = "mes") -> list[dict[str, Any]]:
        """Run statements on one connection; return the rows of the last one."""
        connection = pymysql.connect(
            unix_socket=f"{self.folder}/s.sock", user="root", database=database, autocommit=True,
            charset="utf8mb4", cursorclass=pymysql.cursors.DictCursor,
        )  # fmt: skip
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def make_account(self) -> None:
        self.run(
            f"CREATE USER hub@'127.0.0.1' IDENTIFIED BY '{self.password}'",
            "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO hub@'127.0.0.1'",
            "GRANT SELECT ON *.* TO hub@'127.0.0.1'",
            database=None,
        )
