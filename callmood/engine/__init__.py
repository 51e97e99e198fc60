"""Where the pipeline runs.

``ledger`` is the book of jobs: which wait, and which workers died of. ``local`` runs them in processes of this machine:
``todo`` says who gets which, ``worker`` is such a process, and ``parent`` ends it with the one that started it.
``cluster`` runs them on the machines of a Ray cluster, and ``actor`` is what works there. ``threads`` holds for both.
``feed`` is for GPUs: ``device`` is the process that holds the models, ``pool`` makes its batches, ``feeder`` asks it.
"""
