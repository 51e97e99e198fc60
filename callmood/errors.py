"""The errors that users see."""


class CallmoodError(Exception):
    """Its message says what is wrong, with which file, and what to do. The CLI prints it and exits with 1."""

    exit_code = 1


class UsageError(CallmoodError):
    """Wrong usage: an option, a setting or an environment variable is wrong. The CLI exits with 2."""

    exit_code = 2


class ThresholdError(CallmoodError):
    """A report meets a condition that it must not. The CLI exits with 3."""

    exit_code = 3


class BusyError(CallmoodError):
    """Another program has the database open, or is scanning into it. The CLI exits with 4."""

    exit_code = 4


def first_line(error: Exception) -> str:
    """What a library's error says first, or what kind of error it is."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
