"""pip's own reader of heads, out of the wheels of several pips: one process for each, which reads many heads."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.support.pips import clean_environment, pip_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROGRAM = r"""
import base64, http.client, io, json, sys
sys.path.insert(0, sys.argv[1])
from pip._vendor import msgpack, requests
from pip._vendor.cachecontrol.cache import BaseCache, DictCache
from pip._vendor.cachecontrol.controller import CacheController
from pip._vendor.cachecontrol.serialize import Serializer
from pip._vendor.requests.adapters import HTTPAdapter
from pip._vendor.requests.compat import urljoin
from pip._vendor.urllib3 import HTTPResponse
from pip._internal.network.utils import raise_for_status, response_chunks

order = json.load(sys.stdin)
unbase = base64.b64decode

def request(headers):
    made = requests.PreparedRequest()
    made.prepare("GET", "https://files.example/x", headers=headers)
    return made

def write():
    response = HTTPResponse(
        io.BytesIO(b""), headers=order["headers"], status=order["status"], version=11, reason="OK",
        preload_content=False, decode_content=False,
    )
    return Serializer().dumps(request(order["sent"]), response, unbase(order["body"]))

if order["split"]:
    from pip._vendor.cachecontrol.cache import SeparateBodyBaseCache
    class Store(SeparateBodyBaseCache):
        def get(self, key):
            return self.head
        def get_body(self, key):
            return io.BytesIO(self.body)
        def set(self, key, value, expires=None):
            pass
        def set_body(self, key, body):
            pass
        def delete(self, key):
            pass
else:
    class Store(BaseCache):
        def get(self, key):
            return self.head
        def set(self, key, value, expires=None):
            pass
        def delete(self, key):
            pass

def sent_with(head):
    # what other clients send is no fault of a head: the values that it varies on are sent, where pip sends any
    sent = dict(order["sent"])
    try:
        varied = msgpack.loads(head[5:], raw=False)["vary"].items()
    except Exception:
        return sent
    names = {name.lower(): name for name in sent}
    for name, value in varied:
        if isinstance(name, str) and name.lower() in names and isinstance(value, str):
            sent[names[name.lower()]] = value
    return sent

def ask(controller, asked):
    # what urllib3 hands to http.client; the server answers that nothing has changed
    connection = http.client.HTTPConnection("files.example")
    connection.putrequest("GET", "/x")
    for name, value in controller.conditional_headers(asked).items():
        connection.putheader(name, value)
    date = {name: value for name, value in order["headers"].items() if name == "Date"}
    answer = HTTPResponse(io.BytesIO(b""), headers=date, status=304, preload_content=False)
    response = HTTPAdapter().build_response(asked, controller.update_cached_response(asked, answer))
    return "serves" if b"".join(response_chunks(response)) == unbase(order["body"]) else "serves other bytes"

def follow(session, response):
    target = session.get_redirect_target(response)
    if target is None:
        return False
    following = requests.PreparedRequest()
    following.prepare_url(urljoin(response.url, target), {})
    session.get_adapter(following.url)
    return True

def read(head, body):
    store = Store()
    store.head, store.body = head, body
    controller = CacheController(store)
    asked = request(sent_with(head))
    if not Serializer().loads(asked, head, *([io.BytesIO(body)] if order["split"] else [])):
        return "miss"
    cached = controller.cached_request(asked)
    served = ask(controller, asked) if order["page"] or not cached else None
    if not cached:
        return served
    session = requests.Session()
    response = HTTPAdapter().build_response(asked, cached)
    raise_for_status(response)
    if follow(session, response):
        return "follows"
    found = b"".join(response_chunks(response))
    return "serves" if found == unbase(order["body"]) else "serves other bytes"

def outcome(head, body):
    try:
        return read(head, body)
    except Exception as error:
        return "dies: " + type(error).__name__

if order["heads"] is None:
    print(base64.b64encode(write()).decode())
else:
    body = unbase(order["body"])
    print(json.dumps([outcome(unbase(head), body) for head in order["heads"]]))
"""


class Sample(NamedTuple):
    """A response that a pip stores.

    ``writer`` is the version of that pip, ``sent`` are the headers of the request; ``is_page``: pip asks the
    server about it each time.
    """

    writer: str
    headers: Mapping[str, str]
    sent: Mapping[str, str]
    body: bytes
    status: int = 200
    is_page: bool = False

    @property
    def is_split(self) -> bool:
        """Whether its writer keeps head and body apart, in `http-v2`."""
        return _number(self.writer) >= (23, 3)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def readers(versions: Sequence[str], sample: Sample) -> list[str]:
    """The pips that read the store in which a sample lies."""
    return [version for version in versions if (_number(version) >= (23, 3)) is sample.is_split]


def write_head(sample: Sample, home: Path) -> bytes:
    """The head of a sample as its writer writes it; in `http` with the body."""
    return base64.b64decode(_run(sample.writer, sample, None, home))


def read_heads(version: str, sample: Sample, heads: Sequence[bytes], home: Path) -> list[str]:
    """What a pip does with each of `heads` in the place of a sample's."""
    outcomes: list[str] = json.loads(_run(version, sample, heads, home))
    return outcomes


def _run(version: str, sample: Sample, heads: Sequence[bytes] | None, home: Path) -> str:
    order = {
        "headers": dict(sample.headers),
        "sent": dict(sample.sent),
        "status": sample.status,
        "page": sample.is_page,
        "split": sample.is_split,
        "body": base64.b64encode(b"" if heads is None and sample.is_split else sample.body).decode(),
        "heads": None if heads is None else [base64.b64encode(head).decode() for head in heads],
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(pip_program(version).parent)],
        input=json.dumps(order),
        env=clean_environment(home),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
