"""What an audit is asked for, and the audit of a cache that answers it."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from pipcache.advisories.loader import BadAdvisory, read_advisories
from pipcache.advisories.model import Advisories, AdvisoryError, Indicator
from pipcache.advisories.references import read_file_url
from pipcache.audit.auditor import EMPTY_AUDIT, AuditedCache, CacheAudit, TimeRange, audit
from pipcache.audit.inconclusive import Inconclusive
from pipcache.audit.matcher import Matcher
from pipcache.audit.pages import PageScan
from pipcache.audit.uv_auditor import audit_uv
from pipcache.errors import CacheNotFound, NotAPipCache
from pipcache.installers.uv_cache import UvCache
from pipcache.inventory.collector import Need, read_inventory
from pipcache.inventory.from_origins import name_by_noted_digests
from pipcache.location import machine
from pipcache.location.locate import CacheDirectory, Source, configured_indexes
from pipcache.location.machine import MachineCache, UnreadCache
from pipcache.query.selector import Selector
from pipcache.store.cache import Cache
from pipcache.store.installer import Installer, folders_of_others
from pipcache.store.layout import RECOGNISED, unread_stores
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.progress import Track


class AuditRequest(NamedTuple):
    """What ``audit`` is asked for.

    Attributes:
        advisories: paths of files and directories; ``-`` is standard input.
        selectors: looked for like indicators.
        only_listed: ignore ranges of versions.
        deep: hash the members of archives.
        all_caches: audit all caches of the machine.
        time_range: audit only what was downloaded or written in this time.
        only_ids: shell patterns; of the records of advisories only those count that have such an id or alias.
        tool: with ``all_caches``, the installer whose caches are audited; None for all.
    """

    advisories: tuple[str, ...] = ()
    selectors: tuple[Selector, ...] = ()
    only_listed: bool = False
    deep: bool = False
    all_caches: bool = False
    time_range: TimeRange = TimeRange()
    only_ids: tuple[str, ...] = ()
    tool: str | None = None


def _indicator(selector: Selector) -> Indicator:
    """Return a selector as an indicator; one without conditions for name patterns, keys and other file names."""
    indicator = Indicator("the command line", selector.text, is_selector=True)
    if selector.digest is not None:
        algorithms, value = selector.digest
        return indicator._replace(digests=tuple((name, value) for name in algorithms))
    if selector.url is not None:
        file = read_file_url(selector.url, "the command line")
        if file is None:
            return indicator._replace(urls=(selector.url,))
        return indicator._replace(urls=(*file.urls, selector.url), digests=file.digest)
    if selector.filename is not None and (parsed := parse_filename(selector.filename)) is not None:
        return indicator._replace(project=normalise(parsed.project), filename=selector.filename)
    if selector.project is not None:
        pins = [pin.version for pin in selector.specifiers or () if pin.operator == "==="]
        if pins and len(pins) == len(selector.specifiers or ()):  # other spellings count too, as in an advisory
            return indicator._replace(project=selector.project, versions=tuple(sorted(pins)))
        specifiers = str(selector.specifiers or "")
        return indicator._replace(project=selector.project, specifiers=specifiers, every_version=not specifiers)
    return indicator


def _commits(selectors: Iterable[Selector]) -> list[tuple[Indicator, Selector]]:
    """Return the selectors that may be the ids of commits, which no indicator can express, as such alone."""
    return [
        (
            Indicator("the command line", f"the commit {selector.text}", is_selector=True),
            Selector(selector.text, project=selector.text.lower(), commit=selector.commit),
        )
        for selector in selectors
        if selector.commit is not None
    ]


def read_matcher(request: AuditRequest) -> tuple[Advisories, Matcher]:
    """Read the advisories of a request.

    Returns:
        What was read, with the selectors as indicators; and the matcher of it.

    Raises:
        BadAdvisory: a file of ``--advisory`` is not what it claims, or cannot be read.
    """
    try:
        advisories = read_advisories(request.advisories, request.only_ids)
    except AdvisoryError as error:
        state = "Nothing was looked at, and nothing removed."
        raise BadAdvisory(str(error), error.path, state=state) from None
    pairs = [(_indicator(selector), selector) for selector in request.selectors]
    # an indicator without conditions stands for its selector in clauses; the selector itself is matched
    expressed = [indicator for indicator, _ in pairs if indicator.digests or indicator.urls or indicator.project]
    others = [pair for pair in pairs if pair[0] not in expressed]
    matcher = Matcher(
        (*advisories.indicators, *expressed),
        only_listed=request.only_listed,
        selectors=[*others, *_commits(request.selectors)],
        unsure_projects=advisories.unsure,
    )
    indicators = (*advisories.indicators, *expressed, *(indicator for indicator, _ in others))
    return advisories._replace(indicators=indicators), matcher


def audit_cache(directory: CacheDirectory, matcher: Matcher, request: AuditRequest, track: Track) -> CacheAudit:
    """Read one cache, and return what ``matcher`` matches there.

    Raises:
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    if directory.tool == "uv":
        return _audit_uv(directory, matcher, request, track)
    cache = Cache(directory.path)
    page_scan = PageScan(cache, matcher)
    artifacts = read_inventory(cache, Need(deep=True, search=page_scan), configured_indexes, track)
    artifacts = name_by_noted_digests(cache, artifacts, track)
    chosen = [artifact for artifact in artifacts if request.time_range.contains(artifact)]
    audited = audit(cache, chosen, artifacts=artifacts, page_scan=page_scan, track=track, deep=request.deep)
    foreign = [
        Inconclusive(name, f"holds files of {installer}'s, which are not read{_HOW.get(installer, '')}")
        for name, installer in folders_of_others(directory.path).items()
    ]
    strange = [
        Inconclusive(name, f"it {reason}")
        for name, reason in unread_stores(directory.path).items()
        if name not in RECOGNISED
    ]
    return audited._replace(inconclusive=[*audited.inconclusive, *foreign, *strange])


