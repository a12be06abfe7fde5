"""Command line: ``python -m plantbox crm|erp|adventureworks``; options are in README.md."""

from __future__ import annotations

import sys

from plantbox.cli import main

sys.exit(main())
