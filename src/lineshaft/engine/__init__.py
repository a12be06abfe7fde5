"""Floor 4: where decisions meet the world: intake, routing, lanes, effects, timers, dead letters.

It sees the store's port and the sdk, never a make of either. A ``Worker`` carries out what is due;
``Intake`` takes events in; ``Operations`` are people's requests; ``Releases`` deploys.
"""
