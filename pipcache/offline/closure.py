"""Which releases an installation needs, by Requires-Dist and the markers of a Python, and what is missing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from packaging.requirements import Requirement

from pipcache.inventory.artifact import Artifact
from pipcache.offline.releases import Release
from pipcache.offline.supply import LeftOut
from pipcache.offline.target import Target
from pipcache.store.keys import request_key
from pipcache.util.filenames import normalise
from pipcache.util.versions import contains, same_version

_MOST_ROUNDS = 100
"""Times that versions are chosen anew; each round follows the requirements one step further."""


class Wanted(NamedTuple):
    """A project that something needs.

    Attributes:
        project: its normalised name.
        by: who needs it, for people.
        specifiers: which versions will do (PEP 440); "" for all.
        version: the version that a lock names; None without one.
        url: the URL it has to come from, or a repository; None without one.
        extras: the extras that are needed, normalised.
        environment: the sdist in whose environment of a build it is needed; "" where it is needed to run.
        spelled: the extras as a distribution spells them; () where none asks.
        is_implied: nothing names it; old setuptools ask for it when they run.
    """

    project: str
    by: str
    specifiers: str = ""
    version: str | None = None
    url: str | None = None
    extras: tuple[str, ...] = ()
    environment: str = ""
    spelled: tuple[str, ...] = ()
    is_implied: bool = False

    @property
    def text(self) -> str:
        """What is wanted, as a requirement."""
        if self.url is not None:
            return f"{self.project} @ {self.url}"
        return f"{self.project}=={self.version}" if self.version is not None else self.project + self.specifiers

    def is_met_by(self, release: Release) -> bool:
        """Return whether a release is what is wanted."""
        if self.url is not None:
            key = request_key(self.url.partition("#")[0])
            return any(file.artifact.key == key for file in release.files)
        return release.meets(self.specifiers) if self.version is None else release.is_of(self.version)

    def may_mean(self, artifact: Artifact) -> bool:
        """Return whether a file that was left out may be what is wanted, as far as its name says."""
        if self.url is not None:
            return artifact.key == request_key(self.url.partition("#")[0])
        if artifact.version is None:
            return True
        if self.version is not None:
            return same_version(artifact.version, self.version)
        return not self.specifiers or contains(self.specifiers, artifact.version)


class Lack(StrEnum):
    """Why something that is needed is missing. The values are JSON's."""

    NOT_CACHED = "not-cached"
    LEFT_OUT = "left-out"
    NO_VERSION = "no-version"
    NO_FIT = "no-fit"
    BUILD = "build"


class Missing(NamedTuple):
    """What an installation needs and the lock has not.

    Attributes:
        requirement: what is needed, as a requirement.
        project: its normalised name.
        needed_by: who needs it, for people.
        lack: why it is missing.
        detail: the same, for people.
        left_out: what was left out and may be what is needed.
    """

    requirement: str
    project: str
    needed_by: tuple[str, ...]
    lack: Lack
    detail: str
    left_out: tuple[LeftOut, ...] = ()


class Closure(NamedTuple):
    """What a lock has, and what it lacks.

    Attributes:
        releases: its releases.
        extras: the sets of extras with which projects are needed, by project.
        missing: what is missing of what the releases need.
    """

    releases: list[Release]
    extras: dict[str, tuple[tuple[str, ...], ...]]
    missing: list[Missing]


class ClosureRequest(NamedTuple):
    """What a closure is made of.

    Attributes:
        supply: the releases of the supply by project, newest first.
        fixed: the projects of which all releases of the supply go into the lock.
        roots: what is wanted from outside.
        limits: further specifiers by project, of which all have to be met (pip's ``-c``).
        yanked: (project, version) of releases that were yanked (PEP 592); others are preferred to them.
        with_dependencies: whether what the releases need is added.
        unavailable: the files that were left out of the supply for a fault, by project.
        with_builds: what sdists need to be built is taken from the supply too; if not, all of it is missing.
        only_to_build: (project, version) of releases that are taken for nothing but builds.
        in_cache: the projects of which the cache has a file, whether it may be taken or not.
    """

    supply: Mapping[str, Sequence[Release]]
    fixed: frozenset[str]
    roots: Sequence[Wanted]
    limits: Mapping[str, Sequence[str]]
    yanked: frozenset[tuple[str, str]]
    with_dependencies: bool
    unavailable: Mapping[str, Sequence[LeftOut]]
    with_builds: bool = False
    only_to_build: frozenset[tuple[str, str]] = frozenset()
    in_cache: frozenset[str] = frozenset()

    def is_only_to_build(self, release: Release) -> bool:
        """Return whether a release is taken for nothing but builds."""
        return (release.project, release.version) in self.only_to_build


