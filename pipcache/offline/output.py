"""Writes a file outside the cache: it has its name only when all of it is on the disk."""

import os
import stat as stat_module
from contextlib import suppress

from pipcache.errors import ErrorKind, ExitCode, NotWritten, PipcacheError
from pipcache.util.drafts import Draft, remove_draft, write_all


class OutputRefused(PipcacheError):  # noqa: N818 - it says what became of a file
    """A file must not be written where it was asked for."""

    exit_code = ExitCode.USAGE
    kind = ErrorKind.BAD_OUTPUT


def check_output(path: str, root: str, inputs: tuple[str, ...], *, what: str = "lock") -> None:
    """Refuse to write into the cache, over a file that is read, or where a folder is.

    Args:
        path: the file to write.
        root: the cache directory.
        inputs: the files that are read.
        what: what is written, for people.

    Raises:
        OutputRefused: it must not be written.
    """
    real = os.path.realpath(path)
    if os.path.normcase(real + os.sep).startswith(os.path.normcase(os.path.realpath(root) + os.sep)):
        raise OutputRefused(f"A {what} is not written into the cache.", path=path, hint="Name another file.")
    if os.path.isdir(real):
        raise OutputRefused(
            f"A {what} is written to a file, and this is a folder.", path=path, hint="Name a file in it."
        )
    if any(os.path.normcase(os.path.realpath(name)) == os.path.normcase(real) for name in inputs):
        hint = "Name another file: this would replace what --for reads."
        raise OutputRefused("The lock would replace the file that it is made for.", path=path, hint=hint)


def write_output(path: str, text: str) -> None:
    """Write a text to a file. A file of that name is replaced when the new one is complete; others are written to.

    Raises:
        NotWritten: it cannot be written; a file of that name is as it was.
    """
    data = text.encode("utf-8")
    real = os.path.realpath(path)  # a link is kept, and what it leads to is replaced
    try:
        if os.path.lexists(real) and not stat_module.S_ISREG(os.lstat(real).st_mode):
            descriptor = os.open(real, os.O_WRONLY)
            try:
                _write(descriptor, data)
            finally:
                os.close(descriptor)
        else:
            _replace(real, data)
    except OSError as error:
        raise NotWritten(
            f"The lock cannot be written: {error.strerror or error}.", path=path, hint="Nothing was changed."
        ) from None


def _replace(path: str, data: bytes) -> None:
    """Write the new file beside the old one, and give it its name.

    Raises:
        OSError: one of the two cannot be done.
    """
    draft = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}.part")
    file = Draft(draft, mode=0o666, is_synced=False)
    try:
        with file:
            _write(file.descriptor, data)
        os.replace(draft, path)
    except BaseException:
        remove_draft(draft)
        raise


def _write(descriptor: int, data: bytes) -> None:
    write_all(descriptor, data)
    with suppress(OSError):  # pipes have nothing to bring to a disk
        os.fsync(descriptor)
