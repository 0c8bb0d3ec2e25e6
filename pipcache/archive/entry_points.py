"""``entry_points.txt`` as pip reads it when it makes scripts, and why it refuses some.

Sources: ``importlib.metadata``, pip's ``_vendor/distlib/util.py`` and ``_vendor/pkg_resources``, and
``operations/install/wheel.py``. pip reads it with pkg_resources before 22, and later under Python before 3.11.
"""

import posixpath
import re
from collections.abc import Iterator

from pipcache.archive.flaw import Defect, Flaw

ENTRY_POINTS_LIMIT = 1 << 20
"""Bytes of an ``entry_points.txt`` that is read; the largest on PyPI have some 100 kB."""

_SCRIPTS = ("console_scripts", "gui_scripts")

_MOST_OF_A_LINE = 4096

_CALLABLE = re.compile(r"(\w+(?:[:.]\w+)*)\s*(\[\s*[\w-]+(?:=\w+)?(?:,\s*\w+(?:=\w+)?)*\s*\])?")

_OLD_VALUE = re.compile(r"([\w.]+) ?(?:: ?([\w.]+))? ?(?:\[ ?(?:[\w.-]+ ?(?:, ?[\w.-]+ ?)*)?\])?")

_OLD_NAME_END = re.compile(r"[\w.+-]")

_OLD_GROUP = re.compile(r"\w+(?:\.\w+)*")


def entry_point_flaws(data: bytes, where: str) -> Iterator[Flaw]:
    """Yield why pips refuse an ``entry_points.txt``.

    Args:
        data: the bytes of the file, at most one more than ``ENTRY_POINTS_LIMIT``.
        where: its path, for the flaws.
    """
    if len(data) > ENTRY_POINTS_LIMIT:
        yield Flaw(Defect.UNREADABLE, where, f"{ENTRY_POINTS_LIMIT} bytes", "it is larger than what is read of it")
        return
    try:
        text = data.decode()
    except UnicodeDecodeError:
        yield Flaw(Defect.INCOMPLETE, where, "text in UTF-8", "other bytes, so that every pip refuses it")
        return
    lines = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
    if any(len(line) > _MOST_OF_A_LINE for line in lines):
        yield Flaw(Defect.UNREADABLE, where, f"lines of {_MOST_OF_A_LINE} characters", "it has longer lines")
        return
    problem = _old_problem(lines)
    flaws = list(_script_flaws(lines, where, is_refused_by_old=problem is not None))
    yield from flaws
    if problem is not None and all(flaw.defect is not Defect.REFUSED for flaw in flaws):
        actual = f"{problem}, which pip before 22, or under Python before 3.11, refuses"
        yield Flaw(Defect.REFUSED_BY_SOME, where, "entry points in groups", actual)


def _script_flaws(lines: list[str], where: str, *, is_refused_by_old: bool) -> Iterator[Flaw]:
    """Yield what ``importlib.metadata`` and distlib do not take."""
    group: str | None = None
    scripts: dict[tuple[str, str], str] = {}
    for line in lines:
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
        elif group is not None:
            name, equals, value = (part.strip() for part in line.partition("="))
            if not equals:
                yield Flaw(Defect.REFUSED, where, "a name, = and an object", f"{line!r}, which every pip refuses")
                return
            if group in _SCRIPTS:
                scripts[group, name] = value
    for (_, name), value in scripts.items():
        if _leaves(name):
            yield Flaw(Defect.CLIMBS, where, "a script inside of the folder", f"{name!r}, which leads out of it")
        elif (problem := _script_problem(name, value)) is not None:
            is_for_all = is_refused_by_old or _old_script_problem(f"{name} = {value}")
            by = "every pip" if is_for_all else "pip since 22 under Python 3.11 and newer"
            defect = Defect.REFUSED if is_for_all else Defect.REFUSED_BY_SOME
            yield Flaw(defect, where, "a script and its callable", f"{name} = {value}: {problem}; {by} refuses it")
        elif not _OLD_NAME_END.fullmatch(name[-1:]):
            actual = f"{name!r}, which pip before 24.1 refuses"
            yield Flaw(Defect.REFUSED_BY_SOME, where, "a script's name of letters, digits and -.+", actual)


def _leaves(name: str) -> bool:
    """Return whether a script of this name would lie outside of the folder of scripts."""
    last = name.rpartition(" ")[2].replace("\\", "/")
    path = posixpath.normpath(last)
    return path.startswith(("/", "../")) or path == ".." or re.match(r"[A-Za-z]:", last) is not None


def _script_problem(name: str, value: str) -> str | None:
    """Return why distlib makes no script of an entry point (``get_export_entry``); None where it does."""
    match = _CALLABLE.match(value)
    if match is None:
        return "there is no callable"
    if match[2] is None and set("[]") & {*name, *value}:
        return "its brackets hold no extras"
    if match[1].count(":") != 1:
        return "there is no callable" if ":" not in match[1] else "there is more than one colon"
    if posixpath.normpath(name.rpartition(" ")[2] or " ") == ".":
        return "its name is that of a folder"
    return None


def _old_script_problem(line: str) -> bool:
    """Return whether distlib makes no script either of what pkg_resources reads, and writes down again."""
    parsed = _old_entry(line)
    if parsed is None:
        return True
    name, _, value = f"{parsed[0]} = {parsed[1]}".partition("=")
    return _script_problem(name.strip(), value.strip()) is not None


def _old_problem(lines: list[str]) -> str | None:
    """Return what pkg_resources does not take (``EntryPoint.parse_map``); None where it takes all."""
    group: str | None = None
    groups: set[str] = set()
    names: set[str] = set()
    for line in lines:
        if line.startswith("["):
            group = line[1:-1].strip()
            if not line.endswith("]") or not _OLD_GROUP.fullmatch(group):
                return f"the group {line!r}"
            if group in groups:
                return f"the group {line!r} twice"
            groups.add(group)
            names.clear()
            continue
        if group is None:
            return f"{line!r} outside of a group"
        parsed = _old_entry(line)
        if parsed is None or (group in _SCRIPTS and _old_script_problem(line)):
            return repr(line)
        if parsed[0] in names:
            return f"{parsed[0]!r} twice in a group"
        names.add(parsed[0])
    return None


def _old_entry(line: str) -> tuple[str, str] | None:
    """Return the name and the object of an entry point for pkg_resources; None where it refuses the line."""
    parts = " ".join(line.split()).split("=")
    for place in range(1, min(len(parts), 50)):
        name = "=".join(parts[:place]).strip()
        match = _OLD_VALUE.fullmatch("=".join(parts[place:]).strip())
        if name and match is not None:
            return name, f"{match[1]}:{match[2]}" if match[2] else match[1]
    return None
