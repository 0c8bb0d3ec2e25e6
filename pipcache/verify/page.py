"""Finds index pages that are cut, of another project, or put together from two downloads."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcache.index.page import Page, is_empty_listing, parse_page, quick_project, stated_project
from pipcache.index.page_format import PAGE_LIMIT, PageFormat, guess_format, stated_format
from pipcache.index.rows import MOST_ROWS, page_rows
from pipcache.index.standing import serial_in_ends
from pipcache.inventory.artifact import Artifact, Evidence
from pipcache.util.compression import BrokenStream, UndecodableBody
from pipcache.util.content_coding import codings, decode_body, decoded_pieces
from pipcache.util.filenames import normalise
from pipcache.util.files import Window
from pipcache.util.progress import Tick
from pipcache.util.untrusted import decode_json
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding

_START = 8 << 10
"""Decoded bytes that are kept of the beginning of a page."""

_END = 64 << 10
"""Decoded bytes that are kept of its end."""


_LARGE = MOST_ROWS * len("href=")
"""Bytes of a page that may have more rows than are read."""

_MANY_PARTS = MOST_ROWS


def _has_many_parts(pieces: Iterable[bytes]) -> bool:
    """Return whether there is more in a page that may begin a row than rows are read."""
    parts = (piece.count(b"{") + piece.count(b"<") + piece.lower().count(b"href") for piece in pieces)
    return sum(parts) > _MANY_PARTS


class _Ends(NamedTuple):
    """The first and the last decoded bytes of a page, and how many pieces may begin a row.

    Attributes:
        start: the first bytes.
        end: the last bytes.
        data: the whole page, cut at ``PAGE_LIMIT``; None where it is plain and was not read.
        is_large: whether it may have more rows than are read; left out where all of its JSON will be read.
    """

    start: bytes
    end: bytes
    data: bytes | None = None
    is_large: bool = False


def _read_ends(artifact: Artifact, window: Window, tick: Tick) -> _Ends:
    """Return the ends of a page.

    Raises:
        OSError: the window cannot be read.
        BrokenStream: it does not decode to its end.
        UndecodableBody: that cannot be tried.
    """
    if not codings(artifact.encoding) and _has_stated_length(artifact, window):
        # its length is right, so nothing is cut off and the ends are enough
        ends = _Ends(window.read(0, _START), window.read(max(0, window.length - _END), _END))
        may_be_large, pieces = window.length > _LARGE, window.chunks()
    else:
        kept: list[bytes] = []
        size, end = 0, b""
        for piece in decoded_pieces(window, artifact.encoding, tick):
            kept += [piece] if size < PAGE_LIMIT else []
            size += len(piece)
            end = (end + piece)[-_END:]
        data = b"".join(kept)
        ends = _Ends(data[:_START], end, data[:PAGE_LIMIT])
        may_be_large, pieces = size > _MANY_PARTS, iter(kept)
    is_parsed = guess_format(ends.start) is stated_format(artifact.content_type) is PageFormat.JSON
    return ends._replace(is_large=may_be_large and not is_parsed and _has_many_parts(pieces))


def page_findings(
    artifact: Artifact, window: Window, tick: Tick, *, was_whole: bool | None = None
) -> Iterator[Finding | str]:
    """Yield what is wrong with an index page, or as text why that cannot be said.

    HTML is parsed only where its ends do not show that it is whole, or where it may have more in it than is read.

    Args:
        artifact: the page.
        window: its bytes as they are stored.
        tick: called before each piece; what it raises goes through.
        was_whole: whether its rows were read whole before, so that its JSON parses; None where they were not read.

    Raises:
        OSError: the window cannot be read.
    """
    try:
        ends = _read_ends(artifact, window, tick)
    except BrokenStream as error:
        yield Finding(Check.PC105, "", f"a body in {artifact.encoding}", str(error))
        return
    except UndecodableBody as error:
        yield error.reason
        return
    if not ends.start:
        yield Finding(Check.PC301, "", "an index page", "nothing")
        return
    form = guess_format(ends.start)
    if form is PageFormat.HTML and (missing := _missing_end(artifact, ends, window)) is not None:
        yield Finding(Check.PC107, "", missing, repr(ends.end[-24:].decode("utf-8", "replace")))
        return
    stated = stated_project(ends.start)
    names = [stated] if stated is not None else quick_project(ends.start)
    if ends.is_large and (parsed := _parse(window, artifact, ends)) is not None and parsed.excess is not None:
        yield parsed.excess
        return
    requested = _requested_project(artifact)
    is_read = form is PageFormat.HTML
    if form is PageFormat.JSON:
        is_read = _is_read_whole(window, artifact, ends) if was_whole is None else was_whole
    if not is_read or not names or requested not in {None, *names}:
        page = _parse(window, artifact, ends)
        if page is None:
            if requested is None or not is_empty_listing(ends.start, artifact.content_type, requested):
                yield _not_a_page(form, ends, window, artifact)
            return
        if page.excess is not None:
            yield page.excess
            return
        project = stated or page.project
        if (
            requested is not None
            and project not in {None, requested}
            and (stated or not _may_be_of(requested, page))
        ):
            yield Finding(Check.PC302, "", requested, project or "")
    yield from _generation_findings(artifact, form, ends)


def _requested_project(artifact: Artifact) -> str | None:
    """Return the normalised project whose page was requested, as the key proves; None where it does not."""
    claims = (claim for claim in artifact.claims if claim.evidence is Evidence.KEY and claim.project)
    return next((normalise(claim.project) for claim in claims if claim.project), None)


def _parse(window: Window, artifact: Artifact, ends: _Ends) -> Page | None:
    """Return the decoded page; None where it is none."""
    data = _decoded(window, artifact, ends)
    return None if data is None else parse_page(data, artifact.content_type)


def _decoded(window: Window, artifact: Artifact, ends: _Ends) -> bytes | None:
    """Return the decoded bytes of a page, cut at ``PAGE_LIMIT``; None where there is no decoder."""
    if ends.data is not None:
        return ends.data
    try:
        return decode_body(window, artifact.encoding, PAGE_LIMIT)
    except UndecodableBody:
        return None


def _is_read_whole(window: Window, artifact: Artifact, ends: _Ends) -> bool:
    """Return whether a JSON page is read whole; pip fails where it does not parse (``index/collector.py``)."""
    data = _decoded(window, artifact, ends)
    rows = None if data is None else page_rows(data, artifact.content_type)
    return rows is not None and rows.excess is None


def _may_be_of(project: str, page: Page) -> bool:
    """Return whether a page that names no project may be about ``project``: by the names of all its files."""
    return bool(page.files) and all(normalise(file.filename).startswith(f"{project}-") for file in page.files)


_KEYS = (b'"meta"', b'"name"', b'"files"')
"""Keys of a page (PEP 691); a flipped bit spares two of them."""


def _not_a_page(form: PageFormat | None, ends: _Ends, window: Window, artifact: Artifact) -> Finding:
    """Return the finding of a body that does not parse as a page: a page that is broken, or something else."""
    is_begun = form is PageFormat.JSON and any(key in ends.start for key in _KEYS)
    if is_begun and _is_broken_json(window, artifact, ends):
        is_cut = not ends.end.rstrip().endswith(b"}")
        expected = "the end of a JSON document" if is_cut else "a JSON document"
        return Finding(Check.PC107, "", expected, repr(ends.end[-24:].decode("utf-8", "replace")))
    actual = "other bytes" if form is None else f"other {form.value.upper()}"
    return Finding(Check.PC301, "", "an index page", actual)


def _is_broken_json(window: Window, artifact: Artifact, ends: _Ends) -> bool:
    data = _decoded(window, artifact, ends)
    return data is not None and decode_json(data) is None


def _missing_end(artifact: Artifact, ends: _Ends, window: Window) -> str | None:
    """Return what is missing at the end of an HTML page; None for a whole page.

    ``</html>`` may be omitted where ``Content-Length`` or the content coding shows that the page is whole.
    """
    tail = ends.end[-4096:].lower()
    if tail.rfind(b"<") > tail.rfind(b">"):
        return "the end of a tag"
    if 0 <= tail.rfind(b"</a") < tail.rfind(b"<a "):
        return "</a>"
    has_html_tag = b"<html" in ends.start[:1024].lower()
    is_whole = _has_stated_length(artifact, window) or bool(codings(artifact.encoding))
    return "</html>" if has_html_tag and not is_whole and b"</html" not in tail else None


def _has_stated_length(artifact: Artifact, window: Window) -> bool:
    """Return whether the body is as long as ``Content-Length`` says."""
    return artifact.head is not None and artifact.head.stated_length == window.length


def _generation_findings(artifact: Artifact, form: PageFormat | None, ends: _Ends) -> Iterator[Finding]:
    """Yield a difference between ``X-PyPI-Last-Serial`` and the page's serial (warehouse ``api/simple.py``)."""
    stated = artifact.head.headers.get("x-pypi-last-serial", "") if artifact.head is not None else ""
    if form is None or not re.fullmatch(r"[0-9]{1,20}", stated):
        return
    serial = serial_in_ends(form, ends.start, ends.end)
    if serial is not None and serial != int(stated):
        yield Finding(Check.PC108, "x-pypi-last-serial", stated, str(serial))
