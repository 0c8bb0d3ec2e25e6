"""The verified downloads of a selection, with what others need to fetch or serve them; all else with a reason."""

import re
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, PYPI, Artifact, Kind, path_of
from pipcache.locks.writer import LockedFile
from pipcache.offline.contents import Contents
from pipcache.store.keys import request_key
from pipcache.util.filenames import FileName, expand_tags, normalise, parse_filename
from pipcache.util.requirements import python_specifiers
from pipcache.util.untrusted import redact_url
from pipcache.util.urls import filename_in, without_user
from pipcache.util.versions import canonical, parse_version
from pipcache.verify.checks import Verdict
from pipcache.verify.verdict import Judgement


class Why(StrEnum):
    """Why a file of the selection is not given away. The values are JSON's."""

    INTACT = "intact"
    DAMAGED = "damaged"
    POISONED = "poisoned"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    NO_URL = "no-url"
    SECRET = "secret"  # noqa: S105 - the name of a reason
    BAD_NAME = "bad-name"
    OTHER_BYTES = "other-bytes"
    SAME_FILE = "same-file"
    BUILT = "built"
    NO_FIT = "no-fit"
    OTHER_FILE = "other-file"
    OLDER = "older"

    @property
    def is_shortcoming(self) -> bool:
        """Whether it is a fault of the file; else it was left out because nothing needs it."""
        return self in _SHORTCOMINGS


_SHORTCOMINGS = frozenset(
    {
        *(Why.INTACT, Why.DAMAGED, Why.POISONED, Why.UNREADABLE, Why.CHANGED),
        *(Why.NO_URL, Why.SECRET, Why.BAD_NAME, Why.OTHER_BYTES),
    }
)

_OF_VERDICTS = {
    Verdict.INTACT: (Why.INTACT, "only its own bytes say what it is"),
    Verdict.DAMAGED: (Why.DAMAGED, "it is damaged"),
    Verdict.POISONED: (Why.POISONED, "it is poisoned"),
    Verdict.UNREADABLE: (Why.UNREADABLE, "it could not be judged"),
}


class Terms(NamedTuple):
    """On which terms files are given away.

    Attributes:
        by_url: they are fetched by their URL, so that it has to be proved and must hold no secret. If not, copies
            of them are handed over, so that they need a name that is safe on every disk.
        built: wheels that pip built are given away too, where they are intact.
        unverified: downloads are that are only intact, too.
        kinds: only these kinds are; empty for all.
    """

    by_url: bool = True
    built: bool = False
    unverified: bool = False
    kinds: frozenset[Kind] = frozenset()

    def allow(self, artifact: Artifact) -> bool:
        """Return whether the kind of a distribution is one that is given away."""
        return artifact.kind in DISTRIBUTIONS and (not self.kinds or artifact.kind in self.kinds)

    def accept(self, judgement: Judgement) -> bool:
        """Return whether a verdict is good enough: built wheels have nothing outside to hold them against."""
        if judgement.artifact.kind is Kind.BUILT or self.unverified:
            return judgement.verdict in {Verdict.VERIFIED, Verdict.INTACT}
        return judgement.verdict is Verdict.VERIFIED


BY_URL = Terms()


class LeftOut(NamedTuple):
    """A file that is not given away, and why; ``detail`` is for people."""

    artifact: Artifact
    why: Why
    detail: str


class SupplyFile(NamedTuple):
    """A file that is given away: a verified download, or what else the terms allow.

    Attributes:
        artifact: the artifact, as it was judged.
        name: its file name in parts.
        locked: what a lock or an index says of it; without a URL where that is not proved.
        contents: what it needs, by its metadata.
        is_unverified: it is a download, and nothing outside its bytes vouches for them.
    """

    artifact: Artifact
    name: FileName
    locked: LockedFile
    contents: Contents
    is_unverified: bool = False

    def left_out(self, why: Why, detail: str) -> LeftOut:
        """Return it as left out."""
        return LeftOut(self.artifact, why, detail)


class Supply(NamedTuple):
    """What of a selection is given away, and what is not."""

    files: list[SupplyFile]
    left_out: list[LeftOut]


