"""Calls built of corpus speakers, scanned and compared with what is true of them; run by ``benchmarks/calls.py``.

In reading order: ``parts`` (who is held out), ``truth`` (what is true of a call), ``plan`` (which calls), ``build``
(their sound), ``ordinary`` (recordings in which nothing happens), ``matching`` (segments to turns), ``measures``
(counts and rates), ``tables`` (Markdown).
"""
