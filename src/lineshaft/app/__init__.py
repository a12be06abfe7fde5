"""Floor 7: the composition root: configuration in, a wired hub out.

The only place that chooses makes and reads the environment, the system clock and chance.
"""
