"""A scan from folders to the database.

What there is to do (``plan``), doing it (``run``), and the counts (``summary``).
"""
