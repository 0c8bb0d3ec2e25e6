"""Built wheels as artifacts, named by their file and by ``origin.json``."""

import os

from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind
from pipcache.store.cache import Cache
from pipcache.store.entries import BuiltEntry, StrayEntry
from pipcache.store.keys import BuildKey, invert_key
from pipcache.store.origin import ORIGIN_LIMIT, Origin, parse_origin
from pipcache.store.response import explain_read_error
from pipcache.util.filenames import FileName, normalise, parse_filename
from pipcache.util.urls import filename_in, is_index_path


def identify_built(cache: Cache, entry: BuiltEntry) -> Artifact:
    """Return a built wheel as an artifact."""
    filename = os.path.basename(entry.wheel.path)
    parsed = parse_filename(filename)
    claims: list[Claim] = []
    notes: list[str] = []
    if parsed is not None:
        claims.append(Claim(Evidence.FILENAME, "file name", parsed.project, parsed.version, filename))
    source, build_key, origin_problem = _read_origin(cache, entry, parsed, notes)
    if source is not None and is_index_path(source.url):
        claims += _claims_of_source(source, parsed and normalise(parsed.project))
    return Artifact(
        entry,
        Kind.BUILT,
        entry.wheel.size,
        tuple(claims),
        tags=() if parsed is None or parsed.tags is None else ("-".join(parsed.tags),),
        build=None if parsed is None else parsed.build,
        url=None if source is None else source.url,
        source=source,
        build_key=build_key,
        problem=None if parsed is not None else "its file name is no wheel's",
        notes=tuple(notes),
        origin_problem=origin_problem,
    )


def _claims_of_source(source: Origin | None, project: str | None) -> list[Claim]:
    """Return the name at the end of a source's URL, where the source is an archive; ``project`` is the wheel's.

    Only an index promises that the wheel has this name.
    """
    if source is None or source.commit is not None:
        return []
    filename = parse_filename(filename_in(source.url), project)
    if filename is None or filename.version is None:
        return []
    return [Claim(Evidence.ORIGIN, "origin.json", filename.project, filename.version)]


def identify_origin(cache: Cache, entry: StrayEntry) -> Artifact:
    """Return an ``origin.json`` whose wheel is gone as an artifact, named by the URL in it."""
    artifact = Artifact(entry, Kind.UNKNOWN, entry.file.size, notes=(entry.why.value,))
    try:
        source = parse_origin(cache.read(entry.file, ORIGIN_LIMIT))
    except OSError as error:
        unreadable = not isinstance(error, FileNotFoundError)
        return artifact._replace(problem=f"origin.json {explain_read_error(error)}", unreadable=unreadable)
    claims = tuple(_claims_of_source(source, None))
    return artifact._replace(claims=claims, source=source, url=None if source is None else source.url)


def _read_origin(
    cache: Cache, entry: BuiltEntry, parsed: FileName | None, notes: list[str]
) -> tuple[Origin | None, BuildKey | None, str | None]:
    """Return what ``origin.json`` says, the parts of the wheel's key, and why the system refused to read the file.

    What a person should know of the file is added to ``notes``.
    """
    if entry.origin is None:
        notes.append("no origin.json: built before pip 22.2, or its writing was interrupted")
        return None, None, None
    try:
        source = parse_origin(cache.read(entry.origin, ORIGIN_LIMIT))
    except OSError as error:
        notes.append(f"origin.json {explain_read_error(error)}")
        is_gone = isinstance(error, FileNotFoundError)
        return None, None, None if is_gone else error.strerror or str(error)
    if source is None:
        notes.append("origin.json is not what pip writes; pip ignores it")
        return None, None, None
    hint = parsed.tags[0].rpartition(".")[2] if parsed is not None and parsed.tags is not None else None
    inverted = invert_key(entry.key, [source], hint)
    if inverted is None:
        notes.append("the folder's key is not that of its origin.json: moved, or altered")
        return source, None, None
    build_key = inverted[1]
    if build_key.is_legacy:
        notes.append("under a key of pip before 20.0; no pip since 21.0 looks there")
    elif build_key.algorithm is None and source.hashes and source.commit is None:
        notes.append(
            "its key lacks the archive's digest: from a direct URL, or of pip 22.3 (then no other pip looks there)"
        )
    if source.is_directory:
        notes.append("built from a local folder by a pip before 26.2, which should not have kept it")
    return source, build_key, None
