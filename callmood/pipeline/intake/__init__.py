"""What to scan.

``discover`` searches folders, ``names`` reads facts from file names, ``metadata`` joins a table of calls.
"""
