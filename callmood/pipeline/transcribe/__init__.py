"""Turns -> segments of text.

``segmenter`` cuts spans, ``recogniser`` loads the model, ``transcriber`` decodes in batches, ``hallucination`` rejects
what Whisper invents, ``word_times`` gives words their times.
"""
