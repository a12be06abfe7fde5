"""Floor 3: the process machine: BPMN 2.0 in, decisions out.

Pure: bytes and commands in, events and effects out. ``load(path)`` is the one function that reads a file.
"""
