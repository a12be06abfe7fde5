"""The simulated OA: approvals with a page for the phone, callbacks and polling.

Its contract is in ``plantbox/README.md``. It knows no other system: a business key is text to it.
"""
