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
    if is_inside(real, os.path.realpath(root)):
        raise OutputRefused(f"A {what} is not written into the cache.", path=path, hint="Name another file.")
    if os.path.isdir(real):
        raise OutputRefused(
            f"A {what} is written to a file, and this is a folder.", path=path, hint="Name a file in it."
        )
    if any(os.path.normcase(os.path.realpath(name)) == os.path.normcase(real) for name in inputs):
        hint = "Name another file: this would replace what --for reads."
        raise OutputRefused("The lock would replace the file that it is made for.", path=path, hint=hint)


def is_inside(path: str, root: str) -> bool:
    """Return whether a path is a folder or in it, under whatever name (another case, a mount).

    Args:
        path: a real path.
        root: the real path of the folder.
    """
    if os.path.normcase(path + os.sep).startswith(os.path.normcase(root + os.sep)):
        return True
    try:
        inside = os.stat(root)
    except OSError:
        return False
    while True:
        try:
            if os.path.samestat(os.stat(path), inside):
                return True
        except OSError:
            pass  # it is to be made
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent


def is_plain(path: str) -> bool:
    """Return whether a path leads to a file on a disk, or to nothing; if not, to a pipe, a device or the like."""
    try:
        return stat_module.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def write_output(path: str, text: str, *, what: str = "lock") -> None:
    """Write a text to a file. A file of that name is replaced when the new one is complete; others are written to.

    Args:
        path: the file.
        text: the text.
        what: what is written, for people.

    Raises:
        NotWritten: it cannot be written; a file of that name is as it was.
    """
    data = text.encode("utf-8")
    try:
        if is_plain(path):
            _replace(os.path.realpath(path), data)  # a link is kept, and what it leads to is replaced
        else:
            # as it was named: what /dev/stdout leads to may have no path of its own
            descriptor = os.open(path, os.O_WRONLY)
            try:
                _write(descriptor, data)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise NotWritten(
            f"The {what} cannot be written: {error.strerror or error}.", path=path, hint="Nothing was changed."
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
