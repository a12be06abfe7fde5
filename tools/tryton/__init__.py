"""A real Tryton for tests and for the demo: a server of its own beside the hub, never a part of it.

Tryton is free software under GPL-3. It is installed from the package index into ``.cache/tryton``, in a
virtual environment of its own, and spoken to over its JSON-RPC only; no line of it is imported here.
"""
