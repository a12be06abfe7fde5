"""The simulated WMS: it is spoken to through staging tables (中间表) in its database file.

Its contract is in ``plantbox/README.md``. Receipts, issues, picks,
shipments, a ledger by lot, stock counts.
"""
