"""Entries of uv's cache as artifacts, named by uv's notes, by their content and by the folders they lie in."""

import os
from collections.abc import Iterator

from pipcache.archive.metadata import Metadata, header_fields, parse_metadata
from pipcache.installers.uv_cache import UvCache, sizes_in
from pipcache.installers.uv_pointer import METADATA_START, Pointer, read_metadata
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, Place, path_of
from pipcache.inventory.uv_checkouts import identify_checkout, is_checkout
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, InstalledEntry, NoteEntry, UnpackedEntry, entry_path
from pipcache.store.layout import Store
from pipcache.store.origin import Origin
from pipcache.util.filenames import SDIST_SUFFIXES, normalise, parse_filename, wheel_filenames
from pipcache.util.files import File, is_folder
from pipcache.util.urls import digests_in_path, filename_in

UvEntry = UnpackedEntry | InstalledEntry | NoteEntry | BuiltEntry

_BLOCK = 4096
"""Bytes that a file takes on most file systems at least; RECORD has the sizes of the files alone."""

_SEEN = "uv read it to choose a version; it is no download of a file"

_GONE = "what uv unpacked is gone: uv downloads it again"

_GOES_WITH_ALL = "uv removes it only with everything else in its cache"

_BUCKETS_THAT_STAY = ("wheels-v", "sdists-v", "built-wheels-v", "builds-v", "git-v")
"""Buckets in which ``uv cache prune`` looks for what nothing uses, if at all; others it empties."""

_UNNAMED = "nothing leads to it: of a killed or running install, or of a pointer that is gone"


def identify_uv(cache: Cache, entry: UvEntry, *, deep: bool) -> Artifact:
    """Return an entry of uv's cache as an artifact.

    Args:
        cache: the cache.
        entry: the entry.
        deep: read METADATA, and the metadata of what uv only looked at.
    """
    assert isinstance(cache, UvCache)
    artifact = _identify(cache, entry, deep=deep)
    if _goes_with_all(cache, artifact):
        artifact = artifact._replace(goes_with_all=True, notes=(*artifact.notes, _GOES_WITH_ALL))
    bucket = entry_path(entry).split(os.sep)[0]
    if bucket in cache.unknown:
        note = f"in {bucket}, which was read as the last known layout"
        artifact = artifact._replace(notes=(*artifact.notes, note))
    return artifact


def _goes_with_all(cache: UvCache, artifact: Artifact) -> bool:
    """Return whether ``uv cache clean PROJECT`` and ``uv cache prune`` both leave an artifact (uv 0.2 to 0.13).

    They leave editable projects, what uv checked out of repositories, what a killed download or build left in a
    bucket, and sources from a URL or a path of which uv never learned the name, because they could not be built.
    """
    path = path_of(artifact)
    bucket, *folders = path.split(os.sep)
    if isinstance(artifact.entry, NoteEntry) or not bucket.startswith(_BUCKETS_THAT_STAY):
        return False
    if folders[0] in {"editable", "checkouts"} or any(folder.startswith(".tmp") for folder in folders):
        return True
    if folders[0] not in {"url", "path", "git"} or artifact.store is not Store.UV_SDISTS:
        return False
    sources = artifact.entry.folder if isinstance(artifact.entry, UnpackedEntry) else None
    is_sdist = sources is not None and sources.path.startswith(bucket)
    revision = sources.path if sources is not None and is_sdist else os.path.dirname(path)
    return not any(os.path.basename(file.path) == "metadata.msgpack" for file in cache.children(revision))


def _identify(cache: UvCache, entry: UvEntry, *, deep: bool) -> Artifact:
    match entry:
        case UnpackedEntry() if is_checkout(entry):
            return identify_checkout(cache, entry)
        case UnpackedEntry(store=Store.UV_SDISTS) if _is_sdist(cache, entry):
            return _identify_sdist(cache, entry, deep=deep)
        case UnpackedEntry():
            return _identify_wheel(cache, entry, deep=deep)
        case InstalledEntry():
            return _identify_installed(cache, entry, deep=deep)
        case NoteEntry():
            return _identify_note(cache, entry, deep=deep)
        case BuiltEntry():
            return _identify_built(cache, entry)


