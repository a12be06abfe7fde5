"""The simulated CRM: customers, products, sales orders; REST with a bearer token, signed webhooks, a
change feed.

Its contract is in ``plantbox/README.md``. It knows nothing of an ERP: what it shows of one, somebody
wrote back.
"""
