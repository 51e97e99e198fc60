"""A recording's sound.

``files`` opens it, ``containers`` reads what its header promises, ``decode`` plays it onto a ``tape``, which brings it to
16 kHz.
"""
