"""Heads: what cachecontrol wrote is read back, and no bytes whatever do more than be refused."""

from __future__ import annotations

import itertools
import pickle
import random
from typing import TYPE_CHECKING

import msgpack
import pytest
from cachecontrol.serialize import Serializer
from hypothesis import example, given, settings, strategies as st
from requests import PreparedRequest

from pipcache.store.cachecontrol import Frame, Head, MalformedResponse, decode_head, read_inline
from pipcache.util.files import Window
from tests.support import caches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

laws = settings(deadline=None, derandomize=True)

TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1, max_size=20)
# http.client decodes headers as latin-1, and ends them at a line's end
VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
HEADERS = st.dictionaries(TOKENS, VALUES, max_size=12)


def inline(data: bytes) -> Head:
    """What a file of `http` with these bytes is read as."""
    with caches.window(data) as window:
        return read_inline(window)


def pack(document: object) -> bytes:
    packed: bytes = msgpack.packb(document, use_bin_type=True)
    return b"cc=4," + packed


def response(body: bytes = b"", **others: object) -> dict[str, object]:
    return {"body": body, "headers": {"Date": "now"}, "status": 200, "reason": "OK", **others}


# What cachecontrol writes


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@laws
@given(HEADERS, st.integers(100, 599), st.text(max_size=10), st.binary(max_size=100_000))
def test_what_cachecontrol_wrote_is_read_back(
    headers: dict[str, str], status: int, reason: str, body: bytes
) -> None:
    headers.pop("vary", None)
    split = caches.serialize(b"", headers=headers, status=status, reason=reason)
    assert decode_head(split) == Head(status, reason, lowered(headers), {}, None)
    joint = caches.serialize(body, headers=headers, status=status, reason=reason)
    head = inline(joint)
    assert head._replace(body=None) == decode_head(split)
    assert head.body is not None
    offset, length = head.body
    assert joint[offset : offset + length] == body


@laws
@given(st.lists(TOKENS, unique_by=str.lower, max_size=5), st.data())
def test_the_request_headers_a_response_varies_on_are_read_back(names: list[str], data: st.DataObject) -> None:
    sent = {name: data.draw(st.none() | st.text("abc =;/", min_size=1)) for name in names}
    stored = caches.serialize(
        b"body",
        headers={"Vary": ", ".join(names)},
        request_headers={name: value.strip() for name, value in sent.items() if value is not None},
    )
    expected = {name: value if value is None else value.strip() for name, value in sent.items()}
    # cachecontrol splits an empty Vary into one empty name
    assert inline(stored).vary == (expected or {"": None})


def test_a_download_that_pip_put_together_is_recognised() -> None:
    stored = caches.serialize(b"", headers={"content-length": "10"}, reason="None")
    assert decode_head(stored).was_resumed
    # pip makes up a request without headers for it
    assert decode_head(caches.serialize(b"", reason="None", headers={"Vary": "Accept"})).was_resumed
    sent = {"Accept": "text/html"}
    varied = caches.serialize(b"", reason="None", headers={"Vary": "Accept"}, request_headers=sent)
    assert not decode_head(varied).was_resumed
    assert not decode_head(caches.serialize(b"")).was_resumed


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_535, 65_536, 200_000])
def test_a_body_of_any_size_is_found(size: int) -> None:
    body = random.Random(size).randbytes(size)
    stored = caches.serialize(body)
    head = inline(stored)
    assert head.body is not None
    assert stored[head.body[0] :][: head.body[1]] == body
    assert head.status == 200
    assert "cache-control" in head.headers


def test_headers_before_the_body_may_be_longer_than_the_first_read() -> None:
    headers = {f"X-Long-{number}": "x" * 10_000 for number in range(10)}
    stored = caches.serialize(b"the body", headers=headers)
    fields = msgpack.unpackb(stored[5:])["response"]
    for order in (fields, dict(reversed(fields.items()))):
        data = pack({"response": order, "vary": {}})
        head = inline(data)
        assert head.body is not None
        assert data[head.body[0] :][: head.body[1]] == b"the body"
        assert head.headers == lowered(headers)


# What older writers wrote

ORDERS = list(itertools.permutations(["body", "headers", "status", "reason"]))


