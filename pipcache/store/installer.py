"""Installers, and the directories that are the cache of one other than pip, by their layout."""

import os
import re
from collections.abc import Callable, Collection
from enum import StrEnum

from pipcache.util.files import is_folder, list_quietly


class Installer(StrEnum):
    """A program that keeps a cache of distributions. Pipenv and pip-tools keep theirs in pip's layout."""

    PIP = "pip"
    UV = "uv"
    POETRY = "poetry"
    PDM = "pdm"
    PIPENV = "pipenv"
    PIP_TOOLS = "pip-tools"
    VIRTUALENV = "virtualenv"
    CONDA = "conda"

    def remedy(self, path: str) -> str:
        """Return how its own commands remove something from its cache at a path: a sentence, empty for pip."""
        import shlex  # only for messages

        return _REMEDIES.get(self, "").format(path=shlex.quote(path))


_REMEDIES = {
    Installer.UV: (
        "uv cache clean PROJECT --cache-dir {path}, and then uv cache prune --cache-dir {path}, remove a project "
        "from it."
    ),
    Installer.POETRY: (
        "poetry has no command that removes its wheels: remove the folders artifacts and cache in {path}."
    ),
    Installer.PDM: "PDM_CACHE_DIR={path} pdm cache clear empties it, but for what environments still link to.",
    Installer.PIPENV: "PIPENV_CACHE_DIR={path} pipenv --clear empties it.",
    Installer.PIP_TOOLS: "Remove {path} as a whole; pip-compile makes it again.",
    Installer.VIRTUALENV: "VIRTUALENV_OVERRIDE_APP_DATA={path} virtualenv --reset-app-data empties it.",
    Installer.CONDA: "conda clean --packages --tarballs removes what no environment uses.",
}


def uv_commands(path: str, projects: Collection[str] = (), *, everything: bool = False) -> list[str]:
    """Return the command lines of uv that remove projects from its cache, in the order that removes all of them.

    ``uv cache clean PROJECT`` knows only what its own release of uv wrote, and leaves environments;
    ``uv cache prune`` removes environments and what other releases wrote. ``inventory.uv_removal`` knows what
    both leave.

    Args:
        path: of the cache.
        projects: whose files go; empty for what nothing uses.
        everything: the whole cache goes.
    """
    import shlex  # only for messages

    prefix = f"{_as_owner(path)}uv cache"
    place = f"--cache-dir {shlex.quote(path)}"
    if everything:
        return [f"{prefix} clean {place}"]
    names = " ".join(shlex.quote(project) for project in sorted(projects))
    clean = [f"{prefix} clean {names} {place}"] if names else []
    return [*clean, f"{prefix} prune {place}"]


def _as_owner(path: str) -> str:
    """Return what stands before a command that changes the files of another user; else nothing."""
    try:
        import pwd  # not on Windows
    except ImportError:
        return ""
    try:
        uid = os.stat(path).st_uid
    except OSError:
        return ""
    if uid == os.geteuid():
        return ""
    import shlex  # only for messages

    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"#{uid}"  # as sudo takes the number of a user that the system does not list
    return f"sudo -u {shlex.quote(name)} "


_HEX_DIGITS = frozenset("0123456789abcdef")

_UV_BUCKET = re.compile(r"[a-z]+(?:-[a-z]+)*-v[0-9]{1,4}")
"""A folder of uv: what it holds, and the version of its format, which changes between patch releases."""

_UV_FAMILIES = frozenset({"pypi", "index", "url", "path", "git", "editable"})
"""Folders in the buckets for wheels, sdists and index pages: where the files are from."""

_UV_CHILDREN: dict[str, Callable[[str], bool]] = {
    **dict.fromkeys(("wheels", "sdists", "built-wheels", "simple"), _UV_FAMILIES.__contains__),
    "archive": lambda name: re.fullmatch(r"[A-Za-z0-9_-]{16,24}", name) is not None,
    "git": frozenset({"db", "checkouts", "locks"}).__contains__,
    "environments": lambda name: re.fullmatch(r"(?:.+-)?[0-9a-f]{16}", name) is not None,
    "interpreter": lambda name: re.fullmatch(r"[0-9a-f]{16}", name) is not None,
}
"""What uv keeps in a bucket, by the bucket's name without its version (uv ``uv-cache/src/lib.rs``)."""

_MARKERS = frozenset({"CACHEDIR.TAG", ".gitignore", ".git", ".lock"})
"""Files of uv that say something about a folder."""

_OF_NO_DISTRIBUTION = re.compile(r"interpreter-v[0-9]{1,4}|self-check|py_info")
"""Folders of uv, pdm and virtualenv: what they know of interpreters, and when they looked for a release."""

_POETRY_FOLDERS = frozenset({"artifacts", "cache", "virtualenvs"})

_PDM_FOLDERS = frozenset({"hashes", "metadata", "packages"})
"""Folders of pdm that pip does not have; ``http`` and ``wheels`` are like pip's."""


class PipsMarks(StrEnum):
    """How surely a directory is pip's cache, by the stores in it."""

    NONE = "none"
    WHEELS = "wheels"  # an empty http-v2, or the fan-out of wheels, which pdm has too
    HTTP = "http"  # the fan-out of http down to its last level, which pdm had before 2.10


