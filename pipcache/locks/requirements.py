"""Requirements files, read as pip 26.3 reads them (``_internal/req/req_file.py``)."""

import os
import re
import shlex
from collections.abc import Iterator

from packaging.requirements import Requirement

from pipcache.locks.model import LockError, Pin, last_part, read_digests, version_in
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import DIGITS
from pipcache.util.textfile import MOST_LINES, has_too_many_lines, logical_lines, read_text
from pipcache.util.untrusted import quoted


def requirements(top: str, text: str, *, every: bool) -> Iterator[Pin]:
    """Yield the pins of a requirements file, and of the files it names with ``-r`` and ``-c``.

    Folders of this disk are left out, and lines with other options of pip.

    Args:
        top: the path of the file.
        text: its content.
        every: also yield requirements without a digest.

    Raises:
        LockError: a line is wrong, or names a file that is not on this disk.
        UnreadableText: a file that a line names cannot be read.
    """
    waiting, seen = {top: ("", False)}, set[str]()
    count = 0
    while waiting:
        path = next(iter(waiting))
        where, is_constraint = waiting.pop(path)
        text = read_text(path, where) if where else text
        if (real := os.path.realpath(path)) in seen:
            continue
        seen |= {real, path}
        if len(seen) > 2 * MOST_FILES:
            raise _too_much(top, f"{MOST_FILES:,} files that it names")
        for number, line in _lines(path, text):
            where = f"{path}, line {number}"
            if (named := _nested(line, where)) is not None:
                other = os.path.normpath(os.path.join(os.path.dirname(path), named))
                below = is_constraint or line.lstrip("-").startswith("c")
                waiting |= {other: (f"{where}: ", below)} if other not in seen else {}
            elif line.startswith("--hash"):
                raise LockError(f"{where}: --hash stands alone; a requirement was expected before it")
            elif every and line.startswith("-") and not _OPTION.match(line):
                raise LockError(f"{where}: {quoted(line)} is no option of pip's; a requirement was expected")
            elif not line.startswith("-"):
                if (count := count + 1) > MOST_REQUIREMENTS:
                    raise _too_much(top, f"{MOST_REQUIREMENTS:,} requirements")
                for pin in _requirement(path, line, where, every=every):
                    yield pin._replace(is_constraint=is_constraint)