def supply_of(
    judgements: Iterable[Judgement],
    chosen: Collection[str],
    contents_of: Callable[[Artifact], Contents],
    terms: Terms = BY_URL,
) -> Supply:
    """Return the wheels and sdists among judged artifacts that are verified and whose URL is proved.

    Terms can ask for less. A wheel that pip built stands behind a download of the same name, or of the same
    version and tags; of several that were built from the same source the newest is taken. Of the same bytes under
    several URLs, PyPI's is taken, else the first in alphabetical order. Of other bytes under the same name none
    is: nobody can say which of the two is meant.

    Args:
        judgements: with SHA-256 digests (``VerifyOptions.digests``).
        chosen: the paths of the entries that were selected; others of the same name do not stand beside these.
        contents_of: reads what a distribution needs.
        terms: which files are given away.
    """
    files: list[SupplyFile] = []
    left_out: list[LeftOut] = []
    for judgement in judgements:
        if terms.allow(judgement.artifact):
            result = _judged(judgement, contents_of, terms)
            (files if isinstance(result, SupplyFile) else left_out).append(result)  # type: ignore[arg-type]
    if terms.built:
        behind = _behind_others(files, chosen)
        files = [file for file in files if path_of(file.artifact) not in behind]
        left_out += behind.values()
    by_name: dict[str, list[SupplyFile]] = {}
    for file in files:
        by_name.setdefault(file.locked.filename.lower(), []).append(file)
    kept: list[SupplyFile] = []
    for every in by_name.values():
        same_name = [file for file in every if path_of(file.artifact) in chosen] or every
        if len({file.locked.sha256 for file in same_name}) > 1:
            detail = "the cache has other bytes under this name too; select one by its URL or digest"
            left_out += [file.left_out(Why.OTHER_BYTES, detail) for file in same_name]
            continue
        first, *others = sorted(same_name, key=_preference)
        kept.append(first)
        left_out += [
            other.left_out(Why.SAME_FILE, f"the same file is there from {first.artifact.came_from or 'elsewhere'}")
            for other in others
        ]
    return Supply(kept, left_out)


def _behind_others(files: Iterable[SupplyFile], chosen: Collection[str]) -> dict[str, LeftOut]:
    """Return the built wheels for which another file stands, by the paths of their entries."""
    behind: dict[str, LeftOut] = {}
    taken: dict[tuple[object, ...], str] = {}
    built: list[SupplyFile] = []
    for file in files:
        if file.artifact.kind is Kind.BUILT:
            built.append(file)
        elif file.locked.is_wheel:
            taken[_place(file)] = file.locked.filename
    newest: dict[tuple[object, ...], SupplyFile] = {}
    for file in sorted(built, key=lambda file: (file.artifact.made_ns or 0, path_of(file.artifact)), reverse=True):
        path, is_chosen = path_of(file.artifact), path_of(file.artifact) in chosen
        if (download := taken.get(_place(file))) is not None:
            behind[path] = file.left_out(Why.SAME_FILE, f"{download} was downloaded, and is taken")
            continue
        first = newest.setdefault((file.locked.filename.lower(), _source(file.artifact), is_chosen), file)
        if first is not file:
            behind[path] = file.left_out(Why.OLDER, "a newer one was built from the same source")
    return behind


def _place(file: SupplyFile) -> tuple[object, ...]:
    """Return what two wheels have in common of which an installer takes either."""
    tags = frozenset(expand_tags(["-".join(file.name.tags or ())]))
    return file.locked.project, canonical(file.locked.version), file.name.build, tags


def _source(artifact: Artifact) -> object:
    """Return what a wheel was built from: a commit, the bytes of an archive, else a URL."""
    source = artifact.source
    if source is None:
        return artifact.key
    return source.commit or source.hashes or source.url


def _preference(file: SupplyFile) -> tuple[bool, str, str]:
    return file.artifact.came_from != PYPI, file.locked.url, path_of(file.artifact)


def _judged(
    judgement: Judgement, contents_of: Callable[[Artifact], Contents], terms: Terms
) -> SupplyFile | LeftOut:
    """Return a judged distribution as a file of the supply, or why it is none."""
    artifact = judgement.artifact
    if artifact.kind is Kind.BUILT and not terms.built:
        detail = "it was built here, and has no URL of its own" if terms.by_url else "it was built here"
        return LeftOut(artifact, Why.BUILT, detail)
    if not terms.accept(judgement):
        why, detail = _OF_VERDICTS[judgement.verdict]
        finding = next(iter(judgement.findings), None)
        said = judgement.problem if finding is None else f"{finding.check.code} {finding.check.sentence}"
        return LeftOut(artifact, why, f"{detail}: {said}" if said else detail)
    url = without_user(artifact.url or "").partition("#")[0]
    if not url or request_key(url) != artifact.key:  # that is the proof, however the URL was found
        url = ""
    if terms.by_url and not url:
        return LeftOut(artifact, Why.NO_URL, "nothing proves its URL")
    if terms.by_url and redact_url(url) != url:
        return LeftOut(artifact, Why.SECRET, "its URL seems to hold a secret")
    sha256 = judgement.digests.get("sha256")
    if sha256 is None:
        return LeftOut(artifact, Why.UNREADABLE, "SHA-256 is not allowed here")
    named = (
        _named(artifact, url, sha256, contents_of) if terms.by_url else _copied(artifact, url, sha256, contents_of)
    )
    is_unverified = artifact.kind is not Kind.BUILT and judgement.verdict is not Verdict.VERIFIED
    return named._replace(is_unverified=True) if isinstance(named, SupplyFile) and is_unverified else named


