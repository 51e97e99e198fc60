"""Turns -> segments of text.

``segmenter`` joins and cuts turns into spans, ``recogniser`` loads the models, ``spoken`` tells the speakers'
languages, ``decoder`` decodes in batches, ``transcriber`` joins them for many calls at once, ``hallucination`` rejects
what Whisper invents, ``word_times`` gives words their times, ``comprehension`` tells whether a call was understood.
``vocabulary`` is the list of names that a decoder is told to expect.
"""
