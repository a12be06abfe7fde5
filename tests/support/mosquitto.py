"""A throw-away Mosquitto on loopback, with one user and a memory that ends with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

PROGRAM = shutil.which(
    os.environ.get("LINESHAFT_TEST_MOSQUITTO", "mosquitto"), path=f"{os.environ.get('PATH', '')}:/usr/sbin"
)


class Mosquitto:
    """One broker of our own; it can be stopped and started again."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        self.folder = folder
        self.user = user
        self.password = password
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        secrets = self.folder / "users"
        if not secrets.exists():
            secrets.write_text(f"{self.user}:{self.password}\n")
            subprocess.run(["mosquitto_passwd", "-U", str(secrets)], check=True, capture_output=True)
            secrets.chmod(0o644)
        settings = self.folder / "mosquitto.conf"
        settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {secrets}\n"
            f"user root\nset_tcp_nodelay true\nmax_queued_messages 100000\n"
        )
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(500):
            if self._answers():
                return
        raise AssertionError("Expected Mosquitto to listen")

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.02)
            return False
        return True

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)


class Collector:
    """Sees everything below some topics, in the order of the broker."""

    def __init__(self, broker: Mosquitto, topics: str) -> None:
        self.found: list[paho.MQTTMessage] = []
        self._fenced = threading.Event()
        client = self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.username_pw_set(broker.user, broker.password)
        client.on_message = lambda _, __, message: self.found.append(message)
        client.on_subscribe = lambda *_: self._fenced.set()
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        self._fence(topics)

    def seen(self) -> list[paho.MQTTMessage]:
        """Return what was published before this question."""
        self._fence("fence")
        return list(self.found)

    def _fence(self, topic: str) -> None:
        self._fenced.clear()
        self._client.subscribe(topic)
        assert self._fenced.wait(10)

    def publish(self, topic: str, *contents: bytes, **more: Any) -> None:
        for content in contents:
            self._client.publish(topic, content, 1, **more).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
