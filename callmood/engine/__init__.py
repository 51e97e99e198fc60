"""Where the pipeline runs.

``local`` is this machine's processes; ``parent`` ends a process with the one that started it.
"""
