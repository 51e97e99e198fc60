"""Where the pipeline runs.

``local`` runs jobs in processes of this machine; ``parent`` ends a process with the one that started it.
"""
