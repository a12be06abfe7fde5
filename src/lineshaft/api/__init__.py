"""Floor 6: HTTP: routes, schemas, one error shape, server-sent events; serves the console.

Every route authenticates but those on the closed list.
"""
