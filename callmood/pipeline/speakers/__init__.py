"""Who speaks when, and who is who.

``finder`` chooses how to look; ``vad`` finds speech, ``channels`` compares the two of a stereo call, ``diarize`` (or a
``pyannote_pipeline``) tells the voices on one channel apart; ``roles`` decides who is the agent.
"""
