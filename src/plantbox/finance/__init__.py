"""The simulated finance system, apart from the ERP: suppliers' invoices, payment applications, payments,
receivables.

Its contract is in ``plantbox/README.md``. It does not match anything: it books what it is told, and pays what
was applied for and approved by somebody else, once.
"""
