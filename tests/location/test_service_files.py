"""A cache that only a unit of systemd, a file of a service or a crontab names is found, or its file is named."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pipcache.location import startup_files
from tests.support.user_machines import MixedMachine as Machine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are the places of Linux")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(startup_files, "SHARED_FILES", (str(tmp_path / "etc/environment"),))
    services = [
        str(tmp_path / path) for path in ("etc/systemd/system", "etc/default", "etc/crontab", "etc/cron.d")
    ]
    monkeypatch.setattr(startup_files, "SERVICE_FILES", services)
    machine = Machine(tmp_path)
    machine.home("ada")
    return machine


LINES = {
    "etc/systemd/system/ci.service": "[Service]\nUser=ada\nEnvironment=PIP_CACHE_DIR={}\n",
    "etc/systemd/system/quoted.service": "[Service]\nEnvironment=\"A=1\" 'PIP_CACHE_DIR={}' B=2\n",
    "etc/systemd/system/long.service": '[Service]\nEnvironment="A=1" \\\n  "PIP_CACHE_DIR={}"\n',
    "etc/systemd/system/ci.service.d/override.conf": '[Service]\nEnvironment="PIP_CACHE_DIR={}"\n',
    "etc/systemd/system/manager.conf": "[Manager]\nDefaultEnvironment=PIP_CACHE_DIR={}\n",
    "etc/default/ci": "PIP_CACHE_DIR={}\n",
    "etc/crontab": "PIP_CACHE_DIR={}\n0 3 * * * ada pip download six\n",
    "etc/cron.d/nightly": "0 3 * * * ada PIP_CACHE_DIR={} pip download six\n",
    "home/ada/.config/systemd/user/ci.service": "[Service]\nEnvironment=PIP_CACHE_DIR={}\n",
}


@pytest.mark.parametrize("file", LINES)
def test_the_cache_of_a_service_is_known(box: Machine, file: str) -> None:
    path = box.pip("disk/ci")
    written = box.write(file, LINES[file].format(path))
    assert [(cache.cache.path, cache.owners, cache.problem) for cache in box.find().caches[1:]] == [
        (path, (f"PIP_CACHE_DIR in {written}",), None)
    ]


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("PIP_CACHE_DIR", "%h/wheels", "home/ada/wheels"),
        ("XDG_CACHE_HOME", "%C/ci", "home/ada/.cache/ci/pip"),
        ("PIP_CACHE_DIR", "%S/pip", "home/ada/.local/state/pip"),
    ],
)
def test_the_folders_of_a_user_in_a_unit_are_known(box: Machine, variable: str, value: str, place: str) -> None:
    path = box.pip(place)
    box.write("home/ada/.config/systemd/user/ci.service", f"[Service]\nEnvironment={variable}={value}\n")
    assert [(cache.cache.path, cache.problem) for cache in box.find().caches[1:]] == [(path, None)]


def test_a_value_that_only_systemd_knows_is_named_with_its_unit(box: Machine) -> None:
    unit = box.write("etc/systemd/system/ci@.service", "[Service]\nEnvironment=PIP_CACHE_DIR=/srv/%i\n")
    _, named = box.find().caches
    assert (named.cache.path, named.owners) == (os.path.realpath(unit), (f"PIP_CACHE_DIR in {unit}",))
    assert named.problem is not None


@pytest.mark.parametrize(
    "text", ["[Service]\nExecStart=/bin/true\nEnvironment=\n", "# Environment=PIP_CACHE_DIR={}\n", "\0\xff"]
)
def test_a_service_that_names_no_cache_names_nothing(box: Machine, text: str) -> None:
    box.write("etc/systemd/system/ci.service", text.format(box.pip("disk/ci")))
    caches, unread = box.find()
    assert (len(caches), unread) == (1, [])


@pytest.mark.permissions
def test_what_only_root_may_read_of_services_is_passed_over(box: Machine, request: pytest.FixtureRequest) -> None:
    box.write("etc/default/ci", f"PIP_CACHE_DIR={box.pip('disk/ci')}\n")
    for path in (box.folder / "etc/default/ci", box.write("etc/cron.d/x", "").parent):
        path.chmod(0)
        request.addfinalizer(partial(path.chmod, 0o700))
    caches, unread = box.find()
    assert (len(caches), unread) == (1, [])


def test_what_all_users_share_is_said_once(box: Machine) -> None:
    for user in ("bob", "cid"):
        box.home(user)
    path = box.pip("disk/all")
    file = box.write("etc/environment", f"PIP_CACHE_DIR={path}\n")
    assert [(cache.cache.path, cache.owners) for cache in box.find().caches[1:]] == [
        (path, (f"PIP_CACHE_DIR in {file}",))
    ]
