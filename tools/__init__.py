"""The project's own scripts: what `make` calls.

Each is run as ``python -m tools.<name>`` from the root of the repository. Nothing of the product
imports them. ``environment`` alone runs before anything is installed, so it needs only the standard
library.
"""
