"""Questions answered by measurement with the embedded system, each a module with ``Numbers`` and ``study``.

``common`` has folds, scorers and tables; ``run`` lists the studies and runs one; the other modules are the studies.

To add a study: a module with both, its name in run.STUDIES, its numbers in recipes/studies.toml, and a test on the
tiny corpus of tests/test_study.py.
"""
