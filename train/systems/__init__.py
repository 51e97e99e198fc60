"""The kinds of model, each a module with ``Recipe`` and ``run`` (see ``system``), listed in ``families``.

``classical`` (estimators on acoustic features), ``cnn1d`` and ``mobilenet`` (the paper's networks), ``transformer``
(encoders of voice and words, tuned), ``embedded`` (encoders as they are, with linear heads; ``embedded_recipe`` and
``embedded_heads`` are shared with embedded_run.py and the studies).

To add a system: a module with both, its family in recipe.Family and families.SYSTEMS, a recipe in recipes/, and a test
that it learns something plain.
"""
