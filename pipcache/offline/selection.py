"""What is taken out of a cache: what selectors and locks name, verified, with all that it needs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcache.index.rows import PageFile
from pipcache.inventory.artifact import DISTRIBUTIONS, Artifact, Kind, path_of, with_refusals
from pipcache.inventory.collector import name_by_pages
from pipcache.locks.model import Pin
from pipcache.offline.closure import ClosureRequest, Lack, Missing, Wanted, close
from pipcache.offline.contents import Contents
from pipcache.offline.page_rows import rows_of, upload_time_in
from pipcache.offline.reading import BY_HAND, Reading, SelectionRequest, Source, read, roots_of
from pipcache.offline.releases import Release, releases_of
from pipcache.offline.supply import LeftOut, SupplyFile, Why, supply_of
from pipcache.offline.target import Target
from pipcache.query.needs import read_named
from pipcache.query.selection import Unmatched
from pipcache.store.entries import UnreadableEntry, is_link_in_store
from pipcache.store.keys import BuildKey, invert_key
from pipcache.store.origin import Origin
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.versions import canonical
from pipcache.verify.checks import Verdict


class SelectionResult(NamedTuple):
    """What was taken out of a cache, and what was not.

    Attributes:
        releases: the releases, by project and version.
        extras: the sets of extras with which projects are needed.
        listed: how index pages list the files, where they were read, by the paths of their entries.
        left_out: what was selected and left out, by name.
        missing: what the releases need and have not, and selectors that mean no download.
        unreadable: what could not be read besides; it may be what was selected, or say something of that.
        unmatched: the selectors that match nothing.
        links: the number of links in the stores; what is behind them was not looked at.
    """

    releases: list[Release]
    extras: dict[str, tuple[tuple[str, ...], ...]]
    listed: Mapping[str, tuple[PageFile, ...]]
    left_out: list[LeftOut]
    missing: list[Missing]
    unreadable: list[UnreadableEntry]
    unmatched: list[Unmatched]
    links: int

    def upload_time(self, file: SupplyFile) -> str | None:
        """Return when a file was uploaded, as an index page has it; None where none says it."""
        return upload_time_in(self.listed.get(path_of(file.artifact), ()))


def pins_for(pins: Iterable[Pin], target: Target) -> tuple[Pin, ...]:
    """Return the pins of locks that are needed on a target: those that lead there from the first by markers.

    What comes from a folder or a file of a disk is left out.
    """
    held = [pin for pin in pins if target.holds_text(pin.marker)]
    waiting = [pin for pin in held if pin.needed_by]
    # the files of a package may stand apart from what is said of it
    reached = {_package_of(pin) for pin in held if not pin.needed_by} - {_package_of(pin) for pin in waiting}
    while True:
        pins_reached = [
            pin
            for pin in waiting
            if any(
                (pin.source, parent, version) in reached and target.holds_text(marker)
                for parent, version, marker in pin.needed_by
            )
        ]
        if not pins_reached:
            break
        reached |= {_package_of(pin) for pin in pins_reached}
        waiting = [pin for pin in waiting if _package_of(pin) not in reached]
    return tuple(pin for pin in held if _package_of(pin) in reached and not pin.is_local)


def _package_of(pin: Pin) -> tuple[str, str, str | None]:
    return pin.source, pin.project, pin.version


def read_pins(paths: Sequence[str], target: Target) -> tuple[Pin, ...]:
    """Return the pins of the files of ``--for`` that are needed on a target; none without files.

    Raises:
        BadLock: a file is no lock or requirements file.
    """
    return pins_for(read_named(paths, state="Nothing was written.") if paths else [], target)


def take(request: SelectionRequest, source: Source) -> SelectionResult:
    """Judge what is selected, and what it may need, and return what can be given away.

    Args:
        request: what is to be taken.
        source: from where.

    Raises:
        KeyboardInterrupt: the judging was interrupted; half a selection is none.
        CacheNotFound: the directory is a file, or cannot be read.
        NotAPipCache: it holds something, and none of pip's stores.
    """
    reading, target = read(request, source), source.target
    supply = supply_of(
        (judgement for judgement in reading.judgements if path_of(judgement.artifact) in reading.judged),
        reading.chosen,
        reading.contents_of,
        request.terms,
    )
    by_selector = [file for file in supply.files if path_of(file.artifact) in reading.matched]
    selected = frozenset(file.locked.project for file in by_selector)
    fixed = frozenset[str]() if request.latest else selected
    may_be_run = {
        path_of(file.artifact) for file in supply.files if _may_be_taken(file, reading, selected, request.pins)
    }
    files = [file for file in supply.files if path_of(file.artifact) in may_be_run]
    with_builds = not request.terms.by_url  # pip builds in an environment of its own, from the same index
    if with_builds:
        files += _for_builds(supply.files, files)
    built_of = _BuiltWheels(reading, target)
    releases = releases_of(files, target, built_of if request.takes_built else lambda _: None)
    undecided = {project for project, of in releases.items() if len(of) > 1 and project not in fixed}
    of_pages = set(releases) if request.with_times else undecided
    listed = _listed(source, reading, of_pages)
    closure = close(
        ClosureRequest(
            releases,
            fixed,
            [*roots_of(request), *_latest(releases, selected - fixed)],
            _limits(request.pins),
            frozenset(_yanked(releases, listed)),
            request.with_dependencies,
            _faulty(supply.left_out),
            with_builds=with_builds,
            only_to_build=_without(releases, may_be_run),
            in_cache=frozenset(
                artifact.project
                for artifact in reading.artifacts
                if artifact.kind in DISTRIBUTIONS and artifact.project is not None
            ),
        ),
        target,
    )
    taken = [release for release in closure.releases if release.taken is not None or request.all_fits]
    missing = [*_unmet_selectors(request, reading, by_selector), *closure.missing]
    left_out = [*supply.left_out, *_not_taken(releases, taken, selected, target)]
    lacking = {path_of(left.artifact) for lack in missing if lack.lack is Lack.LEFT_OUT for left in lack.left_out}
    return SelectionResult(
        taken,
        closure.extras,
        listed,
        sorted(
            (
                left
                for left in left_out
                if path_of(left.artifact) in reading.chosen or path_of(left.artifact) in lacking
            ),
            key=lambda left: (left.artifact.filename or "", path_of(left.artifact)),
        ),
        missing,
        _unreadable(source, reading, {path_of(left.artifact) for left in supply.left_out}),
        reading.unmatched,
        sum(is_link_in_store(artifact.entry) for artifact in reading.artifacts),
    )


def _latest(releases: Mapping[str, Iterable[Release]], projects: Iterable[str]) -> Iterator[Wanted]:
    """Yield any version of projects of which one can be installed: nobody asked for the others by name."""
    for project in sorted(projects):
        if any(release.taken is not None for release in releases.get(project, ())):
            yield Wanted(project, BY_HAND)


def _unreadable(source: Source, reading: Reading, left_out: Collection[str]) -> list[UnreadableEntry]:
    """Return what could not be read and is not left out for that, by path: it may be what was selected."""
    judged = [
        judgement.artifact._replace(unreadable=True, problem=judgement.problem)
        for judgement in reading.judgements
        if judgement.verdict is Verdict.UNREADABLE
    ]
    artifacts = [*with_refusals(reading.artifacts, source.cache.refused), *judged]
    entries = {
        path_of(artifact): UnreadableEntry(artifact.store, path_of(artifact), artifact.problem or "")
        for artifact in artifacts
        if artifact.unreadable and path_of(artifact) not in left_out
    }
    return [entries[path] for path in sorted(entries)]


class _BuiltWheels:
    """The wheels that pip has built, looked up by the sdists for which it takes them."""

    def __init__(self, reading: Reading, target: Target) -> None:
        """Take the built wheels among the judged."""
        self._reading = reading
        self._target = target
        self._by_project: dict[str | None, list[Artifact]] = {}
        for judgement in reading.judgements:
            if judgement.artifact.kind is Kind.BUILT and judgement.verdict in _USABLE:
                self._by_project.setdefault(judgement.artifact.project, []).append(judgement.artifact)

    def __call__(self, sdist: SupplyFile) -> Contents | None:
        """Return what the wheel says that pip takes for an sdist of a lock; None where it has to build one.

        pip looks under the key of the URL and the digest that stand in the lock (``cache.py``).
        """
        source = Origin(sdist.locked.url, (("sha256", sdist.locked.sha256),))
        expected = BuildKey(self._target.interpreter, "sha256")
        for wheel in self._by_project.get(sdist.locked.project, ()):
            name = parse_filename(wheel.filename or "")
            if wheel.key is None or name is None or self._target.rank(name) is None:
                continue
            if invert_key(wheel.key, [source], self._target.interpreter) == (source, expected):
                return self._reading.contents_of(wheel)
        return None


_USABLE = frozenset({Verdict.VERIFIED, Verdict.INTACT})


def _may_be_taken(file: SupplyFile, reading: Reading, selected: Collection[str], pins: Iterable[Pin]) -> bool:
    """Return whether a file may go into the lock: of what is selected or pinned only that, of all else any."""
    path = path_of(file.artifact)
    if path in reading.matched:
        return True
    if file.artifact.kind is Kind.BUILT and any(
        pin.project == file.locked.project and pin.digests for pin in pins
    ):
        return False  # no lock has its digest, so that no installer would take it
    if file.locked.project in selected:
        return False
    return path in reading.named or all(pin.project != file.locked.project for pin in pins)


def _for_builds(supply: Iterable[SupplyFile], files: Iterable[SupplyFile]) -> list[SupplyFile]:
    """Return the files of other versions, for builds; of the versions that are taken nothing is added."""
    taken = {(file.locked.project, canonical(file.locked.version)) for file in files}
    return [file for file in supply if (file.locked.project, canonical(file.locked.version)) not in taken]


def _without(releases: Mapping[str, Iterable[Release]], paths: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return the project and version of releases of which no file has one of the paths."""
    return frozenset(
        (release.project, release.version)
        for of_project in releases.values()
        for release in of_project
        if not any(path_of(file.artifact) in paths for file in release.files)
    )


