"""Exit codes, and the exceptions that end a run."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes every command shares; each means one thing."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    FAILED = 3
    INTERRUPTED = 130


class PipcacheError(Exception):
    """A run that cannot go on: one sentence, the path it is about, and what to try next."""

    exit_code = ExitCode.FAILED

    def __init__(
        self, message: str, *, path: str | None = None, hint: str | None = None, is_fault: bool = True
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint
        self.is_fault = is_fault  # false for a cache that is only not there yet


class CacheNotFound(PipcacheError):  # noqa: N818 - it names the state, as FileNotFoundError's reader would say it
    """The cache directory does not exist or cannot be read."""


class NotAPipCache(PipcacheError):  # noqa: N818 - as above
    """The directory exists and holds none of pip's stores."""