_SAFE_URL = r"(?i)https?://[\w.~:/?@!$&'()*+,;=%\[\]-]{1,2000}"
"""What pip takes for a URL in a requirements file as it stands (RFC 3986, without what pip expands)."""

_SAFE_NAME = r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}"

_VERSION = r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,127}"


def _named(
    artifact: Artifact, url: str, sha256: str, contents_of: Callable[[Artifact], Contents]
) -> SupplyFile | LeftOut:
    """Return a verified download as a file of the supply, unless installers cannot take it by its URL."""
    filename = filename_in(url)  # as pip does, whatever a page calls it (``models/link.py``)
    name = parse_filename(filename, artifact.project)
    is_plain = url.isascii() and re.fullmatch(_SAFE_URL, url) and re.fullmatch(_SAFE_NAME, filename)
    if name is None or not is_plain or name.is_wheel != (artifact.kind is Kind.WHEEL):
        return LeftOut(artifact, Why.BAD_NAME, "its URL does not end with the name of a wheel or an sdist")
    version = name.version or artifact.version or ""
    if re.fullmatch(_SAFE_NAME, name.project) is None or re.fullmatch(_VERSION, version) is None:
        return LeftOut(artifact, Why.BAD_NAME, "its file name gives no project and version")
    return _with_contents(
        artifact, name, LockedFile("", version, filename, url, sha256, artifact.size), contents_of
    )


_PROJECT = r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]"
"""A project's name (PEP 508)."""

_LONGEST_NAME = 246
"""Characters of the name of a file beside which another lies with ``.metadata`` at its end; disks take 255."""


def _copied(
    artifact: Artifact, url: str, sha256: str, contents_of: Callable[[Artifact], Contents]
) -> SupplyFile | LeftOut:
    """Return a file that is handed over as a copy, unless its name is not known, or would not do in an index."""
    filename = filename_in(url) or (artifact.filename or "" if artifact.is_exact else "")
    if not filename:
        return LeftOut(artifact, Why.BAD_NAME, "nothing says for sure what its file name is")
    name = parse_filename(filename, artifact.project)
    is_wheel = artifact.kind in {Kind.WHEEL, Kind.BUILT}
    is_safe = re.fullmatch(_SAFE_NAME, filename) is not None and len(filename) <= _LONGEST_NAME
    if name is None or name.is_wheel != is_wheel or not is_safe:
        return LeftOut(artifact, Why.BAD_NAME, "its file name is not that of a wheel or an sdist in an index")
    if not re.fullmatch(_PROJECT, name.project) or not re.fullmatch(_VERSION, name.version or ""):
        return LeftOut(artifact, Why.BAD_NAME, "its file name gives no project and version")
    locked = LockedFile("", name.version or "", filename, url, sha256, artifact.size)
    return _with_contents(artifact, name, locked, contents_of)


def _with_contents(
    artifact: Artifact, name: FileName, locked: LockedFile, contents_of: Callable[[Artifact], Contents]
) -> SupplyFile | LeftOut:
    """Return a file with what its metadata say, unless they are those of another project."""
    project = normalise(name.project)
    parsed = parse_version(locked.version.replace("_", "+", 1))  # file names have _ for + (PEP 427)
    contents = contents_of(artifact)
    if contents.problem is not None:
        return LeftOut(artifact, Why.UNREADABLE, f"its metadata could not be read: {contents.problem}")
    if contents.project is not None and contents.project != project:
        detail = f"its file name is of {project}, its metadata of {contents.project}"
        return LeftOut(artifact, Why.BAD_NAME, detail)
    requires_python = str(python_specifiers(contents.requires_python))
    version = locked.version if parsed is None else str(parsed)
    locked = locked._replace(project=project, version=version, requires_python=requires_python)
    return SupplyFile(artifact, name, locked, contents)
