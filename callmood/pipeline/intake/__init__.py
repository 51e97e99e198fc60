"""What to scan.

``discover`` walks folders, ``names`` reads facts off file names, ``metadata`` joins a table of calls.
"""
