"""Floor 2: business objects in the words of ISA-95, UBL and GS1.

Pure: no disk, no network.
"""
