"""Lineshaft: the hub that joins the business systems of a factory.

The folders are floors; imports only go down (see docs/architecture.md).
"""

__version__ = "0.1.0"
