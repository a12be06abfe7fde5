"""Floor 4: where decisions meet the world: intake, routing, lanes, effects, timers, dead letters.

It sees the store's port and the sdk, never a make of either.
"""
