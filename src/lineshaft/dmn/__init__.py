"""Floor 3: decision tables and models of DMN 1.1 to 1.5 on FEEL.

Pure; ``load(path)`` and the Excel reader are the named exemptions.
"""
