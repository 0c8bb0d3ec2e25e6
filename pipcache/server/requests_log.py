"""What was asked for and is not given: what to fetch before the next time without a network."""

import re
from threading import Lock
from typing import NamedTuple

from pipcache.server.project import WithheldFile
from pipcache.util.untrusted import escape

_MOST = 10_000
"""Names that are kept; whoever asks for more has had a list that nobody reads."""

_MOST_AGENTS = 20


class Missing(NamedTuple):
    """A project or a file that is not in the cache.

    Attributes:
        name: the normalised name of a project, or the name of a file.
        is_file: whether it is a file.
        asked_by: the programs that asked for it, as they call themselves: ``pip/26.3``.
    """

    name: str
    is_file: bool
    asked_by: tuple[str, ...]


class Withheld(NamedTuple):
    """A withheld file that was asked for.

    Attributes:
        file: the file.
        asked_by: the programs that asked for it or for its project.
    """

    file: WithheldFile
    asked_by: tuple[str, ...]


class RequestsLog:
    """Notes what was asked for in vain. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._missing: dict[tuple[str, bool], dict[str, None]] = {}
        self._withheld: dict[tuple[str, str], tuple[WithheldFile, dict[str, None]]] = {}

    def note_missing(self, name: str, agent: str, *, is_file: bool) -> None:
        """Note that a project or a file was asked for and is not there."""
        with self._lock:
            if len(self._missing) < _MOST or (name, is_file) in self._missing:
                _add(self._missing.setdefault((name, is_file), {}), agent)

    def note_withheld(self, file: WithheldFile, agent: str) -> None:
        """Note that a file, or the project that it is of, was asked for and the file is not given."""
        name = (file.project, file.filename)
        with self._lock:
            if len(self._withheld) < _MOST or name in self._withheld:
                _, agents = self._withheld.get(name, (file, {}))
                _add(agents, agent)
                self._withheld[name] = (file, agents)  # the reason of today

    @property
    def missing(self) -> list[Missing]:
        """What is not there, projects first."""
        with self._lock:
            everything = [
                Missing(name, is_file, tuple(agents)) for (name, is_file), agents in self._missing.items()
            ]
        return sorted(everything, key=lambda missing: (missing.is_file, missing.name))

    @property
    def withheld(self) -> list[Withheld]:
        """What is there and not given, by project and name."""
        with self._lock:
            names = sorted(self._withheld)
            return [Withheld(file, tuple(agents)) for file, agents in map(self._withheld.__getitem__, names)]


def _add(agents: dict[str, None], agent: str) -> None:
    if len(agents) < _MOST_AGENTS:
        agents.setdefault(agent)


def agent_name(header: str) -> str:
    """Return how a program calls itself, by its ``User-Agent``: the first word, ``pip/26.3``."""
    match = re.match(r"[^\s({]{1,60}", header)
    return "an unnamed program" if match is None else escape(match[0])
