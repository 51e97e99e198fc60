"""Turns -> segments of text.

``segmenter`` joins and cuts turns into spans, ``recogniser`` loads the model, ``transcriber`` decodes in batches,
``hallucination`` rejects what Whisper invents, ``word_times`` gives words their times.
"""
