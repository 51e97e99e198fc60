"""The text encoder: a small BERT tuned on comments, conversation and service talk, for what words add to the voice.

``tune`` does all of it by ``recipe``: ``texts`` are read, ``mixture`` is what a stage of the training reads of them,
``network`` is the model, ``training`` fits its weights, ``calibration`` what comes after them, ``measure`` tests it,
``storage`` is its format on disk.
"""
