"""Which files of a selection stand in a lock, by its form."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from pipcache.errors import ErrorKind, ExitCode, PipcacheError
from pipcache.locks.writer import LockedFile, pylock_text, requirements_text, sha256sums_text
from pipcache.offline.releases import Release
from pipcache.offline.selection import SelectionResult
from pipcache.offline.supply import LeftOut, SupplyFile, Why

REQUIREMENTS, PYLOCK, SHA256SUMS, JSON = "requirements", "pylock", "sha256sums", "json"
"""The forms of a lock; ``json`` tells of the same files everything that is known."""

FORMS = (REQUIREMENTS, PYLOCK, SHA256SUMS, JSON)


def is_pylock_name(path: str) -> bool:
    """Return whether installers take a file for a lock of the standard form, by its name (PEP 751)."""
    return re.fullmatch(r"pylock\.(?:[^.]+\.)?toml", os.path.basename(path)) is not None


class SeveralVersions(PipcacheError):  # noqa: N818 - it says what the selection has
    """A lock of the standard form has one version of each project, and the selection has several."""

    exit_code = ExitCode.USAGE
    kind = ErrorKind.SEVERAL_VERSIONS


class Lock(NamedTuple):
    """The files of a lock, and what of the selection does not stand in it."""

    files: list[LockedFile]
    left_out: list[LeftOut]


def lock_of(result: SelectionResult, form: str) -> Lock:
    """Return the files that stand in a lock of a form.

    In a requirements file that is the file of each release that pip takes, for pip refuses two of one project. The
    other forms have all files, of sdists of a release one where the standard allows no more.

    Raises:
        SeveralVersions: the form is ``pylock`` and there are several versions of a project.
    """
    if form == PYLOCK and (several := several_versions(result.releases)):
        raise SeveralVersions(
            f"pylock has one version of each project, and the selection has {_listed(several)}.",
            hint="Nothing was written. Select one of them, or take the newest of each with --latest.",
        )
    files: list[SupplyFile] = []
    left_out = list(result.left_out)
    for release in result.releases:
        kept = _kept(release, form)
        files += kept
        for file in release.files:
            if file not in kept:
                detail = f"{kept[0].locked.filename} of the same version is taken"
                left_out.append(file.left_out(Why.OTHER_FILE, detail))
    locked = [
        file.locked._replace(
            upload_time=result.upload_time(file),
            extras=result.extras.get(file.locked.project, ()),
        )
        for file in files
    ]
    return Lock(locked, left_out)


def several_versions(releases: Sequence[Release]) -> dict[str, list[str]]:
    """Return the projects of which there are several versions, with these."""
    versions: dict[str, list[str]] = {}
    for release in releases:
        versions.setdefault(release.project, []).append(release.version)
    return {project: of_project for project, of_project in versions.items() if len(of_project) > 1}


def _listed(several: dict[str, list[str]]) -> str:
    shown = [f"{project} {' and '.join(versions)}" for project, versions in several.items()]
    more = f" and of {len(shown) - _SHOWN} more projects" if len(shown) > _SHOWN else ""
    return "; ".join(shown[:_SHOWN]) + more


_SHOWN = 10


def _kept(release: Release, form: str) -> list[SupplyFile]:
    if form == REQUIREMENTS and release.taken is not None:
        return [release.taken]
    if form != PYLOCK:
        return list(release.files)
    wheels = [file for file in release.files if file.locked.is_wheel]
    sdists = [file for file in release.files if not file.locked.is_wheel]
    return wheels + sdists[:1]


def lock_text(lock: Lock, form: str, target: str) -> str:
    """Return the text of a lock in a form other than JSON.

    Args:
        lock: its files.
        form: the form.
        target: the Python and the platform that its files were chosen for, for people.
    """
    match form:
        case "pylock":
            return pylock_text(lock.files)
        case "sha256sums":
            return sha256sums_text(lock.files)
        case _:
            return requirements_text(lock.files, (f"Verified files of pip's cache, for {target} (pipcache lock)",))
