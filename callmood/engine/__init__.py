"""Where the pipeline runs.

``local`` runs jobs in processes of this machine: ``todo`` says who gets which, ``worker`` is such a process, and
``parent`` ends it with the one that started it.
"""
