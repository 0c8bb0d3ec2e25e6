"""Whether an index page is whole, and written by one generation of pip."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcache.index.page import Page, parse_page, quick_project, stated_project
from pipcache.index.rows import PAGE_LIMIT, PageFormat, guess_format
from pipcache.inventory.artifact import Artifact, Evidence
from pipcache.util.compression import BrokenStream, UndecodableBody, codings, decode_body, decoded_pieces
from pipcache.util.filenames import normalise
from pipcache.util.files import Window
from pipcache.util.progress import Tick
from pipcache.verify.checks import Check
from pipcache.verify.verdict import Finding

_START = 8 << 10

_END = 64 << 10


class _Ends(NamedTuple):
    """The first and the last decoded bytes of a page; ``depth`` is how many more braces it opens than closes."""

    start: bytes
    end: bytes
    depth: int = 0


def _read_ends(pieces: Iterable[bytes]) -> _Ends:
    start = end = b""
    depth = 0
    for piece in pieces:
        if len(start) < _START:
            start += piece[: _START - len(start)]
        end = (end + piece)[-_END:]
        depth += piece.count(b"{") - piece.count(b"}")
    return _Ends(start, end, depth)


def page_findings(artifact: Artifact, window: Window, tick: Tick) -> Iterator[Finding]:
    """Yield what is wrong with an index page; the page is parsed only where its ends do not settle it.

    Args:
        artifact: the page.
        window: its bytes as they are stored.
        tick: called before each piece; what it raises goes through.

    Raises:
        OSError: the window cannot be read.
    """
    encoding = artifact.encoding
    try:
        if not codings(encoding) and _came_whole(artifact, window):
            # it is as long as was promised, so the bytes between the ends cannot show a cut
            ends = _Ends(window.read(0, _START), window.read(max(0, window.length - _END), _END))
        else:
            ends = _read_ends(decoded_pieces(window, encoding, tick))
    except BrokenStream as error:
        yield Finding(Check.PC105, "", f"a body in {encoding}", str(error))
        return
    except UndecodableBody:
        return  # no decoder for it here
    if not ends.start:
        yield Finding(Check.PC301, "", "an index page", "nothing")
        return
    form = guess_format(ends.start)
    if form is PageFormat.HTML and (missing := _missing_end(artifact, ends, window)) is not None:
        yield Finding(Check.PC107, "", missing, repr(ends.end[-24:].decode("utf-8", "replace")))
        return
    stated = stated_project(ends.start)
    names = [stated] if stated is not None else quick_project(ends.start)
    asked = _asked(artifact)
    if form is None or not _looks_whole(form, ends) or not names or asked not in {None, *names}:
        page = _parsed(window, encoding)
        if page is None:
            yield _not_a_page(form, ends)
            return
        project = stated or page.project
        if asked is not None and project not in {None, asked} and (stated or not _is_of(asked, page)):
            yield Finding(Check.PC302, "", asked, project or "")
    yield from _generation(artifact, form, ends)


def _asked(artifact: Artifact) -> str | None:
    """Return the project whose page was requested, proved by the key; None when that is not known."""
    claims = (claim for claim in artifact.claims if claim.evidence is Evidence.KEY and claim.project)
    return next((normalise(claim.project) for claim in claims if claim.project), None)


def _parsed(window: Window, encoding: str | None) -> Page | None:
    try:
        return parse_page(decode_body(window, encoding, PAGE_LIMIT))
    except UndecodableBody:
        return None


def _looks_whole(form: PageFormat, ends: _Ends) -> bool:
    """Return whether the ends of a page show that it is a page, and not cut; if not, it has to be parsed."""
    if form is PageFormat.HTML:
        return True
    # a cut JSON document closes fewer objects than it opens, unless there are braces in its texts
    return ends.depth == 0 and ends.end.rstrip().endswith(b"}") and b'"files"' in ends.start + ends.end


def _is_of(asked: str, page: Page) -> bool:
    """Return whether all files on a page that names no project can be ``asked``'s."""
    return bool(page.files) and all(normalise(file.filename).startswith(f"{asked}-") for file in page.files)


def _not_a_page(form: PageFormat | None, ends: _Ends) -> Finding:
    is_cut = form is PageFormat.JSON and b'"files"' in ends.start and not ends.end.rstrip().endswith(b"}")
    if is_cut:
        return Finding(
            Check.PC107, "", "the end of a JSON document", repr(ends.end[-24:].decode("utf-8", "replace"))
        )
    actual = "other bytes" if form is None else f"other {form.value.upper()}"
    return Finding(Check.PC301, "", "an index page", actual)


def _missing_end(artifact: Artifact, ends: _Ends, window: Window) -> str | None:
    """Return what an HTML page lacks at its end; None for a whole page.

    A page that is as long as its ``Content-Length`` may omit ``</html>``.
    """
    tail = ends.end[-4096:].lower()
    if tail.rfind(b"<") > tail.rfind(b">"):
        return "the end of a tag"
    if 0 <= tail.rfind(b"</a") < tail.rfind(b"<a "):
        return "</a>"
    opens = b"<html" in ends.start[:1024].lower()
    is_whole = _came_whole(artifact, window) or bool(codings(artifact.encoding))  # which decoded to its end
    return "</html>" if opens and not is_whole and b"</html" not in tail else None


def _came_whole(artifact: Artifact, window: Window) -> bool:
    """Return whether the body is as long as ``Content-Length`` says."""
    return artifact.head is not None and artifact.head.headers.get("content-length") == str(window.length)


_SERIALS = {
    PageFormat.HTML: re.compile(rb"<!--SERIAL (\d{1,20})-->\s*\Z"),
    PageFormat.JSON: re.compile(rb'(?<!\\)"_last-serial"\s*:\s*(\d{1,20})'),
}


def _generation(artifact: Artifact, form: PageFormat | None, ends: _Ends) -> Iterator[Finding]:
    """Yield where the serial in ``X-PyPI-Last-Serial`` is not the page's (warehouse ``api/simple.py``)."""
    stated = artifact.head.headers.get("x-pypi-last-serial", "") if artifact.head is not None else ""
    if form is None or not re.fullmatch(r"[0-9]{1,20}", stated):
        return
    # HTML has it in its last lines, JSON before or behind the list of files, which may be long
    end = ends.end[-1024:] if form is PageFormat.HTML else ends.end
    serial = _SERIALS[form].search(end) or (form is PageFormat.JSON and _SERIALS[form].search(ends.start))
    if serial and int(serial[1]) != int(stated):
        yield Finding(Check.PC108, "x-pypi-last-serial", stated, serial[1].decode())
