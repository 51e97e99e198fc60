"""Recordings in, calls out: a folder for each stage, in the order the data flows.

- ``intake``: folders -> recordings, each known by its content, with the facts of its call
- ``audio``: a recording -> samples at 16 kHz, its channels kept apart
- ``speakers``: samples -> turns: who speaks when, who is the agent and who the customer
- ``transcribe``: turns -> segments of text, with word times
- ``score``: segments -> emotion scores, against the speaker's own baseline
- ``pipeline``: the stages joined, with batches filled across calls

A stage knows only the types in ``callmood.call`` and at most the decoded audio before it; none knows the database.
"""
