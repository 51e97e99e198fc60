"""Who speaks when, and who is who.

``finder`` joins the steps: ``vad`` finds speech, ``channels`` compares the two channels of a stereo call, ``diarize``
(or a ``pyannote_pipeline``) separates the voices on one channel, ``roles`` decides who is the agent. Once the words are
known, ``hold`` and ``announcements`` set apart what is no conversation.
"""
