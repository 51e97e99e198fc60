"""A recording's sound.

``files`` opens it, ``containers`` reads the length that its header states, ``decode`` decodes it onto a ``tape``, which
resamples it to 16 kHz and keeps it in a ``room``, in memory or on the disk.
"""