_HOW = {Installer.UV: " with pip's (--tool uv reads them)"}


def _audit_uv(directory: CacheDirectory, matcher: Matcher, request: AuditRequest, track: Track) -> CacheAudit:
    cache = UvCache(directory.path)
    artifacts = read_inventory(cache, Need(deep=True), track=track)
    chosen = [artifact for artifact in artifacts if request.time_range.contains(artifact)]
    return audit_uv(cache, chosen, artifacts, matcher, track, deep=request.deep)


class MachineAudit(NamedTuple):
    """The audit of a machine: its caches, that of this run first, and those that are not read."""

    caches: list[tuple[MachineCache, AuditedCache]]
    unread: tuple[UnreadCache, ...]


def audit_machine(
    directory: CacheDirectory, matcher: Matcher, request: AuditRequest, track: Track
) -> MachineAudit:
    """Read every cache of this machine, and return what ``matcher`` matches in each.

    A cache that cannot be read has a problem.

    Args:
        directory: the cache directory of this run.
        matcher: what to look for.
        request: what ``audit`` is asked for.
        track: is given the steps and hands them on.
    """
    option = directory.path if directory.source is Source.OPTION else None
    places = machine.find_caches(os.environ, option, homes=machine.machine_homes)
    caches = []
    asked = [place for place in places.caches if request.tool in {None, place.cache.tool}]
    for place in asked or [MachineCache(directory, (directory.origin,), None)]:
        cache_audit, problem = EMPTY_AUDIT, place.problem
        # a home such as /dev/null can have no cache, and so has none; what a setting names is to be a directory
        is_missing = place.cache.source is Source.DEFAULT and place.cache.exists is False
        if problem is None and not is_missing:
            try:
                cache_audit = audit_cache(place.cache, matcher, request, track)
            except (CacheNotFound, NotAPipCache) as error:
                problem = error.message
        caches.append((place, AuditedCache(place.cache, place.owners, cache_audit, problem)))
    unread = (cache for cache in places.unread if request.tool in {None, cache.installer.value})
    return MachineAudit(caches, tuple(unread))
