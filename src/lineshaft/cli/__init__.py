"""Floor 8: the command line; thin: parse, call, print.

One file per group of commands. ``surroundings`` has what they share: configuration, language, errors.
"""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line."""
    # What is imported stays: to look it through again and again would take a fifth of the start.
    gc.set_threshold(50_000, 20, 50)
    from lineshaft.cli.commands import run

    run()