def close(request: ClosureRequest, target: Target) -> Closure:
    """Return the releases that are needed, of each project the newest that meets all that need it.

    Versions are chosen again until the choice is stable: what is needed depends on what was chosen. Nothing is
    tried back and forth as an installer does: where no version meets all, the newest that meets most is taken, and
    the rest is missing.
    """
    fixed = sorted(request.fixed)  # the order of what is missing does not hang on that of a set
    chosen = {project: _pick(request, project, ()) for project in fixed}
    wants: dict[str, list[Wanted]] = {}
    for _ in range(_MOST_ROUNDS):
        wants = _wants(request, chosen, target)
        again = {
            project: picked
            for project in (*fixed, *wants)
            if (picked := _pick(request, project, wants.get(project, ())))
        }
        if again == chosen:
            break
        chosen = again
    releases = [release for project in sorted(chosen) for release in chosen[project]]
    provided = {release.project: release.contents.extras for release in releases}
    extras = {
        project: _sets_of_extras(of_project, provided[project])
        for project, of_project in wants.items()
        if project in provided
    }
    unbuilt = [] if request.with_builds else _unbuilt(releases, target)
    return Closure(releases, extras, [*_unmet(request, chosen, wants, target), *unbuilt])


def _sets_of_extras(wants: Iterable[Wanted], provided: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """Return the sets of extras with which a project is needed.

    Those of distributions are as they spell them: pip before 23.3 meets a requirement with extras only by a link
    with the same. Of those that come from outside, the extras that a release has.
    """
    wants = list(wants)
    sets = {tuple(sorted(set(wanted.spelled))) for wanted in wants if wanted.spelled}
    known = {frozenset(map(normalise, extras)) for extras in sets}
    for wanted in wants:
        extras = provided.intersection(wanted.extras)
        if extras and not wanted.spelled and extras not in known:
            sets.add(tuple(sorted(extras)))
    return tuple(sorted(sets))


def _wants(
    request: ClosureRequest, chosen: Mapping[str, Sequence[Release]], target: Target
) -> dict[str, list[Wanted]]:
    """Return what the roots and the chosen releases need, by project."""
    wants: dict[str, list[Wanted]] = {}
    queue: list[tuple[Release, str, str]] = []
    seen: set[tuple[str, str, str, str]] = set()

    def visit(releases: Iterable[Release], extras: Iterable[str], environment: str) -> None:
        for release in releases:
            # pip passes over extras that a distribution has not
            for extra in ("", *(extra for extra in extras if extra in release.contents.extras)):
                if (place := (release.project, release.version, extra, environment)) not in seen:
                    seen.add(place)
                    queue.append((release, extra, environment))

    def want(wanted: Wanted) -> None:
        listed = wants.setdefault(wanted.project, [])
        if wanted not in listed:
            listed.append(wanted)
        met = filter(wanted.is_met_by, chosen.get(wanted.project, ()))
        visit(met, wanted.extras, wanted.environment)

    for root in request.roots:
        want(root)
    for project in sorted(request.fixed):
        of_project = chosen.get(project, ())
        visit((release for release in of_project if not request.is_only_to_build(release)), (), "")
    while queue and request.with_dependencies:
        release, extra, environment = queue.pop()
        to_build = _to_build(release, target) if request.with_builds and not extra else ()
        required = _required(release, extra, target)
        for wanted in (*(wanted._replace(environment=environment) for wanted in required), *to_build):
            want(wanted)
    return wants


def _required(release: Release, extra: str, target: Target) -> Iterator[Wanted]:
    """Yield what a release needs with an extra; nothing where no file of it can be installed."""
    if release.taken is None:
        return
    for requirement in release.contents.requires:
        if target.holds(requirement.marker, extra):
            yield _wanted(requirement, f"{release.project} {release.version}")


def _to_build(release: Release, target: Target) -> Iterator[Wanted]:
    """Yield what building a release needs; nothing where a wheel of it is taken."""
    by = f"{release.project} {release.version}"
    for requirement in release.contents.builds_with if release.taken is not None else ():
        if target.holds(requirement.marker):
            yield _wanted(requirement, by)._replace(environment=by)
            if normalise(requirement.name) == "setuptools":
                yield Wanted("wheel", by, environment=by, is_implied=True)


SETUPTOOLS_WITH_WHEEL = ">=70.1"
"""The versions of setuptools that build wheels alone; older ones ask for the project wheel when they run."""


def _wanted(requirement: Requirement, by: str) -> Wanted:
    return Wanted(
        normalise(requirement.name),
        by,
        str(requirement.specifier),
        url=requirement.url,
        extras=tuple(sorted(map(normalise, requirement.extras))),
        spelled=tuple(sorted(requirement.extras)),
    )


def _pick(request: ClosureRequest, project: str, wants: Sequence[Wanted]) -> list[Release]:
    """Return the releases to take of a project: the best that can be installed and meets most of what is wanted.

    Of a fixed project all are taken. Each environment of a build has its own versions, and may add a release.
    A final version is preferred to a pre-release, and a release that was not yanked to one that was, as by pip.
    """
    limits = request.limits.get(project, ())
    supply = request.supply.get(project, ())
    candidates = [release for release in supply if release.taken is not None and all(map(release.meets, limits))]
    to_run = [release for release in candidates if not request.is_only_to_build(release)]

    def best(releases: Iterable[Release], wanted_together: Sequence[Wanted]) -> list[Release]:
        def merit(release: Release) -> tuple[int, bool, bool]:
            is_yanked = (release.project, release.version) in request.yanked
            return _met(release, wanted_together), not is_yanked, release.is_final

        first = max(releases, key=merit, default=None)  # of equals the first, which is the newest
        return [first] if first is not None and merit(first)[0] else []

    if project in request.fixed:
        picked = [release for release in supply if not request.is_only_to_build(release)]
    else:
        picked = best(to_run, [wanted for wanted in wants if not wanted.environment])
    for together in _by_environment(wants):
        if not any(release.taken and _met(release, together) == len(together) for release in picked):
            picked += [release for release in best(candidates, together) if release not in picked]
    return picked


def _by_environment(wants: Iterable[Wanted]) -> list[list[Wanted]]:
    """Return what the environments of builds need of a project, of each together."""
    environments: dict[str, list[Wanted]] = {}
    for wanted in wants:
        if wanted.environment:
            environments.setdefault(wanted.environment, []).append(wanted)
    return [environments[name] for name in sorted(environments)]


def _met(release: Release, wants: Iterable[Wanted]) -> int:
    return sum(wanted.is_met_by(release) for wanted in wants)


def _unmet(
    request: ClosureRequest,
    chosen: Mapping[str, Sequence[Release]],
    wants: Mapping[str, Sequence[Wanted]],
    target: Target,
) -> Iterator[Missing]:
    """Yield what is wanted and met by no chosen release that can be installed."""
    for project in sorted(wants):
        there = [release for release in chosen.get(project, ()) if release.taken is not None]
        to_run = [wanted for wanted in wants[project] if not wanted.environment]
        unmet = [wanted for wanted in to_run if not any(map(wanted.is_met_by, there))]
        for together in _by_environment(wants[project]):
            best = max(there, key=lambda release: _met(release, together), default=None)
            unmet += [wanted for wanted in together if best is None or not wanted.is_met_by(best)]
        unmet = [wanted for wanted in unmet if not wanted.is_implied or _asks_for_wheel(wanted, chosen, wants)]
        for text in dict.fromkeys(wanted.text for wanted in unmet):
            needed_by = tuple(sorted({wanted.by for wanted in unmet if wanted.text == text}))
            example = next(wanted for wanted in unmet if wanted.text == text)
            unavailable = request.unavailable.get(project, ())
            left_out = tuple(left for left in unavailable if example.may_mean(left.artifact))
            lack, detail = _explain(request, example, there, left_out, target)
            detail += "; the sdist is built with it" if example.environment else ""
            yield Missing(text, project, needed_by, lack, detail, left_out)


def _asks_for_wheel(
    wanted: Wanted, chosen: Mapping[str, Sequence[Release]], wants: Mapping[str, Sequence[Wanted]]
) -> bool:
    """Return whether the setuptools that would be taken for a build ask for wheel."""
    for build in wants.get("setuptools", ()):
        if build.environment == wanted.environment:
            able = [release for release in chosen.get("setuptools", ()) if build.is_met_by(release)]
            if able and not any(release.meets(SETUPTOOLS_WITH_WHEEL) for release in able):
                return True
    return False


def _explain(
    request: ClosureRequest,
    wanted: Wanted,
    there: Sequence[Release],
    left_out: Sequence[LeftOut],
    target: Target,
) -> tuple[Lack, str]:
    """Return why nothing meets what is wanted."""
    known = request.supply.get(wanted.project, ())
    if any(wanted.is_met_by(release) and release.taken is None for release in known):
        return Lack.NO_FIT, f"no cached file of it is for {target.name}"
    if left_out:
        return Lack.LEFT_OUT, left_out[0].detail
    if not known:
        has_others = wanted.project in request.in_cache
        return Lack.NOT_CACHED, "the cache has other files of it" if has_others else "it is not in the cache"
    if there:
        return Lack.NO_VERSION, f"{', '.join(release.version for release in there)} is taken"
    return Lack.NO_VERSION, f"the cache has {', '.join(release.version for release in known)}"


def _unbuilt(releases: Iterable[Release], target: Target) -> Iterator[Missing]:
    """Yield what pip asks an index for before it builds an sdist of the lock."""
    for release in releases:
        for requirement in release.contents.builds_with if release.taken is not None else ():
            if target.holds(requirement.marker):
                wanted = _wanted(requirement, f"{release.project} {release.version}")
                detail = "pip asks the index for it to build the sdist"
                yield Missing(wanted.text, wanted.project, (wanted.by,), Lack.BUILD, detail)
