"""Batch analytics of call recordings: who spoke when, what was said, in what mood."""

__version__ = "0.1.0"
