"""plantbox 仿真工厂: simulated business systems with faults; independent programs.

For rehearsing and testing an integration against systems that behave like real ones: each has its own
process, database file, ids, field names, API style and page. It never imports lineshaft, and lineshaft
never imports it: they meet only over real protocols. Not for production, and not reachable beyond
loopback. The contract is in README.md.
"""
