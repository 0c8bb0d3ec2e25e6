"""The verified downloads of a selection, with what others need to fetch or serve them; all else with a reason."""

import re
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from pipcache.inventory.artifact import DISTRIBUTIONS, PYPI, Artifact, Kind, path_of
from pipcache.locks.writer import LockedFile
from pipcache.offline.contents import Contents
from pipcache.store.keys import request_key
from pipcache.util.filenames import FileName, normalise, parse_filename
from pipcache.util.requirements import python_specifiers
from pipcache.util.untrusted import redact_url
from pipcache.util.urls import filename_in, without_user
from pipcache.util.versions import parse_version
from pipcache.verify.checks import Verdict
from pipcache.verify.verdict import Judgement


class Why(StrEnum):
    """Why a file of the selection is not given away. The values are JSON's."""

    INTACT = "intact"
    DAMAGED = "damaged"
    POISONED = "poisoned"
    UNREADABLE = "unreadable"
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
        *(Why.INTACT, Why.DAMAGED, Why.POISONED, Why.UNREADABLE),
        *(Why.NO_URL, Why.SECRET, Why.BAD_NAME, Why.OTHER_BYTES),
    }
)

_OF_VERDICTS = {
    Verdict.INTACT: (Why.INTACT, "nothing outside its bytes vouches for them"),
    Verdict.DAMAGED: (Why.DAMAGED, "it is damaged"),
    Verdict.POISONED: (Why.POISONED, "it is poisoned"),
    Verdict.UNREADABLE: (Why.UNREADABLE, "it could not be judged"),
}


class LeftOut(NamedTuple):
    """A file that is not given away, and why; ``detail`` is for people."""

    artifact: Artifact
    why: Why
    detail: str


class SupplyFile(NamedTuple):
    """A verified download whose URL is proved.

    Attributes:
        artifact: the artifact, as it was judged.
        name: its file name in parts.
        locked: what a lock or an index says of it.
        contents: what it needs, by its metadata.
    """

    artifact: Artifact
    name: FileName
    locked: LockedFile
    contents: Contents

    def left_out(self, why: Why, detail: str) -> LeftOut:
        """Return it as left out."""
        return LeftOut(self.artifact, why, detail)


class Supply(NamedTuple):
    """What of a selection is given away, and what is not."""

    files: list[SupplyFile]
    left_out: list[LeftOut]


def supply_of(
    judgements: Iterable[Judgement], chosen: Collection[str], contents_of: Callable[[Artifact], Contents]
) -> Supply:
    """Return the wheels and sdists among judged artifacts that are verified and whose URL is proved.

    Of the same bytes under several URLs, PyPI's is taken, else the first in alphabetical order. Of other bytes
    under the same name none is: nobody can say which of the two is meant.

    Args:
        judgements: with SHA-256 digests (``VerifyOptions.digests``).
        chosen: the paths of the entries that were selected; others of the same name do not stand beside these.
        contents_of: reads what a distribution needs.
    """
    files: list[SupplyFile] = []
    left_out: list[LeftOut] = []
    for judgement in judgements:
        if judgement.artifact.kind in DISTRIBUTIONS:
            result = _judged(judgement, contents_of)
            (files if isinstance(result, SupplyFile) else left_out).append(result)  # type: ignore[arg-type]
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


def _preference(file: SupplyFile) -> tuple[bool, str, str]:
    return file.artifact.came_from != PYPI, file.locked.url, path_of(file.artifact)


def _judged(judgement: Judgement, contents_of: Callable[[Artifact], Contents]) -> SupplyFile | LeftOut:
    """Return a judged distribution as a file of the supply, or why it is none."""
    artifact = judgement.artifact
    if artifact.kind is Kind.BUILT:
        return LeftOut(artifact, Why.BUILT, "it was built here, and has no URL of its own")
    if judgement.verdict is not Verdict.VERIFIED:
        why, detail = _OF_VERDICTS[judgement.verdict]
        finding = next(iter(judgement.findings), None)
        said = judgement.problem if finding is None else f"{finding.check.code} {finding.check.sentence}"
        return LeftOut(artifact, why, f"{detail}: {said}" if said else detail)
    url = without_user(artifact.url or "").partition("#")[0]
    if not url or request_key(url) != artifact.key:  # that is the proof, however the URL was found
        return LeftOut(artifact, Why.NO_URL, "nothing proves its URL")
    if redact_url(url) != url:
        return LeftOut(artifact, Why.SECRET, "its URL seems to hold a secret")
    sha256 = judgement.digests.get("sha256")
    if sha256 is None:
        return LeftOut(artifact, Why.UNREADABLE, "SHA-256 is not allowed here")
    return _named(artifact, url, sha256, contents_of)


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
    project = normalise(name.project)
    parsed = parse_version(version.replace("_", "+", 1))  # file names have _ for + (PEP 427)
    contents = contents_of(artifact)
    if contents.problem is not None:
        return LeftOut(artifact, Why.UNREADABLE, f"its metadata could not be read: {contents.problem}")
    if contents.project is not None and contents.project != project:
        detail = f"its file name is of {project}, its metadata of {contents.project}"
        return LeftOut(artifact, Why.BAD_NAME, detail)
    locked = LockedFile(
        project,
        version if parsed is None else str(parsed),
        filename,
        url,
        sha256,
        artifact.size,
        requires_python=str(python_specifiers(contents.requires_python)),
    )
    return SupplyFile(artifact, name, locked, contents)
