"""What a distribution needs, as its METADATA or PKG-INFO and its ``pyproject.toml`` say."""

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from packaging.requirements import Requirement

from pipcache.archive.core_metadata import METADATA_LIMIT, read_core_metadata
from pipcache.archive.sdist_files import read_sdist_files
from pipcache.archive.wheel_rules import read_metadata
from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import open_body
from pipcache.store.cache import Cache
from pipcache.store.response import explain_read_error
from pipcache.util.filenames import normalise
from pipcache.util.requirements import parse_requirement

_MOST = 20_000
"""Requirements that are read; real distributions have a few hundred."""

SETUPTOOLS = Requirement("setuptools>=40.8.0")
"""What pip builds with where there is no ``[build-system]`` (PEP 517, pip ``pyproject.py``)."""


class Contents(NamedTuple):
    """What a distribution says of itself.

    Attributes:
        project: its normalised name; None where it does not say it.
        requires: what it needs to run.
        requires_python: its Requires-Python, as written; None without one.
        extras: the extras that it has, normalised.
        builds_with: what an sdist needs to be built; empty for wheels.
        problem: why it could not be read, for people; None where it could.
    """

    project: str | None = None
    requires: tuple[Requirement, ...] = ()
    requires_python: str | None = None
    extras: frozenset[str] = frozenset()
    builds_with: tuple[Requirement, ...] = ()
    problem: str | None = None


class ContentsReader:
    """Reads what distributions need, each once."""

    def __init__(self, cache: Cache) -> None:
        """Take the cache in which they lie."""
        self._cache = cache
        self._known: dict[str, Contents] = {}

    def __call__(self, artifact: Artifact) -> Contents:
        """Return what a distribution says; nothing where it cannot be read."""
        path = path_of(artifact)
        if path not in self._known:
            self._known[path] = self._read(artifact)
        return self._known[path]

    def _read(self, artifact: Artifact) -> Contents:
        try:
            with open_body(self._cache, artifact) as body:
                if artifact.kind is not Kind.SDIST:
                    return _from_metadata(read_metadata(body.window))
                files = read_sdist_files(body.window, {"PKG-INFO", "pyproject.toml"})
        except OSError as error:
            return Contents(problem=explain_read_error(error))
        builds_with = tuple(_build_requirements(files.get("pyproject.toml")))
        # pip takes an sdist's name from its build, so PKG-INFO may say another
        return _from_metadata(files.get("PKG-INFO"))._replace(project=None, builds_with=builds_with)


def _from_metadata(data: bytes | None) -> Contents:
    if data is None or len(data) > METADATA_LIMIT or (metadata := read_core_metadata(data)) is None:
        return Contents()
    requires = [requirement for text in metadata.requires[:_MOST] if (requirement := _parsed(text)) is not None]
    name = (metadata.name or "").strip()
    project = normalise(name) if name else None
    extras = frozenset(
        extra for extra in metadata.extras if re.fullmatch(r"[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]", extra)
    )
    return Contents(project, tuple(requires), metadata.requires_python, extras)


def _parsed(text: str) -> Requirement | None:
    try:
        return parse_requirement(text)
    except OverflowError:
        return None


def _build_requirements(data: bytes | None) -> Iterator[Requirement]:
    """Yield ``[build-system].requires`` (PEP 518), or what stands for it."""
    try:
        document = tomllib.loads((data or b"").decode())
    except (ValueError, RecursionError):
        document = {}
    system = document.get("build-system")
    requires = system.get("requires") if isinstance(system, dict) else None
    if not isinstance(requires, list):
        yield SETUPTOOLS
        return
    for text in requires[:_MOST]:
        if isinstance(text, str) and (requirement := _parsed(text)) is not None:
            yield requirement
