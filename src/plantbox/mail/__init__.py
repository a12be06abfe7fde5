"""The simulated mail and SMS box: an SMTP server and an SMS gateway that keep everything, and an inbox page.

Its contract is in ``plantbox/README.md``. It sends nothing to anybody.
"""
