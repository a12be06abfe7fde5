"""Floor 8: the command line; thin: parse, call, print."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    raise SystemExit("lineshaft: no commands yet")
