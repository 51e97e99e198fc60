"""The one exception that a person is meant to read."""


class CallmoodError(Exception):
    """One clear sentence: what is wrong, with which file, what to do. The CLI prints it and exits with 1."""