def _lines(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the logical lines of a file with their numbers.

    Raises:
        LockError: there are too many, or one is too long.
    """
    if has_too_many_lines(text):
        raise _too_much(path, f"{MOST_LINES:,} lines")
    for number, line in logical_lines(text):
        if len(line) > LONGEST_LINE:
            raise _too_much(f"{path}, line {number}", f"{LONGEST_LINE:,} characters")
        yield number, line


def _too_much(where: str, what: str) -> LockError:
    return LockError(f"{where} cannot be read: too much in it: more than {what}; fewer were expected")


MOST_REQUIREMENTS = 100_000

MOST_FILES = 1_000
"""Files that a requirements file names, and those that they name."""

LONGEST_LINE = 256 << 10
"""Characters of a requirement with all its digests; the longest real ones have a tenth."""

_LONGEST_REQUIREMENT = 4096
"""Characters of a requirement without its digests."""

_NESTED = re.compile(r"(-[rc]|--(?:requirement|constraint)(?=[=\s]))[=\s]*(.*)")

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def _nested(line: str, where: str) -> str | None:
    """Return the file that a line names with ``-r`` or ``-c``; None for other lines.

    Constraints that are served by a URL are left out: nothing is fetched, and they seldom hold digests.
    """
    if (match := _NESTED.match(line)) is None:
        return None
    try:
        words = shlex.split(_VARIABLE.sub(lambda name: os.environ.get(name[1]) or name[0], match[2]))
    except ValueError:
        words = []
    if not words or "\0" in words[0]:
        raise LockError(f"{where}: {quoted(line)} names no file; a path was expected after {match[1]}")
    if not re.match(r"(?i)(https?|file):", words[0]):
        return words[0]
    if match[1].strip("-")[0] == "c":
        return None
    raise LockError(f"{where}: {quoted(words[0])} is not on this disk; the path of a file was expected")


_OPTION = re.compile(
    r"-[irfce](?!-)|--(?:index-url|extra-index-url|no-index|requirement|constraint|editable|find-links|no-binary|"
    r"only-binary|prefer-binary|require-hashes|pre|all-releases|only-final|trusted-host|use-feature|pypi-url|"
    r"refresh-package|always-unzip|process-dependency-links|allow-\S+)(?=[=\s]|$)|-Z$"
)
"""The options that pip allows in a requirements file, and those that older pips did."""

_HASH = re.compile(r"(?<!\S)--hash(?:=|\s+|$)(\S*)")

_FRAGMENT = re.compile(rf"[#&]((?:{'|'.join(DIGITS)})=[^&\s]*)")

_NAMED = re.compile(r"[\w.-]+[ \t]*(?:\[[^\]]*\][ \t]*)?@")


def _requirement(path: str, line: str, where: str, *, every: bool) -> Iterator[Pin]:
    """Yield the pin of a line that is a requirement; nothing for a folder of this disk."""
    line = _VARIABLE.sub(lambda name: os.environ.get(name[1]) or name[0], line)
    wanted = re.split(r"\s(?=-)", line, maxsplit=1)[0]
    values = [*(value.strip("\"'") for value in _HASH.findall(line)), *_FRAGMENT.findall(wanted)]
    if not (values or every):
        return
    if len(wanted) > _LONGEST_REQUIREMENT:
        raise _too_much(where, f"{_LONGEST_REQUIREMENT:,} characters of a requirement")
    specifiers, commit, marker, extras = "", None, "", tuple[str, ...]()
    digests = [read_digests([value], where) for value in values]
    if () in digests:
        unknown = quoted(values[digests.index(())])
        raise LockError(f"{where}: {unknown} is of no known algorithm; {', '.join(DIGITS)} were expected")
    location = re.sub(r"\[[^\[\]]*\]$", "", wanted.split()[0])
    local = parse_filename(re.split(r"[/\\]", location)[-1])
    if re.fullmatch(r"\.{1,2}([/\\].*)?", location) and not (values or local):
        return
    if not _NAMED.match(wanted) and ("/" in location or "\\" in location or parse_filename(location)):
        url = location.partition("#")[0] if "://" in location else None
        filename = last_part(url) or re.split(r"[/\\]", location)[-1]
        parsed, egg = parse_filename(filename), re.search(r"[#&]egg=([\w.-]+)", location)
        if not (values or url or parsed):
            return
        project, version = egg[1] if egg else parsed.project if parsed else filename, None
        commit = _commit(location)
    else:
        before, _, marker = wanted.partition(";")
        if "@" in before:  # a URL may hold a semicolon
            before, *after = re.split(r"\s;", wanted, maxsplit=1)
            marker = "".join(after)
        try:
            # without the marker: packaging evaluates the strings in it
            requirement = Requirement(before)
        except (ValueError, RecursionError):
            expected = "a requirement with --hash=algorithm:hex was expected"
            raise LockError(f"{where}: {quoted(wanted)} is no requirement; {expected}") from None
        url = requirement.url.partition("#")[0] if requirement.url else None
        project, filename = requirement.name, last_part(url)
        extras = tuple(sorted(map(normalise, requirement.extras)))
        commit = _commit(requirement.url or "")
        pins = [pin.version for pin in requirement.specifier if pin.operator in {"==", "==="}]
        version = next((pin for pin in pins if not pin.endswith(".*")), None)
        specifiers = "" if version else str(requirement.specifier)
    version = version or version_in(project, filename)
    every_digest = tuple(digest for pairs in digests for digest in pairs)
    source = os.path.basename(path)
    pin = Pin(source, normalise(project), version, filename or None, url, None, every_digest, specifiers, commit)
    is_local = bool(filename) and (url or "file:")[:5].lower() == "file:"  # a name alone gives no file name
    yield pin._replace(marker=marker.strip(), extras=extras, is_local=is_local)


def _commit(url: str) -> str | None:
    """Return the commit that the URL of a repository is pinned to (pip 26.3, ``_internal/vcs/git.py``)."""
    pinned = re.match(r"(?:git|hg|svn|bzr)\+[^#]*@([0-9a-fA-F]{40})(?:#|$)", url)
    return pinned[1].lower() if pinned else None
