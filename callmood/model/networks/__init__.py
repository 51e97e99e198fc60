"""The networks themselves.

``whisper`` is Whisper's encoder, with its ``mel`` features. ``campplus`` (speaker vectors) and ``segmentation`` (voice
activity) are written out here, for inference only, under the names of their published weights.
"""
