"""The text encoder: a small BERT tuned on GoEmotions, for what words add to the voice.

``tune`` does all of it by ``recipe``: ``network`` is the model, ``training`` fits its weights, ``calibration`` what
comes after them, ``measure`` tests it, ``storage`` is its format on disk.
"""
