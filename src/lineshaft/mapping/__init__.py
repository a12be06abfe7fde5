"""Floor 3: a record of one shape into a record of another.

Pure; ``load(path)`` and the Excel reader are the named exemptions.
"""
