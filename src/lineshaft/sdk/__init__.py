"""Floor 2: what the author of a connector sees: spec, connector, outcomes, schema, registry, suite.

It knows nothing of the engine, the store or the kernel.
"""
