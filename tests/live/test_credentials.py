"""Logins: whose they are, whom they are sent to, and that they are seen nowhere else."""

from __future__ import annotations

import base64
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipcache.live.answers import Failed, Fault, FetchedPage
from pipcache.live.client import Client
from pipcache.live.credentials import Credentials, Login
from pipcache.live.questions import Asking, Question
from pipcache.live.settings import KeyringProvider, NetworkSettings
from tests.support.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipcache.live.answers import Answer
    from tests.support.index import _Handler

SECRET = "s3cret%2Fpass"
BASIC = "Basic " + base64.b64encode(b"ada:s3cret/pass").decode()
FAST = NetworkSettings(timeout=1.0, retries=0)


@pytest.fixture
def index() -> Iterator[Index]:
    """An index that answers only who has the password."""

    def guard(handler: _Handler) -> bool:
        if handler.headers.get("Authorization") == BASIC:
            return False
        handler.wfile.write(b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n")
        return True

    with Index() as running:
        running.add_project("foo")
        running.misbehaviour["/simple/foo/"] = guard
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a netrc."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return tmp_path


def ask(index: Index, folder: Path, settings: NetworkSettings) -> Answer:
    question = Question(index.simple, "foo", f"{index.simple}foo/", None, ())
    with Client(settings, str(folder)) as client:
        ((_, answer),) = client.ask([Asking(question)])
    return answer


def with_login(index: Index) -> str:
    return index.simple.replace("://", f"://ada:{SECRET}@")


def written(folder: Path) -> bytes:
    """All that lies in a folder, names and contents."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return b"".join(os.fsencode(path) + path.read_bytes() for path in paths)


def test_without_a_login_the_refusal_is_told(index: Index, tmp_path: Path) -> None:
    answer = ask(index, tmp_path / "own", FAST)
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.CREDENTIALS
    assert len(index.exchanges) == 1


def test_the_login_in_the_url_of_the_index_is_sent_and_not_kept(index: Index, tmp_path: Path) -> None:
    answer = ask(index, tmp_path / "own", FAST._replace(index_urls=(with_login(index),)))
    assert isinstance(answer, FetchedPage)
    kept = written(tmp_path / "own")
    assert kept
    for secret in ("s3cret", "pass", BASIC.partition(" ")[2]):
        assert secret.encode() not in kept
    assert "s3cret" not in repr(answer)


def test_netrc_is_read_where_the_url_has_no_password(index: Index, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password s3cret/pass\n", encoding="utf-8")
    assert isinstance(ask(index, tmp_path / "own", FAST), FetchedPage)


def test_a_login_is_for_its_origin_alone(index: Index, tmp_path: Path) -> None:
    other = with_login(index).replace("/simple/", ":1/simple/").replace(index.root.rpartition(":")[2] + ":", "")
    answer = ask(index, tmp_path / "own", FAST._replace(index_urls=(other,)))
    assert isinstance(answer, Failed)
    assert [exchange.headers.get("authorization") for exchange in index.exchanges] == [None]


def test_a_redirect_takes_no_login_to_another_port(index: Index, tmp_path: Path) -> None:
    with Index() as other:
        target = f"{other.simple}foo/".encode()

        def lead_away(handler: _Handler) -> bool:
            handler.wfile.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + target + b"\r\n\r\n")
            return True

        index.misbehaviour["/simple/foo/"] = lead_away
        answer = ask(index, tmp_path / "own", FAST._replace(index_urls=(with_login(index),)))
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.REDIRECT
        assert index.exchanges[0].headers["authorization"] == BASIC
        assert other.connections == 0


def test_a_page_that_varies_on_the_login_is_not_kept(index: Index, tmp_path: Path) -> None:
    page = b'{"meta": {}, "name": "foo", "files": []}'

    def vary(handler: _Handler) -> bool:
        head = (
            f'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.pypi.simple.v1+json\r\nETag: "x"\r\n'
            f"Vary: Accept, Authorization\r\nContent-Length: {len(page)}\r\n\r\n"
        )
        handler.wfile.write(head.encode() + page)
        return True

    index.misbehaviour["/simple/foo/"] = vary
    assert isinstance(ask(index, tmp_path / "own", FAST._replace(index_urls=(with_login(index),))), FetchedPage)
    assert written(tmp_path / "own") == b""


def keyring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keyring's program that notes what it is asked, and knows one login."""
    program = folder / "bin" / "keyring"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(folder / 'asked')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        "print(json.dumps({'username': 'ada', 'password': 's3cret/pass'}))\n",
        encoding="utf-8",
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return folder / "asked"


@pytest.mark.skipif(sys.platform == "win32", reason="a script is a program")
def test_a_keyring_is_asked_only_where_pip_is_told_to(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = keyring(tmp_path, monkeypatch)
    settings = FAST._replace(index_urls=(index.simple,))
    for provider in (KeyringProvider.AUTO, KeyringProvider.DISABLED):
        assert isinstance(ask(index, tmp_path / "own", settings._replace(keyring=provider)), Failed)
    assert not asked.exists()
    settings = settings._replace(keyring=KeyringProvider.SUBPROCESS)
    assert isinstance(ask(index, tmp_path / "own", settings), FetchedPage)
    assert asked.read_text("utf-8") == f"--mode=creds --output=json get {index.simple}\n"


def test_a_keyring_that_is_not_there_is_no_error(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for provider in (KeyringProvider.SUBPROCESS, KeyringProvider.IMPORT):
        answer = ask(index, tmp_path / "own", FAST._replace(keyring=provider))
        assert isinstance(answer, Failed)
        assert answer.fault is Fault.CREDENTIALS


@pytest.mark.parametrize(
    ("indexes", "url", "login"),
    [
        (["https://a:b@x.example/simple"], "https://x.example/simple/foo/", ("a", "b")),
        (["https://a:b@x.example/simple"], "https://x.example:443/simple/foo/", ("a", "b")),
        (["https://a:b@x.example/simple"], "http://x.example/simple/foo/", None),
        (["https://a:b@x.example/simple"], "https://x.example.evil/simple/foo/", None),
        (["https://a:b@x.example/1/", "https://c:d@x.example/2/"], "https://x.example/2/foo/", ("c", "d")),
        (["https://token@x.example/simple"], "https://x.example/simple/foo/", ("token", "")),
        (["https://a:@x.example/simple"], "https://x.example/simple/foo/", ("a", "")),
        (["https://a:b@x.example:bad/"], "https://x.example/simple/foo/", None),
    ],
)
def test_whose_a_login_is(indexes: list[str], url: str, login: tuple[str, str] | None) -> None:
    assert Credentials(indexes, KeyringProvider.AUTO).login(url) == (None if login is None else Login(*login))


def test_a_login_does_not_show_itself() -> None:
    assert "s3cret" not in f"{Login('ada', 's3cret')} {[Login('ada', 's3cret')]}"


@pytest.mark.parametrize(
    "proxy",
    [
        "ada:s3cret@127.0.0.1:1",
        "htp://ada:s3cret@127.0.0.1:1",
        "http://ada:s3cret@[::1",
        "http://ada:s3cret@127.0.0.1:99999",
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    index: Index, tmp_path: Path, proxy: str
) -> None:
    question = Question(index.simple, "foo", f"{index.simple}foo/", None, ())
    with Client(NetworkSettings(timeout=2, proxy=proxy), str(tmp_path / "own")) as client:
        ((_, answer),) = client.ask([Asking(question)])
    assert isinstance(answer, Failed)
    assert answer.fault is Fault.UNREACHABLE
    assert "the proxy that is set" in answer.text
    assert "s3cret" not in answer.text
