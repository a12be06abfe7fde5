"""Floor 1: the ground every floor stands on: errors, clock, ids, bilingual text, limits, scope.

Pure: no clock is read, nothing random, no disk, no network, no thread. It imports nothing of the
house. What does not serve at least two floors does not belong here.
"""
