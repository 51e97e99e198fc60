"""The exceptions that a person is meant to read."""


class CallmoodError(Exception):
    """One clear sentence: what is wrong, with which file, what to do. The CLI prints it and exits with 1."""

    exit_code = 1


class UsageError(CallmoodError):
    """callmood was asked wrongly: an option, a setting or an environment variable. The CLI exits with 2."""

    exit_code = 2
