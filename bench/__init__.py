"""Benchmarks: how fast it is, and how anyone can see it. Not tests; nothing here decides right or wrong."""
