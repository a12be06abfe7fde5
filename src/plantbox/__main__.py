"""Command line: ``python -m plantbox SYSTEM``, ``all`` or ``adventureworks``; options are in README.md."""

from __future__ import annotations

import sys

from plantbox.cli import main

sys.exit(main())
