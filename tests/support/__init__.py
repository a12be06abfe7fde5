"""What tests of several kinds share: kinds and budgets, services, the proof record."""
