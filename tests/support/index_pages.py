"""Index pages written from rows: as JSON and as HTML, with the serial and the status that PyPI's have."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipcache.index.rows import PageFile

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"


def json_page(
    project: str,
    files: Iterable[PageFile],
    *,
    serial: int | str | None = None,
    status: str | None = None,
    reason: str | None = None,
) -> bytes:
    """A page as warehouse writes it in JSON; `serial` stands in it as it is given, as a number or as text."""
    meta: dict[str, object] = {"api-version": "1.4"}
    if serial is not None:
        meta["_last-serial"] = serial
    rows = [
        {"filename": file.filename, "url": file.url, "hashes": dict(file.hashes), "yanked": file.yanked}
        for file in files
    ]
    document: dict[str, object] = {"meta": meta, "name": project, "files": rows}
    if status is not None:
        document["project-status"] = {"status": status} | ({"reason": reason} if reason else {})
    return json.dumps(document).encode()


def html_page(
    project: str,
    files: Iterable[PageFile],
    *,
    serial: int | str | None = None,
    status: str | None = None,
    reason: str | None = None,
) -> bytes:
    """The same page as warehouse writes it in HTML."""
    lines = ["<!DOCTYPE html>", "<html>", "<head>", '<meta name="pypi:repository-version" content="1.4">']
    if status is not None:
        lines.append(f'<meta name="pypi:project-status" content="{html.escape(status)}">')
    if reason is not None:
        lines.append(f'<meta name="pypi:project-status-reason" content="{html.escape(reason)}">')
    lines += [f"<title>Links for {project}</title>", "</head>", "<body>", f"<h1>Links for {project}</h1>"]
    for file in files:
        fragment = "".join(f"#{name}={digest}" for name, digest in file.hashes)
        yanked = "" if file.yanked is True else html.escape(file.yanked or "")
        attribute = "" if file.yanked is False else f' data-yanked="{yanked}"'
        lines.append(
            f'<a href="{html.escape(file.url)}{fragment}"{attribute}>{html.escape(file.filename)}</a><br />'
        )
    lines += ["</body>", "</html>"]
    if serial is not None:
        lines.append(f"<!--SERIAL {serial}-->")
    return "\n".join(lines).encode()
