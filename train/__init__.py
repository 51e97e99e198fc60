"""Training and measuring emotion models, imported as ``callmood.training``.

From the top floor to the ground; imports only go down:

- ``run`` and ``evaluation``: the functions that the commands and ``callmood.train`` call
- ``embedded_run`` (the bundle that calls are scored with), ``compare`` (systems under splits), ``studies`` (questions
  answered by measurement)
- ``systems``: five kinds of model, each with a recipe and a function that trains and tests it
- ``text``: the text encoder and its training
- ``fit``: training by gradient, and linear heads
- ``measure``: metrics, calibration, baselines, evaluation of a bundle, tables, plots, cards
- ``data``: clips prepared, split, balanced, augmented and encoded
- ``corpora``: labelled clips from the folders of published corpora, or one's own
- ``recipe``, ``workspace``, ``cache``, ``processes``, ``progress``, ``launch``,
  ``packages``: what all others may use

A recipe (recipes/*.toml) has every number of a run. To add a corpus see ``corpora``, a system ``systems``, a study
``studies``.
"""
