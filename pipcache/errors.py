"""Exit codes, and the exceptions that end a run."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    FAILED = 3
    INTERRUPTED = 130


class PipcacheError(Exception):
    """An error that ends the run.

    Attributes:
        message: what is wrong, a sentence to show.
        path: the file or directory that the message is about.
        hint: what the user can try next, a sentence to show.
        is_fault: False where nothing is wrong and there is only no cache yet.
    """

    exit_code = ExitCode.FAILED

    def __init__(
        self, message: str, *, path: str | None = None, hint: str | None = None, is_fault: bool = True
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint
        self.is_fault = is_fault


class CacheNotFound(PipcacheError):  # noqa: N818 - it names the state of the cache
    """The cache directory does not exist or cannot be read."""


class NotAPipCache(PipcacheError):  # noqa: N818 - as above
    """The directory exists and holds none of pip's stores."""
