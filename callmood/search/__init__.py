"""Questions about what was said, answered by meaning: segments and categories are vectors; near ones mean the same.

``vectors`` makes and stores those of segments; ``find`` looks for a sentence, ``topics`` groups what customers open
calls with. ``categories`` reads definitions, ``categorize`` finds them in calls and helps to set their thresholds;
``phrases`` are words as patterns.
"""