def _limits(pins: Iterable[Pin]) -> dict[str, list[str]]:
    """Return the specifiers of constraints by project."""
    limits: dict[str, list[str]] = {}
    for pin in pins:
        if pin.is_constraint and (pin.version or pin.specifiers):
            limits.setdefault(pin.project, []).append(f"=={pin.version}" if pin.version else pin.specifiers)
    return limits


def _listed(source: Source, reading: Reading, projects: Collection[str]) -> dict[str, tuple[PageFile, ...]]:
    """Return how index pages list the downloads of projects, by the paths of their entries.

    Pages are read for what nobody has looked up on them yet: the key of an entry may have been proof enough.
    """
    judged = [judgement.artifact for judgement in reading.judgements if judgement.artifact.kind is not Kind.BUILT]
    listed = rows_of(judged)
    unknown = {artifact.project for artifact in judged if path_of(artifact) not in listed} & set(projects)
    if not unknown:
        return listed
    named = name_by_pages(
        source.verifier.page_reader, reading.artifacts, unknown.__contains__, source.index_urls, source.track
    )
    return rows_of(named) | listed


def _yanked(
    releases: Mapping[str, Iterable[Release]], listed: Mapping[str, tuple[PageFile, ...]]
) -> Iterator[tuple[str, str]]:
    """Yield the project and version of releases of which the file that would be taken was yanked (PEP 592)."""
    for of_project in releases.values():
        for release in of_project:
            rows = () if release.taken is None else listed.get(path_of(release.taken.artifact), ())
            if any(row.yanked is not False for row in rows):
                yield release.project, release.version


