"""``python -m tools.tryton prepare``: install a Tryton and make its database, as far as that is not done."""

from __future__ import annotations

import sys

from tools.tryton import server


def main(arguments: list[str]) -> None:
    """Run what the command line asks for."""
    if arguments == ["prepare"]:
        try:
            server.prepare(lambda words: print(f"tryton: {words}", flush=True))
        except server.CannotHave as problem:
            sys.exit(f"tryton: {problem}")
        return
    sys.exit("Expected: python -m tools.tryton prepare")


if __name__ == "__main__":
    main(sys.argv[1:])
