"""The networks themselves.

A scan on a CPU runs ``graphs`` with ``weights``, and torch is not imported; ``campplus`` (speaker vectors),
``segmentation`` (voice activity), ``whisper`` and its ``mel`` are the same as torch modules, for GPUs and for training.
``export`` makes the graphs of them. ``on_device`` chooses between the two.
"""