def _unmet_selectors(
    request: SelectionRequest, reading: Reading, files: Iterable[SupplyFile]
) -> Iterator[Missing]:
    """Yield the selectors by pattern, file name, URL, digest or key that mean no file which can be given away."""
    there = {path_of(file.artifact) for file in files}
    for selector in request.selectors:
        if selector.project is not None:
            continue  # it is a root
        of_selector = [match.artifact for match in reading.matches if selector in match.selectors]
        if any(path_of(artifact) in there for artifact in of_selector):
            continue
        if any(artifact.kind in DISTRIBUTIONS for artifact in of_selector):
            lack, detail = Lack.LEFT_OUT, "what it means was left out"
        else:
            lack, detail = Lack.NOT_CACHED, "it is not in the cache"
        yield Missing(selector.text, "", (BY_HAND,), lack, detail)


def _not_taken(
    releases: Mapping[str, Iterable[Release]], taken: Iterable[Release], selected: frozenset[str], target: Target
) -> Iterator[LeftOut]:
    """Yield the files of the selection whose release does not go into the lock."""
    kept = {(release.project, release.version) for release in taken}
    for project in selected & releases.keys():
        for release in releases[project]:
            if (project, release.version) in kept:
                continue
            if release.taken is None:
                why, detail = Why.NO_FIT, f"it is not for {target.name}"
            else:
                why, detail = Why.OLDER, "another version is taken"
            yield from (file.left_out(why, detail) for file in release.files)


def _faulty(left_out: Iterable[LeftOut]) -> dict[str, list[LeftOut]]:
    """Return the files that were left out for a fault, by project."""
    by_project: dict[str, list[LeftOut]] = {}
    for left in left_out:
        if left.why.is_shortcoming:
            by_project.setdefault(_project_of(left), []).append(left)
    return by_project


def _project_of(left: LeftOut) -> str:
    name = parse_filename(left.artifact.filename or "", left.artifact.project)
    return left.artifact.project or ("" if name is None else normalise(name.project))
