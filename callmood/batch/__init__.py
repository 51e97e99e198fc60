"""A scan from folders to the database.

What there is to do (``plan``), doing it (``run``), agents compared with their earlier calls (``agent_voices``), and the
counts (``summary``). Scans again and again (``watch``), and what they tell those who look after them (``monitoring``).
Beside it, calls that are forgotten (``forget``).
"""
