"""Floor 5: what happened and what should have: timeline, figures, alerts, reconciliation.

It reads through the store's port; it changes no process.
"""
