"""pip's trusted hosts, by a real session of pip."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING

import pytest

from pipcache.live.settings import BadSetting, NetworkSettings, read_settings
from pipcache.live.transport import Transport
from pipcache.live.trusted_hosts import TrustedHosts
from tests.support.pips import clean_environment, pip_program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "is_known"),
    [
        ("http://127.0.0.1:8080/simple/", True),
        ("http://127.9.9.9/simple/", True),
        ("http://[::1]:80/simple/", True),
        ("http://LocalHost/simple/", True),
        ("https://index.example/simple/", True),
        ("http://127.index.example/simple/", False),
        ("http://127.0.0.1.index.example/simple/", False),
        ("http://[::2]/simple/", False),
        ("http://index.example/simple/", False),
    ],
)
def test_without_settings_only_this_machine_is_asked_without_encryption(url: str, is_known: bool) -> None:  # noqa: FBT001
    assert TrustedHosts().allow(url) == is_known


SESSION = r"""
import json, logging, sys
sys.path.insert(0, sys.argv[1])
from pip._internal.network.session import InsecureCacheControlAdapter, PipSession
from pip._vendor import requests
logging.disable()
names, urls = json.load(sys.stdin)

def is_checked(session, url):
    adapter = session.get_adapter(requests.Request("GET", url).prepare().url)
    return url.startswith("https:") and not isinstance(adapter, InsecureCacheControlAdapter)

def answers(name):
    try:
        session = PipSession(cache=sys.argv[2], trusted_hosts=[name])
    except ValueError:
        return None
    return [
        [session.is_secure_origin(url), is_checked(session, url)]
        for url in urls
    ]

json.dump([answers(name) for name in names], sys.stdout)
"""
"""Prints for each trusted host and URL whether pip asks there, and whether it checks a certificate."""

HOSTS = (
    *(
        "index.example",
        "INDEX.example",
        "sub.index.example",
        "index.example.evil.example",
        "index",
        "index.example.",
    ),
    *(
        "127.0.0.1",
        "127.9.9.9",
        "127.index.example",
        "localhost",
        "LocalHost",
        "[::1]",
        "[::2]",
        "[0:0:0:0:0:0:0:1]",
    ),
    *("10.1.2.3", "10.0.0.0", "[fd00::1]", "[fd00:0::1]", "b\u00fccher.example", "xn--bcher-kva.example"),
)

URLS = [
    f"{scheme}://{host}{port}/simple/foo/"
    for scheme, host, port in product(("http", "https"), HOSTS, ("", ":80", ":443", ":8080"))
]

NAMES = (
    *("index.example", "Index.Example", "index.example:80", "index.example:443", "index.example:8080"),
    *("index.example:0", "index.example:", "index.example/", "index.example/simple", "index.example/other"),
    *("*", "*:8080", "*.example", "index.", "index", ".example", "index.example."),
    *("10.0.0.0/8", "10.1.2.3", "10.1.2.3:8080", "10.0.0.0", "127.0.0.0/8", "0.0.0.0/0"),
    *("::1", "::2", "[::2]", "[::2]:8080", "fd00::1", "fd00:0::1", "[fd00::1]:8080", "::2:8080"),
    *("ada@index.example", "ada:secret@index.example:8080", "https://index.example", "http:/index.example"),
    *("b\u00fccher.example", "xn--bcher-kva.example", "index.example?", "index.example#x", "localhost:8080"),
    *(
        "index.example:port",
        "index.example:99999",
        "index.example:-1",
        ":8080",
        "[index.example",
        "fd00::/8",
        "",
        "@",
        "/",
    ),
)


@pytest.mark.slow
@pytest.mark.pips
@pytest.mark.parametrize("version", ["26.3", "23.2.1"])
def test_both_answers_are_those_of_a_session_of_pip(tmp_path: Path, version: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SESSION, str(pip_program(version).parent), str(tmp_path / "cache")],
        input=json.dumps([NAMES, URLS]),
        env=clean_environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    theirs = dict(zip(NAMES, json.loads(ran.stdout), strict=True))
    assert {name: answers(name, tmp_path) for name in NAMES} == theirs
    of_pip = [answer for row in theirs.values() if row is not None for answer in map(tuple, row)]
    assert set(of_pip) == {(False, False), (True, False), (True, True)}
    assert [name for name, row in theirs.items() if row is None] == [*NAMES[-9:]]


def answers(name: str, folder: Path) -> list[list[bool]] | None:
    """Return what we say of a trusted host for each URL: asked or not, and whether its certificate is checked."""
    try:
        trusted = TrustedHosts([name])
    except ValueError:
        return None
    transport = Transport(NetworkSettings(trusted_hosts=(name,)), str(folder / "own"))
    return [[trusted.allow(url), url.startswith("https:") and transport.checks_certificate(url)] for url in URLS]


@pytest.mark.parametrize(
    "name", ["index.example:port", "b.example index.example:99999", ":8080", "[index.example"]
)
def test_a_host_that_pip_refuses_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSetting) as error:
        read_settings(clean_environment(tmp_path / "home") | {"PIP_TRUSTED_HOST": name})
    assert "PIP_TRUSTED_HOST" in error.value.message
    path = tmp_path / "pip.conf"
    path.write_text(f"[global]\ntrusted-host = {name}\n", "utf-8")
    with pytest.raises(BadSetting) as error:
        read_settings(clean_environment(tmp_path / "home") | {"PIP_CONFIG_FILE": str(path)})
    assert f"{path} [global] trusted-host" in error.value.message
