"""Exit codes, and the exceptions that end a run."""

from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    FAILED = 3
    UNJUDGED = 4
    INTERRUPTED = 130


class ErrorKind(StrEnum):
    """What ended a run, for programs; each is a row of the table in docs/json.md."""

    CACHE_MISSING = "cache-missing"
    CACHE_UNREADABLE = "cache-unreadable"
    NOT_A_DIRECTORY = "not-a-directory"
    NOT_A_PIP_CACHE = "not-a-pip-cache"
    OTHER_INSTALLER = "other-installer"
    NO_CACHE_DIRECTORY = "no-cache-directory"
    BAD_LOCK = "bad-lock"
    BAD_ADVISORY = "bad-advisory"
    BAD_SELECTORS = "bad-selectors"
    BAD_SETTING = "bad-setting"
    NO_INDEX = "no-index"
    BAD_OUTPUT = "bad-output"
    SEVERAL_VERSIONS = "several-versions"
    MISSING_EXTRA = "missing-extra"
    PORT_TAKEN = "port-taken"
    NO_CONSENT = "no-consent"
    NOT_SAVED = "not-saved"
    NOT_WRITTEN = "not-written"
    INTERRUPTED = "interrupted"
    UNEXPECTED = "unexpected"


class PipcacheError(Exception):
    """An error that ends the run.

    Attributes:
        message: what is wrong, a sentence to show.
        path: the file or directory that the message is about.
        hint: what the user can try next, a sentence to show.
        is_fault: False where nothing is wrong: the run ends because a person wants it.
        names_path: the message has the path in it, so that people need not read it twice.
        kind: what ended the run, for programs.
        commands: command lines that do what pipcache does not do, in order.
    """

    exit_code = ExitCode.FAILED
    kind = ErrorKind.UNEXPECTED
    names_path = False

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        hint: str | None = None,
        is_fault: bool = True,
        kind: ErrorKind | None = None,
        commands: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.commands = commands
        self.message = message
        self.path = path
        self.hint = hint
        self.is_fault = is_fault
        self.kind = kind or self.kind


class CacheNotFound(PipcacheError):  # noqa: N818 - it names the state of the cache
    """There is no cache directory: none is named, it is missing, it is a file, or it cannot be read."""

    kind = ErrorKind.CACHE_UNREADABLE


class NotAPipCache(PipcacheError):  # noqa: N818 - as above
    """The directory holds something, and none of pip's stores."""

    kind = ErrorKind.NOT_A_PIP_CACHE


class CacheOfAnotherInstaller(NotAPipCache):
    """The directory is the cache of an installer other than pip; ``installer`` is its name."""

    kind = ErrorKind.OTHER_INSTALLER

    def __init__(self, installer: str, *, path: str, hint: str) -> None:
        super().__init__(f"This is {installer}'s cache, not pip's.", path=path, hint=hint)
        self.installer = installer


class LeftToUv(CacheOfAnotherInstaller):
    """Something is to be removed from uv's cache, which uv alone does; ``commands`` are those that do it."""

    def __init__(self, path: str, commands: tuple[str, ...]) -> None:
        hint = "uv removes from it, by these commands; the last one shows whether it is gone:"
        super().__init__("uv", path=path, hint=hint)
        self.commands = commands


class NotWritten(PipcacheError):  # noqa: N818 - it says what became of the answer
    """The answer cannot be written to standard output."""

    kind = ErrorKind.NOT_WRITTEN


class Interrupted(PipcacheError):  # noqa: N818 - it says what a person did
    """A person ended the run."""

    exit_code = ExitCode.INTERRUPTED
    kind = ErrorKind.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("Interrupted.", is_fault=False)


class FileRefused(PipcacheError):  # noqa: N818 - it says what became of a file
    """A file that was named on the command line cannot be used; the message has its name."""

    exit_code = ExitCode.USAGE
    names_path = True

    def __init__(self, message: str, path: str | None, *, state: str) -> None:
        """Make the error.

        Args:
            message: which file, where in it, what is wrong and what was expected.
            path: the file; ``-`` or None where it has no path.
            state: a sentence that says what was not done.
        """
        hint = f"{state} Correct the file, or its name, and run the command again."
        super().__init__(message, path=None if path == "-" else path, hint=hint)


class NoConsent(PipcacheError):  # noqa: N818 - it says what is lacking
    """A question would have to be asked, and cannot be."""

    exit_code = ExitCode.USAGE
    kind = ErrorKind.NO_CONSENT
