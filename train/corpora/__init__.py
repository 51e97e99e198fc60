"""Labelled clips from the folders of corpora.

``clip`` is the record that every reader yields; ``ravdess``, ``tess``, ``cremad``, ``savee``, ``iemocap`` and ``own``
are the readers; ``labels`` maps their labels to a label set; ``registry`` is the one way to the clips. Corpora of
texts: ``goemotions``, ``meld``, and ``service_talk`` of our own.

To add a corpus: a module with ``clips(folder)``, its name in registry.READERS and EXAMPLES, its labels in
labels.TABLE, its licence in measure/card.SOURCES, and a test with a few file names.
"""
