"""Where the members of an archive go when pip unpacks it, and which of them it does not unpack.

Sources: pip ``operations/install/wheel.py`` and ``utils/unpacking.py`` (20.3 to 26.3), PEP 427 and PEP 706.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.zip_methods import ENCRYPTED, OF_EVERY_PYTHON, ZSTANDARD
from pipcache.archive.zip_reader import Member

_SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})

_MOST_NODES = 500_000  # files and folders of an archive; each is an object in memory

_MOST_STEPS = 5_000_000  # parts of all paths together

_MOST_LINKS = 40  # links in a path, as Linux follows at most

_MOST_OF_A_NAME = 255  # bytes of a file's name, of every file system in use

_MOST_OF_A_PATH = 4096  # bytes of a path (Linux; others allow less)


def method_flaws(members: Iterable[Member]) -> Iterator[Flaw]:
    """Yield the first member of each method that zipfile does not decompress, under some Pythons or all."""
    seen: set[str] = set()
    for member in members:
        if member.flags & ENCRYPTED:
            actual = "encrypted ones, for which pip has no password"
        elif member.method in OF_EVERY_PYTHON:
            continue
        elif member.method == ZSTANDARD:
            actual = "Zstandard, which only Python 3.14 and newer read"
        else:
            actual = f"method {member.method}, which Python's zipfile does not read"
        if actual not in seen:
            seen.add(actual)
            yield Flaw(Defect.REFUSED_BY_SOME, member.name, "bytes that every pip can read", actual)


class TarMember(NamedTuple):
    """A member of a tar: its whole name, its type (POSIX.1-2001 ustar), and where a link leads."""

    name: str
    kind: bytes
    link: str


class _Tree:
    """Files, folders and links as nodes, so that a long path costs no more than its length.

    Attributes:
        is_full: whether more was put into it, or asked of it, than real archives need; then its answers are none.
    """

    def __init__(self) -> None:
        self.is_full = False
        self._nodes: dict[tuple[int, str], int] = {}
        self._files: set[int] = set()
        self._folders: set[int] = {0}
        self._links: dict[int, str] = {}
        self._steps = 0

    def _step(self, node: int, part: str) -> int:
        self._steps += 1
        self.is_full = self.is_full or len(self._nodes) >= _MOST_NODES or self._steps >= _MOST_STEPS
        return 0 if self.is_full else self._nodes.setdefault((node, part), len(self._nodes) + 1)

    def add_file(self, path: str) -> bool:
        """Add a file by its normal path; return whether it can be there beside all others."""
        node = 0
        *folders, name = path.split("/")
        for part in folders:
            node = self._step(node, part)
            if node in self._files:
                return self.is_full
            self._folders.add(node)
        node = self._step(node, name)
        self._files.add(node)
        return self.is_full or node not in self._folders

    def add_link(self, path: str, target: str) -> None:
        """Add a symbolic link by its normal path."""
        node = 0
        for part in path.split("/"):
            node = self._step(node, part)
        if not self.is_full:
            self._links[node] = target

    def leaves(self, path: str) -> bool:
        """Return whether a path leads out of the folder, when the links that were added are followed."""
        if path.startswith("/") or not self._links:
            return _leaves(posixpath.normpath(path))
        nodes = [0]
        left = path.split("/")[::-1]
        followed = 0
        while left and not self.is_full and followed < _MOST_LINKS:
            part = left.pop()
            if part == "..":
                if len(nodes) == 1:
                    return True
                nodes.pop()
            elif part not in {"", "."}:
                node = self._step(nodes[-1], part)
                if (target := self._links.get(node)) is None:
                    nodes.append(node)
                else:
                    left += target.split("/")[::-1]
                    followed += 1
        return False

    def flaws(self) -> Iterator[Flaw]:
        """Yield that not all was looked at, where that is so."""
        if self.is_full:
            yield Flaw(Defect.UNREADABLE, "", f"{_MOST_NODES:,} files and folders", "there is too much in it")


def wheel_path_flaws(names: Iterable[str], folder: str) -> Iterator[Flaw]:
    """Yield the members of a wheel that pip does not install.

    Args:
        names: the names of its members, as zipfile has them.
        folder: the ``name-version`` of its ``.dist-info`` folder, where pip adds files of its own.
    """
    tree = _Tree()
    for own in ("INSTALLER", "REQUESTED"):
        tree.add_file(f"{folder}.dist-info/{own}")
    for name in names:
        if name.endswith("/"):
            continue  # pip makes the folders that files need
        is_plain = _PLAIN.fullmatch(name) is not None and len(name) <= _MOST_OF_A_NAME
        if not is_plain:
            yield from _name_flaws(name)
        path = name if is_plain else posixpath.normpath(name)
        if is_plain and ".data" not in name:
            yield from () if tree.add_file(path) else (_both(name),)
        elif _leaves(path) or _leaves_on_windows(name):
            yield Flaw(Defect.CLIMBS, name, "a path inside of the folder", "one that leads out of it")
        elif name.partition("/")[0].endswith(".data"):
            parts = path.split("/", 2)
            if len(parts) < 3 or parts[1] not in _SCHEMES:
                yield Flaw(
                    Defect.REFUSED, name, "one of pip's folders in .data", "none, so that every pip refuses it"
                )
            elif _leaves_on_windows(parts[2]):
                yield Flaw(Defect.CLIMBS, name, "a path inside of the folder", "one that leads out of it")
            else:
                scheme = "" if parts[1].endswith("lib") else f"/{parts[1]}/"
                yield from _conflicts(tree, scheme + parts[2], name)
        else:
            yield from _conflicts(tree, path, name)
        if tree.is_full:
            break
    yield from tree.flaws()


_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
"""Paths that are as simple as most: no parts that lead up, nothing that any system reads in another way."""


def _conflicts(tree: _Tree, path: str, name: str) -> Iterator[Flaw]:
    """Yield why a file cannot be unpacked beside the others."""
    if path == ".":
        yield Flaw(Defect.REFUSED, name, "the name of a file", "that of a folder, so that every pip refuses it")
    elif not tree.add_file(path):
        yield _both(name)


def _both(name: str) -> Flaw:
    return Flaw(Defect.REFUSED, name, "a file or a folder", "both, so that every pip refuses it")


def _name_flaws(name: str) -> Iterator[Flaw]:
    """Yield what no usual file system can hold."""
    data = name.encode("utf-8", "surrogatepass")
    if len(data) > _MOST_OF_A_PATH or (
        len(data) > _MOST_OF_A_NAME and any(len(part) > _MOST_OF_A_NAME for part in data.split(b"/"))
    ):
        short = f"{name[:60]}..."
        yield Flaw(
            Defect.REFUSED_BY_SOME, short, "a name that fits into file systems", f"one of {len(data)} bytes"
        )


def _leaves(path: str) -> bool:
    """Return whether a normal path leads out of the folder that it is relative to."""
    return path == ".." or path.startswith(("/", "../"))


_DRIVE = re.compile(r"[A-Za-z]:")


def _leaves_on_windows(name: str) -> bool:
    r"""Return whether a name leads out of its folder where ``\`` separates folders and drives have letters."""
    path = name.replace("\\", "/")
    return _DRIVE.match(path) is not None or _leaves(posixpath.normpath(path))


def _split(path: str) -> tuple[str, str]:
    """Return the top folder of a path, and the rest (pip ``split_leading_dir``)."""
    path = path.lstrip("/").lstrip("\\")
    slash, backslash = path.find("/"), path.find("\\")
    if slash >= 0 and (backslash < 0 or slash < backslash):
        return path[:slash], path[slash + 1 :]
    if backslash >= 0:
        return path[:backslash], path[backslash + 1 :]
    return path, ""


def _has_top_folder(names: Iterable[str]) -> bool:
    """Return whether all names have the same top folder (pip ``has_leading_dir``), which pip leaves out."""
    tops = {_split(name)[0] for name in names}
    return len(tops) == 1 and "" not in tops


def zip_sdist_flaws(members: list[Member], *, of_index: bool) -> Iterator[Flaw]:
    """Yield the members of a ``.zip`` sdist that pip does not unpack; ``of_index`` as in ``tar_sdist_flaws``."""
    yield from method_flaws(members)
    names = [member.name for member in members]
    has_top = _has_top_folder(names)
    paths = [_split(name)[1] if has_top else name for name in names]
    tree = _Tree()
    for name, path in zip(names, paths, strict=True):
        if _leaves(posixpath.normpath(path)) or _leaves_on_windows(path):
            yield Flaw(Defect.CLIMBS, name, "a path inside of the folder", "one that leads out of it")
        elif path and not path.endswith(("/", "\\")):
            yield from _name_flaws(path)
            yield from _conflicts(tree, posixpath.normpath(path), name)
    yield from tree.flaws()
    if of_index:
        yield from _build_flaws(paths)


def _build_flaws(paths: Iterable[str]) -> Iterator[Flaw]:
    """Yield that pip finds nothing to build (``req/req_install.py``, ``pyproject.py``)."""
    if {"setup.py", "pyproject.toml"}.isdisjoint(map(posixpath.normpath, paths)):
        actual = "neither where pip looks, so that every pip refuses it"
        yield Flaw(Defect.REFUSED, "", "setup.py or pyproject.toml", actual)


_FILES = frozenset({b"0", b"\0", b"7", b"S"})

_HARD_LINK, _LINK, _FOLDER = b"1", b"2", b"5"

_DEVICES = frozenset({b"3", b"4", b"6"})


def tar_sdist_flaws(members: list[TarMember], *, of_index: bool) -> Iterator[Flaw]:
    """Yield the members of a tar that pip does not unpack, with tarfile's ``data`` filter or before that.

    Args:
        members: the members, in order.
        of_index: it is a file of an index, so that pip builds what its top folder holds, and not a subdirectory.
    """
    has_top = _has_top_folder(member.name for member in members)
    tree = _Tree()
    paths: list[str] = []
    seen: set[str] = set()
    for member in members:
        path = _split(member.name)[1] if has_top else member.name
        paths.append(path)
        is_link = member.kind in {_LINK, _HARD_LINK}
        is_unlinked = (
            member.kind == _HARD_LINK and posixpath.normpath(_target(member, has_top=has_top)) not in seen
        )
        seen.add(posixpath.normpath(path))
        if member.kind in _DEVICES:
            yield Flaw(Defect.CLIMBS, member.name, "a file, a folder or a link", "a device or a pipe")
        elif tree.leaves(path) or _leaves_on_windows(path):
            yield Flaw(Defect.CLIMBS, member.name, "a path inside of the folder", "one that leads out of it")
        elif is_link and _link_leaves(member, path, tree, has_top=has_top):
            yield Flaw(Defect.CLIMBS, member.name, "a link inside of the folder", f"one to {member.link}")
        elif is_unlinked:
            actual = f"one to {member.link}, which is none, so that pip since 24.1 refuses it"
            yield Flaw(Defect.REFUSED_BY_SOME, member.name, "a link to a member before it", actual)
        elif member.kind == _LINK:
            tree.add_link(posixpath.normpath(path), member.link)
        elif not is_link and member.kind != _FOLDER and member.kind not in _FILES:
            actual = f"a member of type {member.kind!r}, which pip since 24.1 refuses"
            yield Flaw(Defect.REFUSED_BY_SOME, member.name, "a file, a folder or a link", actual)
        elif ".." in path.split("/"):
            actual = "one with .., at which pip since 24.1 may fail"
            yield Flaw(Defect.REFUSED_BY_SOME, member.name, "a plain path", actual)
        elif member.kind in _FILES:
            yield from _name_flaws(path)
            yield from _conflicts(tree, posixpath.normpath(path), member.name)
    yield from tree.flaws()
    if of_index and members:
        yield from _build_flaws(paths)


def _link_leaves(member: TarMember, path: str, tree: _Tree, *, has_top: bool) -> bool:
    """Return whether a link leads out of its folder: a hard link from the top, a symbolic one from where it is."""
    target = member.link
    place = _target(member, has_top=has_top)
    if member.kind == _LINK:
        place = posixpath.join(posixpath.dirname(path), target)
    is_absolute = target.startswith("/") or _DRIVE.match(target) is not None
    return is_absolute or tree.leaves(place) or _leaves_on_windows(place)


def _target(member: TarMember, *, has_top: bool) -> str:
    """Return where a hard link leads, once pip has left out the top folder."""
    top, rest = _split(member.link)
    return rest if has_top and top == _split(member.name)[0] else member.link
