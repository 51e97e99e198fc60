"""From clips to what systems are trained on.

``decoding`` gives a clip's samples, ``audible`` drops clips that have none, ``prepare`` denoises and trims them into
the cache, ``transcripts`` adds missing texts, ``split`` chooses what trains, validates and tests, ``balance`` adds
augmented copies, and ``combined`` does all this for a recipe and yields ``examples``. Then ``features`` or ``vectors``
are computed from them. ``augment`` (voices, rooms, babble, telephone lines), ``conditions`` (noises, codecs) and
``lines`` (those of the test) change sounds.
"""
