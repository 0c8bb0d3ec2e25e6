"""Artifacts: what an entry is, its names, and the evidence for each name."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from pipcache.store.cachecontrol import Frame, Head
from pipcache.store.entries import (
    BuiltEntry,
    Entry,
    HttpEntry,
    InstalledEntry,
    NoteEntry,
    StrayEntry,
    UnpackedEntry,
    UnreadableEntry,
    entry_files,
    entry_path,
)
from pipcache.store.keys import BuildKey
from pipcache.store.layout import Store
from pipcache.store.origin import Origin
from pipcache.util.filenames import expand_tags, normalise, parse_filename
from pipcache.util.files import File
from pipcache.util.untrusted import redact_url
from pipcache.util.urls import authority_of, index_name

if TYPE_CHECKING:
    from pipcache.index.rows import PageFile  # a plain list reads no page


class Kind(StrEnum):
    """What an entry is; the first four are distributions."""

    WHEEL = "wheel"
    SDIST = "sdist"
    BUILT = "built"
    ENVIRONMENT = "environment"  # a distribution in an environment that an installer keeps in its cache
    METADATA = "metadata"
    PAGE = "page"
    OTHER = "other"
    UNKNOWN = "unknown"


DISTRIBUTIONS = frozenset({Kind.WHEEL, Kind.SDIST, Kind.BUILT, Kind.ENVIRONMENT})


class Evidence(StrEnum):
    """One source of a name."""

    KEY = "key"  # a URL made from the content, or of a page of a known index, whose hash is the entry's key
    PAGE = "page"  # a cached index page lists the URL whose hash is the entry's key, or a digest of the bytes
    CONTENT = "content"  # the bytes themselves: .dist-info, PKG-INFO, the top folder, a page's own name
    HEADER = "header"  # a header of the response
    FILENAME = "filename"  # the file's name on the disk (built wheels)
    ORIGIN = "origin"  # origin.json beside a built wheel; of a download, one whose URL is the entry's key
    ADVISORY = "advisory"  # an advisory or the command line gives the URL or the version that makes the key
    LOCK = "lock"  # a lock file given by the user has the URL whose hash is the entry's key
    POINTER = "pointer"  # uv's note of the download
    PATH = "path"  # the folder that uv keeps the files of a project in


PYPI, TEST_PYPI = "PyPI", "TestPyPI"
"""``came_from`` of what PyPI and its test index served."""


class Place(StrEnum):
    """The part of an entry that a name was read from, where checks depend on it. The values are shown."""

    DIST_INFO = ".dist-info"  # the folder of a wheel
    TOP_FOLDER = "top folder"  # of an sdist; it can have any name (PEP 625 is from 2022)
    CONTENT_DISPOSITION = "content-disposition"  # this header and the next give a file name
    ARTIFACTORY_FILENAME = "x-artifactory-filename"
    ANOTHER_LISTING = "another listing"  # of the same URL, or the end of the URL where a page gives another name
    SUBDIRECTORY = "subdirectory"  # of an archive that a wheel was built from; others can have other projects


class Claim(NamedTuple):
    """A name from one source.

    ``detail`` is the source as text to show. The parts of the name are as the source spells them, None where it
    does not give them. ``place`` is None where no check depends on the source.
    """

    evidence: Evidence
    detail: str
    project: str | None = None
    version: str | None = None
    filename: str | None = None
    place: Place | None = None


class PageClues(NamedTuple):
    """What the bytes of an index page say about its project, read while the page was open.

    ``names`` are the projects that it may be about by its beginning, likeliest first. ``project`` is the one that
    the whole page names; None where the beginning was enough, or the page names none. With ``ends_like_zip`` pip
    may read the page as an archive. ``roots`` are URLs below which the page may be, by the files that it lists.
    """

    names: tuple[str, ...]
    project: str | None
    ends_like_zip: bool
    roots: tuple[str, ...] = ()


class NamedRow(NamedTuple):
    """A file on an index page that may be an artifact by its name or by a digest; no URL ties the two.

    ``url`` is absolute, None where it is relative and the page's own URL is not known. ``page`` is the page, as
    text to show.
    """

    file: "PageFile"
    url: str | None
    page: str


class Artifact(NamedTuple):
    """An entry and what is known about it; ``None`` always means "cannot be known".

    Attributes:
        entry: the files in the cache.
        kind: what the entry is.
        size: bytes of the artifact itself, as they are stored.
        claims: its names, the most trusted first.
        own: the claim among them that gives project and version first, as every command reads it: index pages and
            hashing only add to it. None where only they can name the artifact.
        filenames: the file names that its content allows, likeliest first.
        tags: the tags of a wheel (PEP 425): of its proved file name, else as they are written in it.
        build: the build tag of a wheel, from the same source.
        head: the head of the stored response.
        url: where it came from: the URL hashes to the key, or ``origin.json`` has it, or a page lists it with a
            digest of the bytes.
        url_proved: the URL hashes to the key.
        listed: the file on an index page that has this URL, or else a digest of the bytes.
        also_listed: the same file where other pages list it differently.
        named_rows: files on index pages that may be the artifact by their names or digests. Only ``verify`` and
            ``show`` look for them.
        source: what a built wheel was built from.
        build_key: what the key of a built wheel's folder was made of.
        problem: why it could not be read or named, as text to show.
        notes: what else there is to say, as text to show.
        unreadable: the operating system refused to read it.
        frame: which pips write the serialisation that the head is in.
        obsolete: why a self-check note is useless by now, as text to show.
        clues: what an index page says about its project; None where the page was not read for its name.
        origin_problem: why the operating system refused to read ``origin.json``, as text to show.
        noted_digests: (algorithm, hex digest) pairs that an installer noted of the file when it downloaded it, and
            that nobody can compute again because the file is not kept.
        disk: bytes on the disk, where these are not those of ``files``.
        was_here: the installer noted that it downloaded the file, which is gone.
        goes_with_all: the installer has no command that removes it and leaves all else.
    """

    entry: Entry
    kind: Kind
    size: int
    claims: tuple[Claim, ...] = ()
    own: Claim | None = None
    filenames: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    build: str | None = None
    head: Head | None = None
    url: str | None = None
    url_proved: bool = False
    listed: "PageFile | None" = None
    also_listed: tuple["PageFile", ...] = ()
    named_rows: tuple[NamedRow, ...] = ()
    source: Origin | None = None
    build_key: BuildKey | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()
    unreadable: bool = False
    frame: Frame | None = None
    obsolete: str | None = None
    clues: PageClues | None = None
    origin_problem: str | None = None
    noted_digests: tuple[tuple[str, str], ...] = ()
    disk: int | None = None
    was_here: bool = False
    goes_with_all: bool = False

    @property
    def store(self) -> Store:
        """The store that the entry lies in."""
        return self.entry.store

    @property
    def key(self) -> str | None:
        """The entry's name in a store of pip's: 56 hex digits; None where the store gives no key."""
        if not isinstance(self.entry, (HttpEntry, BuiltEntry)) or self.entry.store.is_uvs:
            return None
        return self.entry.key

    @property
    def tool(self) -> str:
        """The installer whose store the entry lies in: ``pip`` or ``uv``."""
        return "uv" if self.entry.store.is_uvs else "pip"

    @property
    def is_downloaded(self) -> bool:
        """Whether it is what an installer downloaded, whole or unpacked, and nothing built of that."""
        return isinstance(self.entry, (HttpEntry, UnpackedEntry)) and self.kind is not Kind.BUILT

    @property
    def disk_size(self) -> int:
        """The bytes that it takes on the disk."""
        return sum(file.allocated for file in self.files) if self.disk is None else self.disk

    @property
    def files(self) -> tuple[File, ...]:
        """Its files, as the walk saw them."""
        return entry_files(self.entry)

    @property
    def project(self) -> str | None:
        """The project that ``own`` names, else the most trusted source; normalised (PEP 503)."""
        if self.own is not None and self.own.project:  # as of most: nothing is looked through
            return normalise(self.own.project)
        return next((normalise(claim.project) for claim in self.claims if claim.project), None)

    @property
    def version(self) -> str | None:
        """The version that ``own`` gives, else the most trusted source; as it is spelled there."""
        if self.own is not None and self.own.version:
            return self.own.version
        return next((claim.version for claim in self.claims if claim.version), None)

    @property
    def filename(self) -> str | None:
        """The file name that the most trusted source gives, or the likeliest that its content allows."""
        claimed = next((claim.filename for claim in self.claims if claim.filename), None)
        return claimed or (self.filenames[0] if self.filenames else None)

    @property
    def is_unnamed(self) -> bool:
        """Whether it should have a project (and, unless it is a page, a version) and lacks it."""
        is_entry = isinstance(self.entry, (HttpEntry, BuiltEntry, UnpackedEntry, InstalledEntry))
        if not is_entry or self.kind is Kind.OTHER:
            return False
        return self.project is None or (self.version is None and self.kind is not Kind.PAGE)

    @property
    def is_exact(self) -> bool:
        """Whether a source gives the file name, or the content allows only one."""
        return len(self.filenames) < 2 or any(claim.filename for claim in self.claims)

    @property
    def encoding(self) -> str | None:
        """The ``Content-Encoding`` that the bytes are stored in; None where there is no coding to undo."""
        return None if self.head is None else self.head.encoding

    @property
    def content_type(self) -> str:
        """The ``Content-Type`` of the response; empty without one."""
        return "" if self.head is None else self.head.headers.get("content-type", "")

    @property
    def is_redirect(self) -> bool:
        """Whether it is a stored response that sends pip to another URL."""
        return self.head is not None and self.head.is_redirect

    @property
    def is_guessed(self) -> bool:
        """Whether nothing names it but headers of its server and the top folder of an sdist.

        pip goes by neither: the URL, or what is in the file, names a download. The folder can have any name.
        """
        claims = (claim for claim in self.claims if claim.project)
        return all(claim.place is Place.TOP_FOLDER or claim.evidence is Evidence.HEADER for claim in claims)

    def proved_by(self, claim: Claim, url: str | None, kind: Kind | None = None) -> "Artifact":
        """Return it with its URL and the name that goes with the URL, before its other names.

        pip reads the tags and the build tag of a wheel from its file name (``models/wheel.py``).

        Args:
            claim: the name.
            url: the URL, whose hash is the key.
            kind: what the artifact is, if not what it was.
        """
        kind = kind or self.kind
        parsed = parse_filename(claim.filename or "") if kind is Kind.WHEEL else None
        tags, build = self.tags, self.build
        if parsed is not None and parsed.tags is not None:
            named = expand_tags(["-".join(parsed.tags)])
            tags = tags if set(expand_tags(tags)) == set(named) else tuple(named)
            build = parsed.build
        return self._replace(
            kind=kind, claims=(claim, *self.claims), url=url, url_proved=True, tags=tags, build=build
        )

    @property
    def made_ns(self) -> int | None:
        """When it was downloaded or built: nanoseconds since the epoch."""
        match self.entry:
            case HttpEntry(head=head, body=body):
                # pip rewrites only the head when it revalidates: the body has the time of the download
                file = body or head
                return None if file is None else file.stat.st_mtime_ns
            case BuiltEntry(wheel=wheel):
                return wheel.stat.st_mtime_ns
            case UnpackedEntry(pointer=pointer, folder=folder):
                # the folder has the time of the unpacking; uv rewrites the pointer when it revalidates
                file = folder or pointer
                return None if file is None else file.stat.st_mtime_ns
            case InstalledEntry(info=info):
                return info.stat.st_mtime_ns
            case UnreadableEntry():
                return None
            case StrayEntry(file=file) | NoteEntry(file=file):
                return file.stat.st_mtime_ns

    @property
    def used_ns(self) -> int | None:
        """When one of its files was last read, by the file system: nanoseconds since the epoch.

        None for uv's: it shares files with environments by hard links, and so the times of reading.
        """
        return None if self.store.is_uvs else max([file.stat.st_atime_ns for file in self.files], default=None)

    @property
    def came_from(self) -> str | None:
        """Where it came from, in a few words: a host, or a repository at a commit."""
        if self.source is not None and self.source.commit is not None:
            authority = authority_of(self.source.url)
            # HOST:PORT@ would look like a password, and be hidden
            at = "@" if authority is None or authority.port is None else " @"
            return f"{self.source.vcs or 'vcs'} {short_url(self.source.url)}{at}{self.source.commit[:12]}"
        url = self.url or (self.source.url if self.source is not None else None)
        if url is not None:
            authority = authority_of(url)
            return (index_name(authority) if authority is not None else None) or short_url(url)
        if self.head is None:
            return None
        return next((name for header, name in _SERVERS if header in self.head.headers), None)

    @property
    def is_from_pypi(self) -> bool:
        """Whether PyPI or its test index served it, by its URL or by the headers of the response."""
        return self.came_from in {PYPI, TEST_PYPI}


def path_of(artifact: Artifact) -> str:
    """Return the path of an artifact's entry, relative to the cache directory."""
    return entry_path(artifact.entry)


