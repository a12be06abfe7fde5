"""The simulated MES: work orders with operations, reports, rework and scrap, machines that stop now and then.

Its contract is in ``plantbox/README.md``. It knows nothing of an ERP: an external order number is text to it.
"""
