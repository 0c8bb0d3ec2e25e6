"""Pages of a package index, from records to bytes: HTML (PEP 503) and JSON (PEP 691, 700).

Equal records give equal bytes, whatever their order. The digest of a ``.metadata`` file (PEP 658) stands in
HTML as ``data-core-metadata`` alone (PEP 714), which pip reads since 23.2: pip 22.3 to 23.1, which read
``data-dist-info-metadata``, refuse a file whose METADATA spell the name of the project other than the requirement
does (``operations/prepare.py``). In JSON it is ``core-metadata``, and ``data-dist-info-metadata`` as on PyPI;
``dist-info-metadata`` is never written, for the same pips end with a traceback at the digests in it.
"""

import json
import re
from collections.abc import Iterable
from enum import StrEnum
from html import escape as escape_html
from typing import NamedTuple
from urllib.parse import quote

from pipcache.locks.writer import MOMENT
from pipcache.util.requirements import python_specifiers
from pipcache.util.untrusted import escape
from pipcache.util.versions import parse_version

HTML_TYPE = "application/vnd.pypi.simple.v1+html"

JSON_TYPE = "application/vnd.pypi.simple.v1+json"

GENERATOR = "pipcache"
"""The value of ``_generator`` in the ``meta`` of JSON pages, by which they are recognised."""


class Mark(StrEnum):
    """What is special about a file: it is not as an index published it, or nobody vouches for that."""

    BUILT = "built"  # pip built it here
    UNVERIFIED = "unverified"  # it is whole, and nothing outside its bytes vouches for them


class IndexFile(NamedTuple):
    """A file as a page of an index lists it.

    Attributes:
        filename: its name.
        url: where it is, as the page is to have it: quoted, without a fragment.
        version: its version, as its name has it.
        sha256: hex digest of its bytes.
        size: in bytes.
        requires_python: its Requires-Python; what cannot be read is not written.
        upload_time: when it was uploaded, in UTC (PEP 700); None where that is not known.
        yanked: the reason, or True without one (PEP 592).
        metadata_sha256: hex digest of its ``.metadata`` file (PEP 658); None without one.
        mark: what is special about it.
    """

    filename: str
    url: str
    version: str
    sha256: str
    size: int
    requires_python: str | None = None
    upload_time: str | None = None
    yanked: str | bool = False
    metadata_sha256: str | None = None
    mark: Mark | None = None


class Status(NamedTuple):
    """The status of a project (PEP 792), and why it has it."""

    status: str
    reason: str


def quote_name(filename: str) -> str:
    """Return a file name as a part of a URL; ``+`` of local versions is quoted too."""
    return quote(filename, safe="")


def project_json(project: str, files: Iterable[IndexFile], status: Status | None = None) -> bytes:
    """Return the page of a project in JSON.

    Args:
        project: its normalised name.
        files: its files.
        status: its status; None for a usual one.
    """
    ordered = _ordered(files)
    document: dict[str, object] = {"meta": _meta("1.4" if status is not None else "1.1"), "name": project}
    if status is not None:
        document["project-status"] = {"status": status.status, "reason": escape(status.reason)}
    document["versions"] = list(dict.fromkeys(_spelled(file.version) for file in ordered))
    document["files"] = [_json_file(file) for file in ordered]
    return _dumped(document)


def _json_file(file: IndexFile) -> dict[str, object]:
    metadata = False if file.metadata_sha256 is None else {"sha256": file.metadata_sha256}
    row: dict[str, object] = {
        "filename": file.filename,
        "url": file.url,
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "requires-python": _requires_python(file),
        "yanked": _reason(file) or file.yanked is not False,
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
    }
    if file.upload_time is not None and re.fullmatch(MOMENT, file.upload_time):
        row["upload-time"] = file.upload_time
    if file.mark is not None:
        row["_mark"] = file.mark.value  # keys that begin with _ are the index's own (PEP 691)
    return row


def root_json(projects: Iterable[str]) -> bytes:
    """Return the page that lists all projects, by their normalised names, in JSON."""
    return _dumped({"meta": _meta("1.1"), "projects": [{"name": project} for project in sorted(set(projects))]})


def _meta(version: str) -> dict[str, str]:
    return {"api-version": version, "_generator": GENERATOR}


def _dumped(document: object) -> bytes:
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def project_html(project: str, files: Iterable[IndexFile], status: Status | None = None) -> bytes:
    """Return the page of a project in HTML; it has no upload times, for which there is no attribute.

    Args:
        project: its normalised name.
        files: its files.
        status: its status; None for a usual one.
    """
    title = f"Links for {project}"
    head = []
    if status is not None:
        head = [
            f'<meta name="pypi:project-status" content="{_attribute(status.status)}">',
            f'<meta name="pypi:project-status-reason" content="{_attribute(status.reason)}">',
        ]
    version = "1.4" if status is not None else "1.1"
    return _page(title, version, head, map(_anchor, _ordered(files)))


def root_html(projects: Iterable[str]) -> bytes:
    """Return the page that lists all projects, by their normalised names, in HTML."""
    anchors = (
        f'<a href="{_attribute(quote_name(project))}/">{_attribute(project)}</a>'
        for project in sorted(set(projects))
    )
    return _page("Simple index", "1.1", [], anchors)


def _page(title: str, version: str, head: Iterable[str], anchors: Iterable[str]) -> bytes:
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta name="pypi:repository-version" content="{version}">',
        *head,
        f"<title>{_attribute(title)}</title>",
        "</head>",
        "<body>",
        f"<h1>{_attribute(title)}</h1>",
        *(f"{anchor}<br>" for anchor in anchors),
        "</body>",
        "</html>",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _anchor(file: IndexFile) -> str:
    values = {"href": f"{file.url}#sha256={file.sha256}"}
    if (requires_python := _requires_python(file)) is not None:
        values["data-requires-python"] = requires_python
    if file.yanked is not False:
        values["data-yanked"] = _reason(file)
    if file.metadata_sha256 is not None:
        values["data-core-metadata"] = f"sha256={file.metadata_sha256}"
    if file.mark is not None:
        values["data-mark"] = file.mark.value
    attributes = " ".join(f'{name}="{_attribute(value)}"' for name, value in values.items())
    return f"<a {attributes}>{_attribute(file.filename)}</a>"


def _attribute(text: str) -> str:
    return escape_html(escape(text))


def _requires_python(file: IndexFile) -> str | None:
    return str(python_specifiers(file.requires_python)) or None


def _reason(file: IndexFile) -> str:
    """Return why a file was yanked, as a page can have it; empty without a reason."""
    return escape(file.yanked)[:_LONGEST_REASON] if isinstance(file.yanked, str) else ""


_LONGEST_REASON = 1000


def _spelled(version: str) -> str:
    """Return a version as PEP 440 spells it; file names have ``_`` for ``+`` or ``-`` (PEP 427)."""
    parsed = parse_version(version.replace("_", "+", 1)) or parse_version(version.replace("_", "-"))
    return version if parsed is None else str(parsed)


def _ordered(files: Iterable[IndexFile]) -> list[IndexFile]:
    """Return files by version, oldest first, and by name."""

    def age(file: IndexFile) -> tuple[bool, object, str]:
        parsed = parse_version(_spelled(file.version))
        return (False, file.version, file.filename) if parsed is None else (True, parsed, file.filename)

    return sorted(files, key=age)


def json_mark(row: object) -> Mark | None:
    """Return the mark of a file in a page of ours in JSON, which has it as ``_mark``; None without one."""
    value = row.get("_mark") if isinstance(row, dict) else None
    return Mark(value) if value in set(Mark) else None
