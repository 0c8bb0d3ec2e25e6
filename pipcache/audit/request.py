"""What an audit is asked: advisories and selectors, and the caches that are read for it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pipcache.advisories.loader import BadAdvisory
from pipcache.advisories.model import Advisories, AdvisoryError, Indicator
from pipcache.advisories.references import read_file_url
from pipcache.audit.auditor import Found, Window, audit
from pipcache.audit.matcher import Book
from pipcache.audit.pages import Sightings
from pipcache.inventory.collector import Need, read_inventory
from pipcache.location.locate import CacheDirectory, configured_indexes
from pipcache.store.cache import Cache
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.hashes import BY_LENGTH
from pipcache.util.progress import Track

if TYPE_CHECKING:
    from pipcache.query.selector import Selector


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
    from pipcache.advisories.loader import read_advisories  # noqa: PLC0415 - only where one is given

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


def book_of(request: Request) -> tuple[Advisories, Book]:
    """Return what was read of the advisories, and what it means.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims.
    """
    advisories, own = read_indicators(request.advisories, request.selectors)
    book = Book(advisories.indicators, only_listed=request.only_listed, selectors=own, unsure=advisories.unsure)
    return advisories._replace(indicators=(*advisories.indicators, *(one for one, _ in own))), book


def look(directory: CacheDirectory, book: Book, request: Request, track: Track) -> Found:
    """Hold ``book`` against one cache.

    Raises:
        CacheNotFound: the directory is missing, is a file, or cannot be read.
        NotAPipCache: it holds none of pip's stores.
    """
    sightings = Sightings(Cache(directory.path), book)
    need = Need(deep=True, search=sightings)
    catalogue = read_inventory(Cache(directory.path), need, configured_indexes, track)
    chosen = [one for one in catalogue if request.window.holds(one)]
    return audit(Cache(directory.path), chosen, catalogue, sightings, track, deep=request.deep)