def _is_sdist(cache: UvCache, entry: UnpackedEntry) -> bool:
    """Return whether an entry is of sources: the pointer of a revision leads to it, or its folder is one."""
    if entry.pointer is not None:
        return cache.pointer(entry) is not None
    return not cache.infos(entry)


def _identify_wheel(cache: UvCache, entry: UnpackedEntry, *, deep: bool) -> Artifact:
    pointer = cache.pointer(entry)
    is_built = entry.store is Store.UV_SDISTS
    infos = cache.infos(entry)
    claims = [*_pointer_claims(pointer)]
    if is_built and entry.pointer is not None:
        # the link beside a built wheel is called as the wheel
        claims += _filename_claim(f"{os.path.basename(entry.pointer.path)}.whl", "the link to it")
    claims += _content_claims(cache, infos, deep=deep)
    if entry.pointer is not None:
        claims += _path_claim(entry.pointer, entry.store)
    elif not infos and entry.folder is not None:
        claims += _folder_claims(cache, entry.folder)
    parsed = next((parse_filename(claim.filename) for claim in claims if claim.filename), None)
    tags: tuple[str, ...] = () if parsed is None or parsed.tags is None else ("-".join(parsed.tags),)
    build = None if parsed is None else parsed.build
    if not tags and deep and infos:
        tags, build = _tags_in(cache, infos[0])
    stems = [os.path.basename(info.path).removesuffix(".dist-info") for info in infos]
    size, disk = _sizes(cache, infos)
    source = _source_of(cache, entry) if is_built else None
    notes = []
    if entry.folder is None:
        notes.append(_GONE)
    notes += _places(cache, infos) if deep else ()
    if entry.pointer is None:
        notes.append(_UNNAMED)
    elif pointer is not None and not pointer.noted_digests:
        notes.append("uv noted no digest of the file")
    problem = None
    if entry.folder is not None and not infos:
        refused = cache.refused.get(entry.folder.path)
        problem = f"cannot be listed: {refused}" if refused else "no .dist-info folder is in it"
    return Artifact(
        entry,
        Kind.UNKNOWN if entry.folder is None else Kind.BUILT if is_built else Kind.WHEEL,
        size,
        tuple(claims),
        filenames=tuple(wheel_filenames(stems[:1], build, tags)) if tags else (),
        tags=tags,
        build=build,
        url=source.url if source is not None else None if pointer is None else pointer.url,
        source=source,
        problem=problem,
        notes=tuple(notes),
        noted_digests=() if pointer is None else pointer.noted_digests,
        disk=disk + sum(file.allocated for file in (entry.pointer,) if file is not None),
        was_here=entry.folder is None,
    )


def _places(cache: UvCache, infos: list[File]) -> Iterator[str]:
    """Yield in how many other places a distribution is, by hard links, which reach over one file system."""
    for info in infos:
        links = cache.links(info)
        if links > 1:
            times = "once" if links == 2 else f"{links - 1} times"
            path = f"{info.path}/METADATA".replace(os.sep, "/")
            yield f"installed {times} from here on this file system, by hard links ({path})"


def _pointer_claims(pointer: Pointer | None) -> Iterator[Claim]:
    """Yield the names in a pointer: the name of the wheel, and that at the end of the URL."""
    if pointer is None:
        return
    named = [("uv's note of the download", pointer.filename)]
    if pointer.url is not None:
        named.append(("the URL that uv noted", filename_in(pointer.url)))
    known: str | None = None
    for detail, filename in named:
        if filename and filename != known and (parsed := parse_filename(filename)) is not None:
            known = filename
            yield Claim(Evidence.POINTER, detail, parsed.project, parsed.version, filename)


def _folder_claims(cache: UvCache, folder: File) -> Iterator[Claim]:
    """Yield the names of packages in a folder without ``.dist-info``, which uv unpacks last; they are guesses."""
    for file in cache.children(folder.path)[:_MOST_FOLDERS]:
        name = os.path.basename(file.path).removesuffix(".py")
        if name.isidentifier():
            yield Claim(Evidence.CONTENT, "a package in it", name, place=Place.TOP_FOLDER)


def _filename_claim(filename: str, detail: str) -> Iterator[Claim]:
    """Yield the name in a wheel's file name."""
    parsed = parse_filename(filename)
    if parsed is not None and parsed.is_wheel:
        yield Claim(Evidence.FILENAME, detail, parsed.project, parsed.version, filename)


