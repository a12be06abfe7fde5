"""The demo: a sandbox factory and a hub beside it, each a process of its own.

It starts the simulated systems by their command line and meets them over HTTP only; no line of them is
imported here.
"""
