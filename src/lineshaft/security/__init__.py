"""Floor 3: who may do what: people, roles, scopes, tokens, audit, secrets.

No routes and no SQL here.
"""
