"""The simulated ERP: customers, materials, stock, sales orders with save / submit / audit, its own
review, deliveries.

Its contract is in ``plantbox/README.md``. It knows nothing of a CRM: a source number is text to it.
"""
