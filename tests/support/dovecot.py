"""A real IMAP server (Dovecot) of a test's own, as the user who runs the tests, or as ``nobody`` for root."""

from __future__ import annotations

import grp
import os
import pwd
import signal
import socket
import subprocess
from pathlib import Path
from typing import Final

from support.certificates import make_certificate
from support.waiting import until_true
from tools import services
from tools.postgres import free_port

_CONFIGURATION: Final = """
protocols = imap
listen = 127.0.0.1
base_dir = FOLDER/run
state_dir = FOLDER/run
log_path = FOLDER/log
default_internal_user = ACCOUNT
default_login_user = ACCOUNT
default_internal_group = GROUP

mail_location = maildir:FOLDER/mail
first_valid_uid = 1
disable_plaintext_auth = no
ssl = yes
ssl_cert = <CERTIFICATE
ssl_key = <PRIVATE_KEY
auth_failure_delay = 0 secs
mailbox_idle_check_interval = 1 secs
passdb {
  driver = passwd-file
  args = scheme=PLAIN FOLDER/users
}
userdb {
  driver = passwd-file
  args = FOLDER/users
}
service imap-login {
  chroot =
  inet_listener imap {
    port = PLAIN_PORT
  }
  inet_listener imaps {
    port = TLS_PORT
    ssl = yes
  }
}
service anvil {
  chroot =
  # Nobody is made to wait here for having shown a wrong password.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox 已处理 {
    auto = create
  }
}
"""


class Dovecot:
    """One server with one mailbox; messages are put there as files (Maildir)."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        self.folder = folder
        self.user = user
        self.password = password
        self.port = free_port()
        self.tls_port = free_port()
        self.certificate, self._key = make_certificate(folder)
        self.mail = folder / "mail"
        program = services.SERVICES["dovecot"].find()
        assert program is not None
        self._program = program
        root = os.geteuid() == 0
        self._account = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
        name = self._account.pw_name
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "users").write_text(
            f"{user}:{{PLAIN}}{password}:{self._account.pw_uid}:{self._account.pw_gid}::{folder}::\n",
            encoding="utf-8",
        )
        written = _CONFIGURATION
        for mark, value in {
            "FOLDER": folder,
            "ACCOUNT": name,
            "GROUP": grp.getgrgid(self._account.pw_gid).gr_name,
            "CERTIFICATE": self.certificate,
            "PRIVATE_KEY": self._key,
            "PLAIN_PORT": self.port,
            "TLS_PORT": self.tls_port,
        }.items():
            written = written.replace(mark, str(value))
        (folder / "dovecot.conf").write_text(written, encoding="utf-8")

    async def start(self) -> None:
        self.mail.mkdir(exist_ok=True)
        for name in ("cur", "new", "tmp"):
            (self.mail / name).mkdir(exist_ok=True)
        if os.geteuid() == 0:
            _give(self.folder, self._account)
        self._begin()
        await until_true(self._answers)

    def _begin(self) -> None:
        command = [self._program, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def stop(self) -> None:
        if self._process is not None:
            # Its children too: one that idles ends late by itself.
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(10)
            self._process = None

    def put(self, name: str, content: bytes) -> None:
        """Deliver a message."""
        path = self.mail / "tmp" / name
        path.write_bytes(content)
        if os.geteuid() == 0:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)
        path.rename(self.mail / "new" / name)

    def number_anew(self) -> None:
        """Forget the numbers of the folder: it gets another UIDVALIDITY."""
        for path in self.mail.glob("dovecot*"):
            path.unlink()
        # By itself it would take the time in seconds, which may be the same.
        (self.mail / "dovecot-uidlist").write_text("3 V777 N1\n", encoding="utf-8")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.settimeout(5)
                line.recv(1000)
                # It greets before it can log anybody in.
                secret = self.password.replace("\\", "\\\\").replace('"', '\\"')
                line.sendall(f'a LOGIN {self.user} "{secret}"\r\n'.encode())
                return line.recv(1000).startswith(b"a OK")
        except OSError:
            return False


def _give(folder: Path, account: pwd.struct_passwd) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)
    # The way there is closed to others otherwise.
    for path in folder.parents:
        if path.stat().st_uid == 0 and str(path).startswith("/tmp/"):
            path.chmod(path.stat().st_mode | 0o011)