def _content_claims(cache: UvCache, infos: list[File], *, deep: bool) -> Iterator[Claim]:
    """Yield the names that the ``.dist-info`` folders of a distribution have, and with ``deep`` their METADATA."""
    for info in infos:
        stem, _, ending = os.path.basename(info.path).rpartition(".")
        project, _, version = stem.partition("-")
        if ending == "egg-info":
            version = version.partition("-py")[0]
        yield Claim(Evidence.CONTENT, f".{ending}", project, version or None, place=Place.DIST_INFO)
        metadata = _metadata_in(cache, info) if deep else None
        if metadata is not None:
            yield Claim(Evidence.CONTENT, "METADATA", metadata.name, metadata.version)


def _metadata_in(cache: UvCache, info: File) -> Metadata | None:
    if not is_folder(info.stat):  # an .egg-info of distutils is the metadata itself
        return None
    for name in ("METADATA", "PKG-INFO"):
        text = cache.text_of(info, name)
        if text is not None:
            return parse_metadata(text[0])
    return None


def _tags_in(cache: UvCache, info: File) -> tuple[tuple[str, ...], str | None]:
    text = cache.text_of(info, "WHEEL", 16 << 10)
    fields = {} if text is None else header_fields(text[0], every_block=True)
    return tuple(fields.get("tag", ())), next(iter(fields.get("build", ())), None) or None


def _path_claim(file: File, store: Store) -> Iterator[Claim]:
    """Yield the project that a file lies in the folder of; no version, for uv cuts long names."""
    parts = file.path.split(os.sep)
    at = {"pypi": 2, "index": 3}.get(parts[1] if len(parts) > 1 else "")
    if store is Store.UV_WHEELS and at is None and len(parts) > 2:
        at = len(parts) - 2
    if at is not None and len(parts) > at + 1:
        yield Claim(Evidence.PATH, "the folder it lies in", parts[at])


