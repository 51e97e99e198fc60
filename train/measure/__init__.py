"""How good a model is.

``metrics`` of probabilities, ``calibration``, ``baselines`` as calls give them, ``evaluate`` for a bundle on corpora,
``run_record`` for what a run leaves in its folder. To read: ``table`` of systems, ``plots``, ``card`` of a bundle,
``corpus_card``.
"""
