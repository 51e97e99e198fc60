"""Fitting weights.

``trainer`` trains a network by gradient, as ``table`` says, on ``rows``; it uses ``batches`` (the order of the rows),
``parameter_groups`` (their rates) and ``checkpoints``. ``joint`` is the network of voice and words. ``heads`` are
linear and fitted in closed form or by L-BFGS.
"""
