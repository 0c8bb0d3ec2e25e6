"""The Python and the platform that an installation is for: markers (PEP 508) and tags (PEP 425)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from packaging import tags
from packaging.markers import Marker, default_environment

from pipcache.util.filenames import FileName, expand_tags
from pipcache.util.requirements import python_specifiers


class TargetError(ValueError):
    """A text that names no Python, or no platform; the message says what was expected."""


class _System(NamedTuple):
    """A platform: its values in markers, and its tags, best first."""

    os_name: str
    sys_platform: str
    platform_system: str
    platform_machine: str
    tags: tuple[str, ...]


class Target:
    """A Python on a platform.

    Attributes:
        name: both, for people.
        python: the version of Python, with three numbers.
        interpreter: the name that pip gives it in keys of built wheels (``cp311``).
        is_here: it is this Python on this machine.
    """

    def __init__(
        self,
        name: str,
        environment: Mapping[str, str],
        supported: Iterable[tags.Tag],
        interpreter: str,
        *,
        is_here: bool = False,
    ) -> None:
        """Take what is known of a Python.

        Args:
            name: for people.
            environment: the values of markers.
            supported: the tags of wheels that it takes, best first.
            interpreter: its name and version (``cp311``).
            is_here: it is this Python on this machine.
        """
        self.name = name
        self.python = environment["python_full_version"]
        self.interpreter = interpreter
        self.is_here = is_here
        self._environment = dict(environment)
        self._ranks: dict[str, int] = {}
        for rank, tag in enumerate(supported):
            self._ranks.setdefault(str(tag), rank)

    @classmethod
    def of(cls, python: str | None = None, platforms: Sequence[str] = ()) -> Self:
        """Return a target; this interpreter and this machine for what is not given.

        Args:
            python: a version of CPython: ``3.12`` or ``3.12.4``.
            platforms: platform tags as in names of wheels, of one system.

        Raises:
            TargetError: the version or a platform is none.
        """
        here = {name: str(value) for name, value in default_environment().items()}
        # a build of Python from a checkout has a plus at the end of its version (packaging 24, ``markers.py``)
        here["python_full_version"] = here["python_full_version"].removesuffix("+")
        if python is None and not platforms:
            major, minor = here["python_version"].split(".")[:2]
            interpreter = f"{tags.interpreter_name()}{major}{minor}"
            name = f"Python {here['python_version']} on {next(iter(tags.platform_tags()), 'this machine')}"
            return cls(name, here, tags.sys_tags(), interpreter, is_here=True)
        environment = here | (_of_python(python) if python is not None else {})
        systems = [_system(text) for text in platforms]
        if len({system.sys_platform for system in systems}) > 1:
            raise TargetError(f"{' and '.join(platforms)} are of different systems; give one at a time")
        if systems:
            environment |= {
                "os_name": systems[0].os_name,
                "sys_platform": systems[0].sys_platform,
                "platform_system": systems[0].platform_system,
                "platform_machine": systems[0].platform_machine,
                "platform_release": "",
                "platform_version": "",
            }
        tags_of_platform = [tag for system in systems for tag in system.tags] or list(tags.platform_tags())
        version = tuple(map(int, environment["python_version"].split(".")))
        interpreter = f"cp{version[0]}{version[1]}"
        abi = f"{interpreter}m" if version < (3, 8) else interpreter
        supported = [
            *tags.cpython_tags(version, [abi], tags_of_platform),
            *tags.compatible_tags(version, interpreter, tags_of_platform),
        ]
        name = f"Python {environment['python_version']} on {', '.join(platforms) or tags_of_platform[0]}"
        return cls(name, environment, supported, interpreter)

    def rank(self, name: FileName) -> int | None:
        """Return the place of a wheel among those that are taken, the best first; None where it is not taken.

        That of an sdist is behind all wheels.
        """
        if name.tags is None:
            return len(self._ranks)
        ranks = (self._ranks.get(tag) for tag in expand_tags(["-".join(name.tags)]))
        return min((rank for rank in ranks if rank is not None), default=None)

    def allows(self, requires_python: str | None) -> bool:
        """Return whether a Requires-Python allows this version; what cannot be read allows it, as for pip."""
        return python_specifiers(requires_python).contains(self.python, prereleases=True)

    def holds(self, marker: Marker | None, extra: str = "") -> bool:
        """Return whether a marker holds here for an extra; one that cannot be evaluated holds."""
        if marker is None:
            return True
        try:
            return marker.evaluate({**self._environment, "extra": extra})
        except (ValueError, KeyError, RecursionError):
            return True

    def holds_text(self, text: str) -> bool:
        """Return whether a marker as it is written in a lock holds here; what cannot be read holds.

        The groups and extras that a lock asks for (PEP 751) are not known, so markers about them hold.
        """
        if not text or len(text) > _LONGEST or re.search(r"\b(?:extras?|dependency_groups)\b", text):
            return True
        try:
            marker = Marker(text)
        except (ValueError, RecursionError):
            return True
        return self.holds(marker)


_LONGEST = 4096
"""Characters of a marker; the longest of real locks have some hundreds."""


def _of_python(text: str) -> dict[str, str]:
    """Return the values of markers that a version of CPython gives; a missing third number is 0, as for pip."""
    match = re.fullmatch(r"(?:cp|python|cpython)?([23])\.([0-9]{1,2})(?:\.([0-9]{1,3}))?", text.strip().lower())
    if match is None:
        raise TargetError(f"{text!r} is no version of CPython; 3.12 or 3.12.4 was expected")
    short, full = f"{match[1]}.{match[2]}", f"{match[1]}.{match[2]}.{match[3] or 0}"
    return {
        "python_version": short,
        "python_full_version": full,
        "implementation_version": full,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

_NEWEST_GLIBC = 60
"""The second number of a glibc that is newer than all wheels: what a plain ``linux_x86_64`` takes."""


def _system(text: str) -> _System:
    """Return the platform that a tag names (PEP 425, 513, 600, 656).

    Raises:
        TargetError: it names none.
    """
    if (windows := {"win32": "x86", "win_amd64": "AMD64", "win_arm64": "ARM64"}.get(text)) is not None:
        return _System("nt", "win32", "Windows", windows, (text,))
    if (match := re.fullmatch(r"macosx_([0-9]{1,2})_([0-9]{1,2})_(x86_64|arm64)", text)) is not None:
        of_mac = tuple(tags.mac_platforms((int(match[1]), int(match[2])), match[3]))
        return _System("posix", "darwin", "Darwin", match[3], of_mac)
    if (match := re.fullmatch(r"musllinux_1_([0-9]{1,2})_([a-z0-9_]+)", text)) is not None:
        of_musl = tuple(f"musllinux_1_{minor}_{match[2]}" for minor in range(int(match[1]), -1, -1))
        return _System("posix", "linux", "Linux", match[2], (*of_musl, f"linux_{match[2]}"))
    match = re.fullmatch(r"(linux|manylinux(?:1|2010|2014|_2_([0-9]{1,3})))_([a-z0-9_]+)", text)
    if match is None:
        expected = "win_amd64, macosx_11_0_arm64, linux_x86_64, manylinux_2_28_x86_64 or the like was expected"
        raise TargetError(f"{text!r} is no platform tag; {expected}")
    glibc = min(int(match[2]), _NEWEST_GLIBC) if match[2] else _LEGACY.get(match[1], (2, _NEWEST_GLIBC))[1]
    machine = match[3]
    of_glibc: list[str] = []
    for minor in range(glibc, 4, -1):
        of_glibc.append(f"manylinux_2_{minor}_{machine}")
        of_glibc += [f"{name}_{machine}" for name, version in _LEGACY.items() if version[1] == minor]
    return _System("posix", "linux", "Linux", machine, (*of_glibc, f"linux_{machine}"))