def unreadable_entries(artifacts: Iterable[Artifact]) -> list[UnreadableEntry]:
    """Return what the operating system refused to read: places of the walk, and files that the walk lists."""
    return [entry for artifact in artifacts if (entry := _unreadable_entry(artifact)) is not None]


def _unreadable_entry(artifact: Artifact) -> UnreadableEntry | None:
    match artifact.entry:
        case UnreadableEntry() as entry:
            return entry
        case BuiltEntry(origin=File(path=path)) if artifact.origin_problem is not None:
            return UnreadableEntry(artifact.store, path, artifact.origin_problem)
    if not artifact.unreadable:
        return None
    return UnreadableEntry(artifact.store, path_of(artifact), artifact.problem or "")


def with_refusals(artifacts: Iterable[Artifact], refused: Mapping[str, str]) -> list[Artifact]:
    """Return ``artifacts``; as unreadable those of which a file could not be opened or read at some time.

    Whoever needed the bytes may have gone on without them, so every answer has to say so.

    Args:
        artifacts: artifacts of a cache.
        refused: why files could not be read, by their paths (``Cache.refused``).
    """
    if not refused:
        return list(artifacts)
    return [_with_refusal(artifact, refused) for artifact in artifacts]


def _with_refusal(artifact: Artifact, refused: Mapping[str, str]) -> Artifact:
    why = next((refused[file.path] for file in artifact.files if file.path in refused), None)
    if why is None or artifact.unreadable:
        return artifact
    return artifact._replace(unreadable=True, problem=artifact.problem or f"cannot be read: {why}")


_SERVERS = (
    ("x-pypi-file-project", PYPI),
    ("x-pypi-last-serial", PYPI),
    ("x-artifactory-filename", "Artifactory"),
    ("x-artifactory-id", "Artifactory"),
    ("x-jfrog-version", "Artifactory"),
)


def short_url(url: str) -> str:
    """Return the host of a URL, with the port if it is not the scheme's; its path where it has no host."""
    authority = authority_of(url)
    return redact_url(unquote(url.partition("://")[2] or url)) if authority is None else authority.text
