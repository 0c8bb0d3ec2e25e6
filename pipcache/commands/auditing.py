"""``audit``: advisories held against one cache or every one of this machine, and how the run ends."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.advisory_parts import read_file_url
from pipcache.audit import NOTHING, Found, Part, Report, Window, audit
from pipcache.catalogue import Need, read_catalogue
from pipcache.commands.deleting import tell
from pipcache.digests import BY_LENGTH
from pipcache.errors import CacheNotFound, ExitCode, NotAPipCache, PipcacheError
from pipcache.indicators import Advisories, AdvisoryError, Indicator
from pipcache.listing import Sightings
from pipcache.location import CacheDirectory, Source, configured_indexes
from pipcache.matching import Book
from pipcache.names import normalise, parse_filename
from pipcache.progress import Track
from pipcache.render.audit import audit_lines, markdown_lines
from pipcache.render.console import is_terminal, say, wants_colour, width
from pipcache.render.document import dump
from pipcache.render.hits import audit_document
from pipcache.render.sarif import sarif_document
from pipcache.render.verdicts import fit
from pipcache.text import clean

if TYPE_CHECKING:
    from pipcache.selectors import Selector


class BadAdvisory(PipcacheError):  # noqa: N818 - as the other errors, it says what it is
    """A file given with --advisory is not what it claims."""

    exit_code = ExitCode.USAGE


class Request(NamedTuple):
    """What ``audit`` was asked for; ``advisories`` are the files, ``selectors`` indicators of their own."""

    advisories: tuple[str, ...] = ()
    selectors: tuple["Selector", ...] = ()
    only_listed: bool = False
    deep: bool = False
    all_caches: bool = False
    window: Window = Window()


Own = tuple[Indicator, "Selector"]
"""A selector that is no indicator, and what to call it."""


def read_indicators(paths: Sequence[str], selectors: Iterable["Selector"]) -> tuple[Advisories, list[Own]]:
    """Return what advisory files and selectors say is looked for, and selectors that are no indicators.

    Raises:
        BadAdvisory: a file is not what it claims, or cannot be read.
    """
    from pipcache.advisories import read_advisories  # noqa: PLC0415 - only where one is given

    try:
        read = read_advisories(paths) if paths else Advisories((), 0, 0, (), (), ())
    except AdvisoryError as error:
        raise BadAdvisory(str(error), hint="Nothing was looked at, and nothing removed.") from None
    own = [(_indicator(one), one) for one in selectors]
    found = [one for one, _ in own if one.digests or one.urls or one.project]
    return read._replace(indicators=(*read.indicators, *found)), [one for one in own if one[0] not in found]


def _indicator(selector: "Selector") -> Indicator:
    """Return the indicator that a selector is; name patterns, keys and other files' names are only told by it."""
    told = Indicator("the command line", selector.text)
    if selector.digest is not None:
        algorithms, value = selector.digest
        if len(algorithms) > 1:  # bare: of every algorithm of that length
            algorithms = BY_LENGTH[len(value)]
        return told._replace(digests=tuple((name, value) for name in algorithms))
    if selector.url is not None:
        file = read_file_url(selector.url, "the command line")
        own = told._replace(urls=(selector.url,))
        return own if file is None else own._replace(urls=(*file.urls, selector.url), digests=file.digest)
    if selector.filename is not None and (parsed := parse_filename(selector.filename)) is not None:
        return told._replace(project=normalise(parsed.project), filename=selector.filename)
    if selector.project is not None:
        specifiers = str(selector.specifiers or "")
        return told._replace(project=selector.project, specifiers=specifiers, every_version=not specifiers)
    return told


def find(cache: CacheDirectory, request: Request, track: Track) -> Report:
    """Read the advisories, and hold them against the cache, or all that this machine has.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims.
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    advisories, book = book_of(request)
    if not request.all_caches:
        found = look(cache, book, request, track)
        return Report([Part(cache, (cache.origin,), found)], advisories, window=request.window)
    from pipcache import machine  # noqa: PLC0415 - only where it was asked for

    option = cache.path if cache.source is Source.OPTION else None
    parts = []
    for one in machine.every_cache(os.environ, option, homes=machine.machine_homes):
        found, problem = NOTHING, one.problem
        if problem is None:
            try:
                found = look(one.cache, book, request, track)
            except (CacheNotFound, NotAPipCache) as error:
                problem = error.message if error.is_fault else None
        parts.append(Part(one.cache, one.owners, found, problem))
    return Report(parts, advisories, everywhere=True, window=request.window)


def book_of(request: Request) -> tuple[Advisories, Book]:
    """Return what was read of the advisories, and what it means.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims.
    """
    advisories, own = read_indicators(request.advisories, request.selectors)
    book = Book(advisories.indicators, only_listed=request.only_listed, selectors=own, unsure=advisories.unsure)
    return advisories._replace(indicators=(*advisories.indicators, *(one for one, _ in own))), book


def look(cache: CacheDirectory, book: Book, request: Request, track: Track) -> Found:
    """Hold ``book`` against one cache.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    sightings = Sightings(cache.path, book)
    need = Need(deep=True, watch=sightings)
    catalogue = read_catalogue(cache.path, need, configured_indexes, track)
    chosen = [one for one in catalogue if request.window.holds(one)]
    return audit(cache.path, chosen, catalogue, sightings, track, deep=request.deep)


def write(report: Report, form: str) -> None:
    """Print the report."""
    match form:
        case "json":
            lines: Iterable[str] = [dump(audit_document(report))]
        case "sarif":
            lines = [dump(sarif_document(report))]
        case "markdown":
            lines = markdown_lines(report)
        case _:
            lines = audit_lines(report, colour=wants_colour(sys.stdout))
            lines = fit(lines, width()) if is_terminal(sys.stdout) else lines
    # a reader that closes early must not make a finding look clean
    tell(lambda: print("\n".join(lines)))  # noqa: T201
    for note in report.advisories.notes[:_SHOWN]:
        say(f"Note: {clean(note)}")


_SHOWN = 5


def exit_code(report: Report) -> ExitCode:
    """Return how the run ends: what was found goes before what could not be judged."""
    if report.hits:
        return ExitCode.FINDINGS
    return ExitCode.OK if report.is_whole else ExitCode.FAILED