def _sizes(cache: UvCache, infos: list[File]) -> tuple[int, int]:
    """Return the bytes of the files of a distribution by RECORD, and how many they take on the disk."""
    total = disk = 0
    for info in infos:
        for size in sizes_in(cache.record_of(info) or b""):
            total += size
            disk += -(-size // _BLOCK) * _BLOCK
    return total, disk


def _identify_installed(cache: UvCache, entry: InstalledEntry, *, deep: bool) -> Artifact:
    size, disk = _sizes(cache, [entry.info])
    claims = tuple(_content_claims(cache, [entry.info], deep=deep))
    # a hard link to the file of an unpacked wheel takes no more room
    is_shared = cache.links(entry.info) > 1
    environment = entry.environment.path.replace(os.sep, "/")
    return Artifact(
        entry,
        Kind.ENVIRONMENT,
        size,
        claims,
        notes=(f"installed in {environment}, an environment that uv keeps",),
        disk=0 if is_shared else disk,
    )


def _identify_note(cache: UvCache, entry: NoteEntry, *, deep: bool) -> Artifact:
    if entry.store is Store.UV_PAGES:
        name = os.path.basename(entry.file.path).rpartition(".")[0]
        claims = (Claim(Evidence.PATH, "the name of the page", name),)
        return Artifact(entry, Kind.PAGE, entry.file.size, claims, notes=(_SEEN,))
    if not entry.file.path.endswith(".msgpack"):
        problem = "it is no pointer that can be read here; uv may not read it either"
        return Artifact(
            entry, Kind.UNKNOWN, entry.file.size, tuple(_path_claim(entry.file, entry.store)), problem=problem
        )
    artifact = Artifact(entry, Kind.METADATA, entry.file.size, tuple(_path_claim(entry.file, entry.store)))
    if not deep:
        return artifact._replace(notes=(_SEEN,))
    try:
        metadata = read_metadata(cache.read(entry.file, METADATA_START))
    except OSError as error:
        return artifact._replace(problem=f"cannot be read: {error.strerror or error}", unreadable=True)
    if metadata is None:
        return artifact._replace(notes=(_SEEN,), problem="its metadata cannot be decoded")
    claim = Claim(Evidence.CONTENT, "metadata", metadata.name, metadata.version)
    return artifact._replace(claims=(claim, *artifact.claims), notes=(_SEEN,))


def _source_of(cache: UvCache, entry: BuiltEntry | UnpackedEntry) -> Origin | None:
    """Return the sdist that uv built a wheel from, by the pointer beside it."""
    pointer = cache.source_pointer(entry)
    if pointer is None or pointer.url is None:
        return None
    return Origin(pointer.url, pointer.noted_digests)


def _identify_built(cache: UvCache, entry: BuiltEntry) -> Artifact:
    filename = os.path.basename(entry.wheel.path)
    parsed = parse_filename(filename)
    source = _source_of(cache, entry)
    return Artifact(
        entry,
        Kind.BUILT,
        entry.wheel.size,
        (*_filename_claim(filename, "file name"), *_path_claim(entry.wheel, entry.store)),
        tags=() if parsed is None or parsed.tags is None else ("-".join(parsed.tags),),
        build=None if parsed is None else parsed.build,
        url=None if source is None else source.url,
        source=source,
        problem=None if parsed is not None else "its file name is no wheel's",
    )


def _identify_sdist(cache: UvCache, entry: UnpackedEntry, *, deep: bool) -> Artifact:
    own = cache.pointer(entry)
    # a revision that no pointer leads to is of the same URL; its digest may have been another
    pointer = own or cache.source_pointer(entry)
    claims = list(_path_claim(entry.pointer or _inside(entry), entry.store))
    known = next((normalise(claim.project) for claim in claims if claim.project), None)
    filename = "" if pointer is None or pointer.url is None else filename_in(pointer.url)
    named = parse_filename(filename, known) if filename.lower().endswith(SDIST_SUFFIXES) else None
    content = list(_sdist_claims(cache, entry)) if deep or named is None or named.version is None else []
    if named is not None:
        claim = Claim(Evidence.POINTER, "the URL that uv noted", named.project, named.version, filename)
        content.insert(0, claim)
    notes = [_GONE] if entry.folder is None else []
    if own is None:
        notes.append("no pointer leads to this revision")
    elif not own.noted_digests:
        notes.append("uv noted no digest of the file")
    if entry.folder is not None:
        notes.append("the sources as uv unpacked them; the archive is not kept")
    # PyPI never serves other bytes at a URL, so its revisions are of the same file
    is_same_file = own is None and pointer is not None and bool(digests_in_path(pointer.url or ""))
    noted = pointer.noted_digests if pointer is not None and (pointer is own or is_same_file) else ()
    files = [file for file in (entry.pointer, entry.folder) if file is not None]
    return Artifact(
        entry,
        Kind.UNKNOWN if entry.folder is None else Kind.SDIST,
        0 if pointer is None or pointer.size is None else pointer.size,
        (*content, *claims),
        url=None if pointer is None else pointer.url,
        problem=None if content or claims else "nothing in it names a project",
        notes=tuple(notes),
        noted_digests=noted,
        disk=sum(file.allocated for file in files),
        was_here=entry.folder is None,
    )


def _inside(entry: UnpackedEntry) -> File:
    """Return a file of which the folder of an entry is the parent, for the names in its path."""
    assert entry.folder is not None
    return entry.folder._replace(path=os.path.join(entry.folder.path, "src"))


def _sdist_claims(cache: UvCache, entry: UnpackedEntry) -> Iterator[Claim]:
    """Yield the names in the PKG-INFO of unpacked sources: in the folder, or one or two folders below."""
    if entry.folder is None:
        return
    folders = [entry.folder]
    for _ in range(3):
        for folder in folders:
            text = cache.text_of(folder, "PKG-INFO")
            metadata = None if text is None else parse_metadata(text[0])
            if metadata is not None and metadata.name:
                yield Claim(Evidence.CONTENT, "PKG-INFO", metadata.name, metadata.version)
                return
        children = (child for folder in folders[:_MOST_FOLDERS] for child in cache.children(folder.path))
        folders = [child for child in children if is_folder(child.stat)]


_MOST_FOLDERS = 8


def with_size_of_sources(cache: Cache, artifact: Artifact) -> Artifact:
    """Return an artifact; unpacked sources with the bytes that they take on the disk, which are added up."""
    match artifact.entry:
        case UnpackedEntry(folder=File() as folder) if artifact.kind is Kind.SDIST:
            assert isinstance(cache, UvCache)
            besides = artifact.disk_size - folder.allocated
            return artifact._replace(disk=besides + cache.allocated_below(folder))
        case _:
            return artifact