@pytest.mark.parametrize("vary_first", [False, True])
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_the_order_of_the_map_does_not_matter(order: tuple[str, ...], *, vary_first: bool) -> None:
    fields = response(b"wire bytes" * 10_000)
    document: dict[str, object] = {"response": {name: fields[name] for name in order}}
    vary = {"vary": {"Accept": "text/html"}}
    document = vary | document if vary_first else document | vary
    data = pack(document)
    head = inline(data)
    assert head.body is not None
    assert data[head.body[0] :][: head.body[1]] == b"wire bytes" * 10_000
    assert head._replace(body=None) == Head(200, "OK", {"date": "now"}, {"Accept": "text/html"}, None)


@laws
@given(st.data())
def test_names_that_python_2_wrote_as_bytes_are_text(data: st.DataObject) -> None:
    def maybe_bytes(text: str) -> str | bytes:
        return text.encode() if data.draw(st.booleans()) else text

    fields = response(b"wire bytes")
    headers = {maybe_bytes("ETag"): '"1"'}
    vary = {maybe_bytes("Accept"): "text/html", maybe_bytes("Cookie"): None}
    fields = {**fields, "headers": headers, "reason": maybe_bytes("OK"), "strict": 0, "version": 11}
    # the names of the outer maps were text to every cachecontrol that wrote cc=4
    stored = pack({"response": fields, "vary": vary})
    head = inline(stored)
    assert (head.headers, head.vary) == ({"etag": '"1"'}, {"Accept": "text/html", "Cookie": None})
    assert head.reason == "OK"
    assert head.body is not None
    assert stored[head.body[0] :][: head.body[1]] == b"wire bytes"


@pytest.mark.parametrize("raw", [b"caf\xe9", b"\xff\xfe", b"\xed\xa0\x80"])
def test_a_text_that_is_no_utf_8_is_refused_as_by_pip(raw: bytes) -> None:
    value = msgpack.packb(raw, use_bin_type=False)
    data = pack({"response": response(headers={"x": "?"})}).replace(b"\xa1?", value)
    with pytest.raises(MalformedResponse, match="does not decode"):
        decode_head(data)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [(None, {}), ({}, {}), ([], {}), ([["Date", "now"]], {"date": "now"}), (["ab"], {"a": "b"})],
)
def test_headers_are_read_from_all_that_pip_takes_for_a_map(headers: object, expected: dict[str, str]) -> None:
    assert decode_head(pack({"response": response(headers=headers)})).headers == expected


def test_fields_that_pip_does_without_may_be_missing() -> None:
    head = decode_head(pack({"response": {"body": None, "headers": {}}}))
    assert (head.status, head.reason, head.vary) == (0, "", {})


def test_a_field_that_only_some_pips_know_is_told() -> None:
    assert decode_head(pack({"response": response(version_string="HTTP/1.1")})).doubts
    with pytest.raises(MalformedResponse, match="version_string"):
        inline(pack({"response": response(version_string="HTTP/1.1")}))


def test_a_second_body_is_not_passed_over() -> None:
    stored = pack({"response": response(b"good"), "vary": {}})
    second = b"\xa4body\xc4\x04evil"
    two = stored.replace(b"\xa8response\x84", b"\xa8response\x85").replace(b"\xa4vary", second + b"\xa4vary")
    with pytest.raises(MalformedResponse, match="two fields of the same name"):
        inline(two)


OLD = {
    b"cc=0,": "before cachecontrol 0.10",
    b"cc=1,": "pip 6.0-6.0.6 as a pickle",
    b"cc=2,": "pip 6.0.7-9",
    b"cc=3,": "between pip 9 and 10",
}


def read_split(data: bytes) -> Head:
    return decode_head(data)


READERS = pytest.mark.parametrize("read", [read_split, inline], ids=["http-v2", "http"])


@READERS
@pytest.mark.parametrize("frame", OLD)
def test_serialisations_of_old_pips_are_named(read: Callable[[bytes], Head], frame: bytes) -> None:
    for payload in (b"", b"\x80", b"anything"):
        with pytest.raises(MalformedResponse, match=OLD[frame]) as caught:
            read(frame + payload)
        assert caught.value.frame is Frame.OLD