def installer_of(root: str, names: Collection[str], marks: PipsMarks) -> Installer | None:
    """Return the installer other than pip whose cache a directory is; None where it is no other's.

    Only for a directory without ``http-v2`` and ``selfcheck`` of pip's: nobody else makes these. A folder of
    another installer's among pip's stores is a stray.

    Args:
        root: path of the directory.
        names: what is in it.
        marks: which stores of pip's seem to be in it.
    """
    folders = {name for name in names if _is_folder_at(root, name)}
    if _is_pdm(root, folders, marks):
        return Installer.PDM
    if marks is PipsMarks.HTTP:
        return None
    if _is_uv(root, names, folders, marks):
        return Installer.UV
    return Installer.POETRY if _is_poetry(root, names, folders, marks) else None


def folders_of_others(root: str) -> dict[str, Installer]:
    """Return the folders in a cache of pip's that hold what another installer keeps: names, and whose they are.

    Two installers may be given one directory as their cache. Only a layout that says so is taken for one.
    """
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return {}
    buckets = [name for name in names if _UV_BUCKET.fullmatch(name) and not _OF_NO_DISTRIBUTION.fullmatch(name)]
    folders = {name: Installer.UV for name in buckets if _is_used_bucket(root, name)}
    if "artifacts" in names and _reaches(os.path.join(root, "artifacts"), (2, 2, 2, 58)):
        folders["artifacts"] = Installer.POETRY
    if "packages" in names and any(name.endswith(".whl.cache") for name in _children(root, "packages")):
        folders["packages"] = Installer.PDM
    return folders


def is_uv_bucket(name: str) -> bool:
    """Return whether a folder is called as one of uv's that holds distributions, or what uv noted of them."""
    kind = name.rpartition("-v")[0]
    return _UV_BUCKET.fullmatch(name) is not None and kind in _UV_CHILDREN and kind != "interpreter"


def has_distributions(root: str) -> bool:
    """Return whether a directory holds a file that may be of a distribution, at any depth.

    What installers keep of interpreters and of their own releases does not count, nor do files that uv puts into
    an empty cache.

    Raises:
        OSError: it, or a folder in it, cannot be read before such a file is met.
    """
    folders = [root]
    while folders:
        folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_folder(entry.stat(follow_symlinks=False)):
                    if entry.name not in _MARKERS:
                        return True
                elif folder != root or not _OF_NO_DISTRIBUTION.fullmatch(entry.name):
                    folders.append(entry.path)
    return False


def _is_uv(root: str, names: Collection[str], folders: Collection[str], marks: PipsMarks) -> bool:
    buckets = [name for name in folders if _UV_BUCKET.fullmatch(name) and name != "http-v2"]
    is_tagged = "CACHEDIR.TAG" in names
    used = sum(_is_used_bucket(root, name) for name in buckets)
    if marks is not PipsMarks.NONE:
        return used > 1 or (is_tagged and used > 0)
    is_emptied = not set(names) - _MARKERS and not _MARKERS.isdisjoint(names) and set(names) != {"CACHEDIR.TAG"}
    return used > 0 or is_emptied or (is_tagged and bool(buckets))


def _is_used_bucket(root: str, bucket: str) -> bool:
    is_child = _UV_CHILDREN.get(bucket.rpartition("-v")[0])
    return is_child is not None and any(map(is_child, _children(root, bucket)))


def _is_poetry(root: str, names: Collection[str], folders: Collection[str], marks: PipsMarks) -> bool:
    if "artifacts" in folders and _reaches(os.path.join(root, "artifacts"), (2, 2, 2, 58)):
        return True
    if marks is not PipsMarks.NONE:
        return False
    if "cache" in folders and "repositories" in _children(root, "cache"):
        return True
    # what is left of it: its folders and nothing else
    return len(folders) > 1 and set(folders) == set(names) and _POETRY_FOLDERS.issuperset(names)


def _is_pdm(root: str, folders: Collection[str], marks: PipsMarks) -> bool:
    if "http" in folders and any(map(_is_pdm_http, _children(root, "http"))):
        return True
    is_like_pdm = {
        "hashes": lambda: _reaches(os.path.join(root, "hashes"), (2, 2, 2, 2, 48)),
        "metadata": lambda: any(map(_is_pdm_metadata, _children(root, "metadata"))),
        "packages": lambda: any(name.endswith(".whl.cache") for name in _children(root, "packages")),
    }
    there = _PDM_FOLDERS & set(folders)
    if any(is_like_pdm[name]() for name in there):
        return True
    # what is left of it
    try:
        is_emptied = not any(has_distributions(os.path.join(root, name)) for name in there)
    except OSError:
        is_emptied = False
    return marks is not PipsMarks.HTTP and "hashes" in there and len(there) > 1 and is_emptied


def _is_pdm_http(name: str) -> bool:
    return name.startswith("http-cache.db") or re.fullmatch("[0-9a-f]{32}", name) is not None


def _is_pdm_metadata(name: str) -> bool:
    return re.fullmatch(r"package_meta_[0-9a-f]{40}\.json", name) is not None


def _reaches(path: str, lengths: tuple[int, ...]) -> bool:
    """Return whether there is a path of names in hexadecimal digits of these lengths below a folder."""
    members = (name for name in _children(path) if len(name) == lengths[0] and _HEX_DIGITS.issuperset(name))
    return any(len(lengths) == 1 or _reaches(os.path.join(path, name), lengths[1:]) for name in members)


def _children(*path: str) -> list[str]:
    """Return the names in a folder that is no link; none where it cannot be read."""
    folder = os.path.join(*path)
    try:
        return list_quietly(folder) if is_folder(os.lstat(folder)) else []
    except OSError:
        return []


def _is_folder_at(root: str, name: str) -> bool:
    try:
        return is_folder(os.lstat(os.path.join(root, name)))
    except OSError:
        return False
