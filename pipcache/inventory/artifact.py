"""Artifacts: what an entry is, its names, and the evidence for each."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from pipcache.store.cachecontrol import Frame, Head
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, UnreadableEntry, entry_files, entry_path
from pipcache.store.layout import Store
from pipcache.util.filenames import normalise
from pipcache.util.files import File
from pipcache.util.untrusted import redact_url
from pipcache.util.urls import is_pypi_file_host

if TYPE_CHECKING:
    from pipcache.index.rows import PageFile
    from pipcache.store.keys import BuildKey
    from pipcache.store.origin import Origin


class Kind(StrEnum):
    """What an entry is; the first three are distribution files."""

    WHEEL = "wheel"
    SDIST = "sdist"
    BUILT = "built"
    METADATA = "metadata"
    PAGE = "page"
    OTHER = "other"
    UNKNOWN = "unknown"


DISTRIBUTIONS = frozenset({Kind.WHEEL, Kind.SDIST, Kind.BUILT})


class Evidence(StrEnum):
    """One source of a name."""

    KEY = "key"  # a URL made from the content, or of a known index, whose hash is the entry's name
    PAGE = "page"  # a cached index page lists the URL whose hash is the entry's name
    CONTENT = "content"  # the bytes themselves: .dist-info, PKG-INFO, the top folder, a page's own name
    HEADER = "header"  # what the server said of the response
    FILENAME = "filename"  # the file's name on the disk (built wheels)
    ORIGIN = "origin"  # origin.json beside a built wheel
    ADVISORY = "advisory"  # an advisory, or the command line, gives a URL or a version that makes the entry's name
    LOCK = "lock"  # a lock file given by the user names the URL whose hash is the entry's name


class Claim(NamedTuple):
    """One name from one source; parts are as found, None where the source does not say."""

    evidence: Evidence
    detail: str
    project: str | None = None
    version: str | None = None
    filename: str | None = None


class PageClues(NamedTuple):
    """What the bytes of an index page say of its project, read while the page was open.

    ``names`` are the projects that it may be about by its beginning, likeliest first. ``project`` is what the
    whole page says; None where its names were enough, or it does not say. With ``ends_like_zip`` pip may read it
    as an archive.
    """

    names: tuple[str, ...]
    project: str | None
    ends_like_zip: bool


class Artifact(NamedTuple):
    """An entry and what is known of it; ``None`` always means "cannot be known".

    ``claims`` stand in the order in which they are trusted. ``filenames`` are those its content allows, likeliest
    first. ``size`` is in bytes, of the artifact itself. ``url`` is set only where it hashes to the key or stands
    in ``origin.json``; ``also_listed`` is what further pages say of it. ``problem`` is why it could not be read or
    named, ``unreadable`` whether the operating system refused it. ``frame`` is whose serialisation a head is in;
    ``obsolete`` says why a note is of no use any more. ``clues`` are None where a page was not read for its name.
    ``origin_problem`` is why the operating system did not let ``origin.json`` be read.
    """

    entry: Entry
    kind: Kind
    size: int
    claims: tuple[Claim, ...] = ()
    filenames: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    build: str | None = None
    head: Head | None = None
    url: str | None = None
    url_proved: bool = False
    listed: "PageFile | None" = None
    also_listed: tuple["PageFile", ...] = ()
    source: "Origin | None" = None
    build_key: "BuildKey | None" = None
    problem: str | None = None
    notes: tuple[str, ...] = ()
    unreadable: bool = False
    frame: Frame | None = None
    obsolete: str | None = None
    clues: PageClues | None = None
    origin_problem: str | None = None

    @property
    def store(self) -> Store:
        """The store the entry lies in."""
        return self.entry.store

    @property
    def key(self) -> str | None:
        """The entry's name in its store: 56 hex digits; None for what has no key."""
        return self.entry.key if isinstance(self.entry, (HttpEntry, BuiltEntry)) else None

    @property
    def files(self) -> tuple[File, ...]:
        """Its files on the disk."""
        return entry_files(self.entry)

    @property
    def project(self) -> str | None:
        """The normalised name of the best source (PEP 503)."""
        return next((normalise(claim.project) for claim in self.claims if claim.project), None)

    @property
    def version(self) -> str | None:
        """The version as the best source has it."""
        return next((claim.version for claim in self.claims if claim.version), None)

    @property
    def filename(self) -> str | None:
        """The file's name: proved, or the likeliest its content allows."""
        named = next((claim.filename for claim in self.claims if claim.filename), None)
        return named or (self.filenames[0] if self.filenames else None)

    @property
    def is_unnamed(self) -> bool:
        """True for an entry that should have a project and a version, or as a page a project, and lacks one."""
        if self.key is None or self.kind is Kind.OTHER:
            return False
        return self.project is None or (self.version is None and self.kind is not Kind.PAGE)

    @property
    def is_exact(self) -> bool:
        """True when the file name is proved or its content allows only one."""
        return len(self.filenames) < 2 or any(claim.filename for claim in self.claims)

    @property
    def encoding(self) -> str | None:
        """The ``Content-Encoding`` that its bytes are stored in; None without one."""
        return None if self.head is None else self.head.headers.get("content-encoding")

    @property
    def is_redirect(self) -> bool:
        """True for a stored answer that sends pip to another URL."""
        return self.head is not None and self.head.is_redirect

    @property
    def is_guessed(self) -> bool:
        """True when nothing but the folder in it gives it a name: that can be called anything."""
        return all(claim.detail == "top folder" for claim in self.claims)

    @property
    def made_ns(self) -> int | None:
        """When it was downloaded or built: nanoseconds since the epoch."""
        match self.entry:
            case HttpEntry(head=head, body=body):
                # a revalidation rewrites the head alone, so the body's time is the download's
                file = body or head
                return None if file is None else file.stat.st_mtime_ns
            case BuiltEntry(wheel=wheel):
                return wheel.stat.st_mtime_ns
            case UnreadableEntry():
                return None
            case stray:
                return stray.file.stat.st_mtime_ns

    @property
    def used_ns(self) -> int | None:
        """When one of its files was last read, as far as the file system keeps it: nanoseconds since the epoch."""
        return max([file.stat.st_atime_ns for file in self.files], default=None)

    @property
    def came_from(self) -> str | None:
        """Where it came from, in a few words: a host, or a repository at a commit."""
        if self.source is not None and self.source.commit is not None:
            return f"{self.source.vcs or 'vcs'} {short_url(self.source.url)}@{self.source.commit[:12]}"
        url = self.url or (self.source.url if self.source is not None else None)
        if url is not None:
            return "PyPI" if is_pypi_file_host(_host(url)) else short_url(url)
        if self.head is None:
            return None
        return next((name for header, name in _SERVERS if header in self.head.headers), None)


def path_of(artifact: Artifact) -> str:
    """Return the path an artifact's entry is known by."""
    return entry_path(artifact.entry)


def unread(artifacts: Iterable[Artifact]) -> list[UnreadableEntry]:
    """Return what the operating system would not let us read: places of the walk, and entries found by it."""
    return [
        artifact.entry
        if isinstance(artifact.entry, UnreadableEntry)
        else UnreadableEntry(artifact.store, entry_path(artifact.entry), artifact.problem or "")
        for artifact in artifacts
        if artifact.unreadable
    ]


_SERVERS = (
    ("x-pypi-file-project", "PyPI"),
    ("x-pypi-last-serial", "PyPI"),
    ("x-artifactory-filename", "Artifactory"),
    ("x-artifactory-id", "Artifactory"),
    ("x-jfrog-version", "Artifactory"),
)


def _host(url: str) -> str:
    from urllib.parse import urlsplit  # noqa: PLC0415 - most artifacts of a list have no URL yet

    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def short_url(url: str) -> str:
    """Return the host of a URL, or its path where it has none."""
    from urllib.parse import unquote  # noqa: PLC0415 - as above

    return _host(url) or redact_url(unquote(url.partition("://")[2] or url))
