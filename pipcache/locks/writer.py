"""The forms of a lock that pipcache writes; ``lockfiles`` reads each of them back.

Equal files give equal text, whatever their order: nothing is written that changes from run to run.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple


class LockedFile(NamedTuple):
    """A wheel or an sdist that a lock names.

    Attributes:
        project: normalised (PEP 503).
        version: normalised (PEP 440); as its file name has it where it is no such version.
        filename: its name, without characters that a form would have to escape.
        url: where it was downloaded, without fragment and secrets.
        sha256: hex digest of its bytes.
        size: in bytes.
        upload_time: when it was uploaded (PEP 700), as the index page has it; None where that is not known.
        requires_python: its Requires-Python in PEP 440's spelling; "" without one.
        extras: the sets of extras with which others need it.
    """

    project: str
    version: str
    filename: str
    url: str
    sha256: str
    size: int
    upload_time: str | None = None
    requires_python: str = ""
    extras: tuple[tuple[str, ...], ...] = ()

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel; if not, it is an sdist."""
        return self.filename.endswith(".whl")


def requirements_text(files: Iterable[LockedFile], comments: Iterable[str] = ()) -> str:
    """Return a requirements file with a direct reference (PEP 508) for each file; pip reads it since 20.3.

    Each set of extras has a line of its own beside the plain name: before 23.3 pip meets a requirement with extras
    only by a link with the same extras, and one without extras only by a link without.

    Args:
        files: the files; pip refuses two of one project.
        comments: lines that are written first, as comments.
    """
    lines = [f"# {comment}" for comment in comments]
    for file in _ordered(files):
        names = [file.project, *(f"{file.project}[{','.join(extras)}]" for extras in file.extras)]
        lines += [f"{name} @ {file.url}#sha256={file.sha256}" for name in names]
    return "".join(f"{line}\n" for line in lines)


def sha256sums_text(files: Iterable[LockedFile]) -> str:
    """Return the digests of the files as ``sha256sum`` writes them."""
    return "".join(f"{file.sha256}  {file.filename}\n" for file in sorted(files, key=lambda file: file.filename))


def pylock_text(files: Iterable[LockedFile]) -> str:
    """Return a lock file of the standard form (PEP 751), in which each project has one version.

    Args:
        files: the files; of sdists at most one for each project.
    """
    lines = ['lock-version = "1.0"', 'created-by = "pipcache"']
    for _, group in groupby(_ordered(files), key=lambda file: file.project):
        lines += _package(list(group))
    return "".join(f"{line}\n" for line in lines)


def _ordered(files: Iterable[LockedFile]) -> list[LockedFile]:
    return sorted(files, key=lambda file: (file.project, file.version, file.filename, file.url))


def _package(files: Sequence[LockedFile]) -> Iterator[str]:
    yield from ("", "[[packages]]")
    yield f"name = {_quoted(files[0].project)}"
    yield f"version = {_quoted(files[0].version)}"
    if len(stated := {file.requires_python for file in files}) == 1 and (requires := stated.pop()):
        yield f"requires-python = {_quoted(requires)}"
    for file in sorted(files, key=lambda file: file.is_wheel):
        yield from ("", "[[packages.wheels]]" if file.is_wheel else "[packages.sdist]")
        yield f"name = {_quoted(file.filename)}"
        if file.upload_time is not None and re.fullmatch(MOMENT, file.upload_time):
            yield f"upload-time = {file.upload_time}"
        yield f"url = {_quoted(file.url)}"
        yield f"size = {file.size}"
        yield f"hashes = {{sha256 = {_quoted(file.sha256)}}}"


MOMENT = (
    r"[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z"
    r"|[12]\d{3}-(?:0[13-9]|1[0-2])-(?:29|30)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z"
    r"|[12]\d{3}-(?:0[13578]|1[02])-31T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z"
)
"""A moment in UTC (PEP 700) that every TOML reader takes; that of a leap day is left out."""


def _quoted(text: str) -> str:
    """Return a basic string of TOML; the texts are ASCII, for which JSON has the same escapes."""
    return json.dumps(text)
