"""Floor 2: FEEL, the one expression language (DMN 1.5), compiled once to Python functions.

Pure: expressions in, values out; no clock but the one given, no eval of user text.
"""
