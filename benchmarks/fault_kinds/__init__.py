"""The kinds of faults of ``benchmarks/faults.py``, a module each.

``command``: callmood with small models. ``harness``: folders of calls, runs of the command, what must hold afterwards.
"""
