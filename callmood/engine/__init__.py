"""Where the pipeline runs.

``local`` runs jobs in processes of this machine: ``todo`` says who gets which, ``worker`` is such a process, and
``parent`` ends it with the one that started it. ``cluster`` runs them on the machines of a Ray cluster: ``ledger`` says
which wait, and ``actor`` is what works there. ``threads`` holds for both.
``feed`` is for GPUs: ``device`` is the process that holds the models, ``pool`` makes its batches, ``feeder`` asks it.
"""
