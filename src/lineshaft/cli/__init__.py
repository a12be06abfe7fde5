"""Floor 8: the command line; thin: parse, call, print.

One file per group of commands. ``surroundings`` has what they share: configuration, language, errors.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from lineshaft.cli.commands import run

    run()
