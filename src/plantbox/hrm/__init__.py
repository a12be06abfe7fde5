"""The simulated personnel system (HRM): people with post, department, first and last day; hires, moves,
leaves.
"""
