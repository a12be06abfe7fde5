"""Floor 4: one folder or manifest per outside system or protocol, each with the sdk's face.

A connector knows neither the engine nor another connector.
"""
