"""Index pages: JSON and HTML say the same, as pip and html.parser would read it, and hostile ones say less."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipcache.bodies import PageFormat
from pipcache.keys import http_key
from pipcache.pages import Page, PageFile, absolute_urls, parse_page, quick_project

laws = settings(deadline=None, derandomize=True)

REPOSITORY = Path(__file__).parent.parent
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

# Pages from one list of files

VERSIONS = st.sampled_from(["1.0", "2!1.0", "1.0+local.1", "1.0rc1", "2004d", "1.0-1"])
FILENAMES = st.builds(
    "{}-{}{}".format,
    st.sampled_from(["foo", "Foo.Bar", "foo_bar", "zope.interface", "名前"]),
    VERSIONS,
    st.sampled_from([".tar.gz", ".zip", ".tar.bz2", "-py3-none-any.whl", "-cp311-cp311-linux_x86_64.whl"]),
)
TEXT = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" <>&\"'="), min_size=1, max_size=15)
# ends are not part of it: nobody promises to keep blanks there
LINES = TEXT.map(str.strip).filter(bool)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def page_files(draw: st.DrawFn) -> PageFile:
    """A file with everything both forms of a page can say of it."""
    filename = draw(FILENAMES)
    start = draw(st.sampled_from(["https://files.example/packages/", "../../packages/", "/packages/", ""]))
    digest = draw(st.none() | HEX)
    metadata = draw(st.none() | st.just("") | HEX)
    return PageFile(
        filename,
        start + quote(filename, safe=draw(st.sampled_from(["", "!+~"]))),
        (("sha256", digest),) if digest else (),
        None,  # HTML cannot tell a size
        draw(st.none() | st.just("2024-03-05T10:20:30.123456Z")),
        draw(st.booleans() | LINES),
        None if metadata is None else (("sha256", metadata),) if metadata else (),
        draw(st.none() | st.sampled_from([">=3.9", "<4,>=3.11", "!=3.0.*"])),
    )


def as_json(project: str, files: list[PageFile], *, old: bool = False) -> bytes:
    """A page of the JSON API; `old` uses the name metadata had before PEP 714."""
    rows = []
    for file in files:
        row: dict[str, object] = {"filename": file.filename, "url": file.url, "hashes": dict(file.hashes)}
        if file.upload_time is not None:
            row["upload-time"] = file.upload_time
        if file.yanked is not False:
            row["yanked"] = file.yanked
        if file.core_metadata is not None:
            row["dist-info-metadata" if old else "core-metadata"] = dict(file.core_metadata) or True
        if file.requires_python is not None:
            row["requires-python"] = file.requires_python
        rows.append(row)
    return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": rows}).encode()


def attributes_of(file: PageFile, *, old: bool = False) -> dict[str, str]:
    """What an anchor says of a file."""
    attributes = {"href": file.url + "".join(f"#{name}={digest}" for name, digest in file.hashes)}
    if file.upload_time is not None:
        attributes["data-upload-time"] = file.upload_time
    if file.yanked is not False:
        attributes["data-yanked"] = "" if file.yanked is True else file.yanked
    if file.core_metadata is not None:
        told = "".join(f"{name}={digest}" for name, digest in file.core_metadata) or "true"
        attributes["data-dist-info-metadata" if old else "data-core-metadata"] = told
    if file.requires_python is not None:
        attributes["data-requires-python"] = file.requires_python
    return attributes


class Style:
    """How a server writes anchors: drawn anew for each part of them."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def pick(self, *choices: str) -> str:
        return self._draw(st.sampled_from(choices))

    def value(self, text: str) -> str:
        """An attribute's value between quotes; only what must be is escaped, the rest may be."""
        quoting = self.pick('"', "'")
        escaped = "".join(
            self.pick(html.escape(character), f"&#{ord(character)};", f"&#x{ord(character):X};")
            if character in f"&{quoting}" or (character in "<>\"'" and self._draw(st.booleans()))
            else character
            for character in text
        )
        return quoting + escaped + quoting

    def anchor(self, attributes: dict[str, str], text: str) -> str:
        blank = self.pick(" ", "\n", "\t  ")
        names = self._draw(st.permutations(list(attributes)))
        pairs = [
            self.pick(str, str.upper)(name) + self.pick("=", " = ", "= ") + self.value(attributes[name])
            if isinstance(self.pick, type(None))
            else f"{name.upper() if self._draw(st.booleans()) else name}"
            f"{self.pick('=', ' = ', '= ')}{self.value(attributes[name])}"
            for name in names
        ]
        return f"<{self.pick('a', 'A')}{blank}{blank.join(pairs)}{self.pick('', ' ')}>{html.escape(text)}</a>"