@READERS
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"cc=5,\x80", "no pip is known to write"),
        (b"cc=44,\x80", "no pip is known to write"),
        (b"cc=", "no pip is known to write"),
        (b"cc", "not a response cachecontrol stored"),
        (b"<!DOCTYPE html>", "not a response cachecontrol stored"),
        (b"\x00" * 1000, "not a response cachecontrol stored"),
        (b"cc=4,", "cut short|does not decode"),
        (b"cc=4,\x80", "no 'response'|no 'body'"),
        (b"cc=4,\x01", "not a map"),
        (b"cc=4,\x90", "not a map"),
        (b"cc=4,\xc0", "not a map"),
        (pack({"response": None}), "."),
        (pack({"response": {}}), "no 'body'"),
        (pack({"response": {"headers": {}, "status": 200}}), "no 'body'"),
        (pack({"response": {"body": b"", "status": 200}}), "no headers"),
        (pack({"response": response(headers=["ab", "c"])}), "headers that are no map"),
        (pack({"response": response(headers={"a": None})}), "a header that is no text"),
        (pack({"response": response(headers={"a": b"b"})}), "a header that is no text"),
        (pack({"response": response(headers={"Content-Length": "1, 2"})}), "several lengths"),
        (pack({"response": response(status="200")}), "a status that is no number"),
        (pack({"response": response(status=None)}), "a status that is no number"),
        (pack({"response": response(strange=1)}), "a field 'strange'"),
        (pack({"response": response(), "vary": None}), "no map of request headers"),
        (pack({"response": response(), "vary": {"Accept": 1}}), "varies on what is no text"),
        (pack({"response": response(), "vary": {}}).replace(b"cc=4", b"cc=5"), "its number is not that"),
        (pack({"response": response(), "vary": {}}).replace(b"cc=4", b"cc=0"), "its number is not that"),
        (pack({"response": response(), "vary": {}}) + b"\x00", "does not decode"),
        (b"cc=4,\x81\x01\x80", "."),  # a number for a name
        (b"cc=4,\xdf\xff\xff\xff\xff", "."),  # four thousand million pairs
        (b"cc=4,\x81\xa8response\xdf\xff\xff\xff\xff", "."),
        (b"cc=4,\x81\xdb\xff\xff\xff\xff", "."),  # a name of four gigabytes
        (b"cc=4,\x81\xa8response\x81\xa7headers\xdd\xff\xff\xff\xff", "."),
        (b"cc=4,\x81\xa8response\x81\xa7headers\xc9\xff\xff\xff\xff\x05", "."),
        (b"cc=4,\x81\xa1x" + b"\x91" * 100_000, "."),
        (b"cc=4," + b"\x81\xa1x" * 100_000, "."),
        (b"cc=4,\x81\xa8response\x81\xa7headers\xc1", "."),  # never used by msgpack
    ],
)
def test_other_bytes_are_refused_for_what_they_are(
    read: Callable[[bytes], Head], data: bytes, reason: str
) -> None:
    with pytest.raises(MalformedResponse, match=reason) as caught:
        read(data)
    assert caught.value.frame is not Frame.OLD


@READERS
@pytest.mark.parametrize("depth", [100, 500, 900, 1000, 1020, 2000, 100_000])
@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1x"], ids=["lists", "maps"])
def test_nesting_of_any_depth_is_read_or_refused(
    read: Callable[[bytes], Head], opening: bytes, depth: int
) -> None:
    nested = opening * depth + b"\xc0"
    data = b"cc=4,\x81\xa8response\x83\xa6reason" + nested + b"\xa7headers\x80\xa4body\xc4\x00"
    try:
        assert len(read(data).reason) <= 200
    except MalformedResponse as error:
        assert "does not decode" in error.reason  # noqa: PT017 - either answer is right, but no other error


@pytest.mark.parametrize("stated", [0, 3, 5, 70_000, 2**31, 2**32 - 1])
def test_a_body_that_lies_about_its_length_is_refused(stated: int) -> None:
    """Too long reaches beyond the file, too short leaves bytes that are no msgpack."""
    honest = pack({"response": response(b"\xc1body"), "vary": {}})
    place = honest.index(b"\xc4\x05\xc1body")
    lying = honest[:place] + b"\xc6" + stated.to_bytes(4, "big") + honest[place + 2 :]
    if stated == 5:
        assert inline(lying).body == (place + 5, 5)
        return
    with pytest.raises(MalformedResponse, match=r"cut short inside its body|does not decode"):
        inline(lying)


@laws
@given(st.integers(0, 1 << 40), st.binary(max_size=200))
def test_an_entry_that_is_cut_anywhere_is_refused(place: int, body: bytes) -> None:
    for stored in (caches.serialize(body), pack({"vary": {}, "response": response(body)})):
        with pytest.raises(MalformedResponse):
            inline(stored[: place % len(stored)])


