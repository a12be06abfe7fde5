"""plantbox 仿真工厂: simulated business systems with faults; independent programs.

It never imports lineshaft, and lineshaft never imports it: they meet only over real protocols.
"""
