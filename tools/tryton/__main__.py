"""``python -m tools.tryton prepare|demo``: install a Tryton and make its database; run the demo with it."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tools.tryton import demo, server


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.tryton", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="install Tryton and make its database, once")
    prepare.add_argument("--currency", default="USD")
    show = commands.add_parser("demo", help="the factory and the hub with a real Tryton; orders flow")
    show.add_argument("--data", type=Path, default=server.ROOT / ".lineshaft" / "demo-tryton")
    show.add_argument("--orders", type=int, help="end after so many")
    show.add_argument("--speed", type=float, default=1440.0, help="simulated seconds per second")
    show.add_argument("--port", type=int, default=demo.HUB_PORT, help="the hub's port; 0: any")
    given = parser.parse_args()
    # A supervisor's way to end it is Ctrl-C as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.prepare(
            "CNY" if given.command == "demo" else given.currency,
            lambda words: print(f"tryton: {words}", flush=True),
        )
        if given.command == "demo":
            sys.exit(demo.demo(given.data, _say, orders=given.orders, hub_port=given.port, speed=given.speed))
    except server.CannotHave as problem:
        sys.exit(f"tryton: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
