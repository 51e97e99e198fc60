"""A scan from folders to the database.

What there is to do (``plan``), doing it (``run``), agents compared with their earlier calls (``agent_voices``), and the
counts (``summary``). Beside it, calls that are forgotten (``forget``).
"""
