"""What many tests stand on."""

from __future__ import annotations

import functools
import os
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.location.environments import FOLDERS_BY_VARIABLE
from pipcache.location.installer_places import RULES
from tests.support.caches import CacheBuilder
from tests.support.index import Index, add_standard_projects
from tests.support.pips import make_certificate
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.index import Certificate
    from tests.support.lock_samples import Write

for _signal, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (getattr(signal, "SIGHUP", None), signal.SIG_DFL),
):
    if _signal is not None and signal.getsignal(_signal) is signal.SIG_IGN:
        # in a job in the background, and a program that is started by a test would ignore it too
        signal.signal(_signal, _handler)

# where other installers of this machine have their files says nothing of the machines of tests
_OF_CONDA = ("CONDARC", "CONDA_EXE", "CONDA_PREFIX", "MAMBA_ROOT_PREFIX")
_OF_INSTALLERS = (
    name for rules in RULES.values() for name in (*rules.variables, rules.file_variable, rules.folder_variable)
)
for _name in (*FOLDERS_BY_VARIABLE, *_OF_CONDA, *filter(None, _OF_INSTALLERS)):
    os.environ.pop(_name, None)

NO_PERMISSIONS = "root may read and change everything, and Windows has other permissions"


@functools.cache
def may_read_everything() -> bool:
    """Whether this process reads what nobody may: as root does, unless it gave that right up (setpriv(1))."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "closed"
        file.touch(mode=0)
        try:
            file.read_bytes()
        except PermissionError:
            return False
        return True


FOLDER = Path(__file__).parent

MARKS = {FOLDER / "pips": pytest.mark.pips, FOLDER / "tools": pytest.mark.tools}
"""Folders with the mark of all their tests: those that start real pips, and other installers."""


@pytest.hookimpl(tryfirst=True)  # before the tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of some folders, and start with those that take longest, so that no worker ends alone."""
    for item in items:
        for folder, mark in MARKS.items():
            if folder in item.path.parents:
                item.add_marker(mark)
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, item.get_closest_marker("pips") is None))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests of permissions where none is missing; where `PIPCACHE_TESTS_AS_USER` denies that, fail them."""
    if item.get_closest_marker("permissions") is None or not may_read_everything():
        return
    if os.environ.get("PIPCACHE_TESTS_AS_USER"):
        pytest.fail(NO_PERMISSIONS, pytrace=False)
    pytest.skip(NO_PERMISSIONS)


@pytest.fixture
def builder(tmp_path: Path) -> CacheBuilder:
    """A cache that grows entry by entry."""
    return CacheBuilder(tmp_path / "cache")


@pytest.fixture
def program(builder: CacheBuilder, capsys: pytest.CaptureFixture[str]) -> Program:
    """The program on that cache."""
    return Program(builder.root, capsys)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, and gives its path."""

    def written(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return written


@pytest.fixture
def index() -> Iterator[Index]:
    """A running index with the standard projects, over plain http."""
    with Index() as running:
        add_standard_projects(running)
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for the loopback interface, for an index over https."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))