# What anybody may have written

VALUES_OF_MSGPACK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.binary()
    | st.text()
    | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=10)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["response", "headers", "status", "body", "vary"]) | st.binary() | st.text(),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@laws
@given(st.binary(max_size=300), st.sampled_from([b"", b"cc=4,", b"cc=4,\x82\xa8response\x86\xa4body"]))
@example(b"\xc7\x03\xffabc", b"cc=4,\x81\xa8response\x82\xa6status\x01\xa7headers\x81\xa1x")  # a wrong timestamp
@example(b"\xd7\xff" + b"\xff" * 8, b"cc=4,\x81\xa8response\x82\xa6status\x01\xa7headers\x81\xa1x")
def test_any_bytes_are_read_or_refused(payload: bytes, start: bytes) -> None:
    read_or_refuse(start + payload)


@laws
@given(st.dictionaries(st.sampled_from(["response", "vary"]), VALUES_OF_MSGPACK))
def test_any_msgpack_is_read_or_refused(document: object) -> None:
    read_or_refuse(pack(document))


@laws
@given(st.integers(0, 1 << 40), st.integers(1, 255), st.binary(max_size=50))
def test_a_head_with_one_wrong_byte_is_read_or_refused(place: int, mask: int, body: bytes) -> None:
    data = bytearray(caches.serialize(body))
    data[place % len(data)] ^= mask
    read_or_refuse(bytes(data))


def read_or_refuse(data: bytes) -> None:
    """Read bytes in both ways; what is read has the types it should have."""
    for read in (read_split, inline):
        try:
            head = read(data)
        except MalformedResponse as error:
            assert error.reason  # noqa: PT017 - either answer is right, but no other error
            continue
        assert type(head.status) is int
        assert {type(text) for text in (head.reason, *head.headers, *head.headers.values(), *head.vary)} == {str}
        assert {type(value) for value in head.vary.values()} <= {str, type(None)}
        if head.body is not None:
            offset, length = head.body
            assert 5 < offset <= offset + length <= len(data)


# Laws of the reader itself


class Bomb:
    """An object whose unpickling writes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (self.path, "w")


@READERS
@pytest.mark.parametrize("frame", [b"", b"cc=0,", b"cc=1,", b"cc=2,", b"cc=3,", b"cc=4,", b"cc=5,"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_is_ever_unpickled(
    tmp_path: Path, read: Callable[[bytes], Head], frame: bytes, protocol: int
) -> None:
    trap = tmp_path / "trap"
    payload = pickle.dumps(Bomb(str(trap)), protocol)
    with pytest.raises(MalformedResponse):
        read(frame + payload)
    assert not trap.exists()
    pickle.loads(payload).close()
    assert trap.exists()  # it would have gone off


class CountingWindow(Window):
    """A window that counts the bytes it was read for."""

    __slots__ = ("read_bytes",)

    def __init__(self, descriptor: int, start: int, length: int, *, owned: bool = True) -> None:
        super().__init__(descriptor, start, length, owned=owned)
        self.read_bytes = 0

    def read(self, offset: int, size: int) -> bytes:
        data = super().read(offset, size)
        self.read_bytes += len(data)
        return data


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_a_body_is_stepped_over_not_read(tmp_path: Path, order: tuple[str, ...]) -> None:
    size = 200_000_000
    fields = response()
    document = pack({"response": {name: fields[name] for name in order}, "vary": {}})
    place = document.index(b"\xc4\x00", document.index(b"body"))
    path = tmp_path / "entry"
    path.write_bytes(document[:place] + b"\xc6" + size.to_bytes(4, "big"))
    caches.grow(path, place + 5 + size)
    with path.open("ab") as file:
        file.write(document[place + 2 :])
    with path.open("rb") as file:
        window = CountingWindow(file.fileno(), 0, path.stat().st_size, owned=False)
        head = read_inline(window)
        assert head.body == (place + 5, size)
        assert head.status == 200
        assert window.read_bytes < 100_000


def test_cachecontrol_itself_reads_what_this_file_tests_with() -> None:
    request = PreparedRequest()
    request.prepare("GET", "https://index.example/")
    stored = caches.serialize(b"wire bytes", headers={"ETag": '"1"', "Vary": "Accept"})
    answer = Serializer().loads(request, stored)
    assert answer is not None
    assert (answer.status, answer.headers["etag"], answer.read()) == (200, '"1"', b"wire bytes")
