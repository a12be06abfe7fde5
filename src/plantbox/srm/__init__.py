"""The simulated SRM, the portal where suppliers confirm orders, announce deliveries, and are asked to refill.

Its contract is in ``plantbox/README.md``. It knows no other system: an order number of its customer is text.
"""
