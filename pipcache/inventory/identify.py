"""Entries as artifacts, named by their heads and their content.

``identify`` never fails: an entry that cannot be recognised is an artifact of kind ``unknown``.
"""

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache

from pipcache.archive.metadata import Metadata, SdistFacts, WheelFacts
from pipcache.index.page_format import PAGE_LIMIT, PageFormat, stated_format
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, Place
from pipcache.inventory.built_wheel import identify_built, identify_origin
from pipcache.inventory.header_names import header_claims, kept_once
from pipcache.store.body import Body
from pipcache.store.cache import Cache
from pipcache.store.cachecontrol import Head
from pipcache.store.content import Content, EmptyBody, OpaqueBody, PageBody, TextBody, ZipBody
from pipcache.store.entries import BuiltEntry, Entry, HttpEntry, Leftover, StrayEntry, UnreadableEntry
from pipcache.store.layout import Store
from pipcache.store.response import PAGE_TYPES, Response, is_page_by_head
from pipcache.util.compression import UndecodableBody
from pipcache.util.filenames import (
    SDIST_SUFFIXES,
    expand_tags,
    is_version,
    names_release,
    normalise,
    parse_filename,
    split_stem,
    stems,
    unique,
    wheel_filenames,
)
from pipcache.util.untrusted import decode_json, redact_url

Look = Callable[[Artifact, Body], object]
"""Looks at an artifact and its open body."""

PageBases = Callable[[], Sequence[str]]
"""Gives the URLs below which index pages may be; called when the first page is read."""

_PAGE_SIGNS = (b"<title>links for ", b"<h1>links for ", b'"pypi:repository-version"', b'"simple index"')


def identify(
    cache: Cache,
    entry: Entry,
    *,
    deep: bool = False,
    bases: PageBases | None = None,
    head: Head | None = None,
    look: Look | None = None,
) -> Artifact:
    """Return an entry as an artifact.

    Args:
        cache: the cache that the entry is from.
        entry: the entry.
        deep: read METADATA and PKG-INFO of archives too, and self-check notes. Without it only so much is read
            as gives kind, project and version.
        bases: given, index pages are read for their names while they are open.
        head: the head of a download where it was read before.
        look: called with the artifact of a download and its body, as long as that is open.
    """
    match entry:
        case HttpEntry():
            return identify_response(cache.response(entry, deep=deep, head=head), entry, bases, look)
        case BuiltEntry() if not entry.store.is_uvs:
            return with_own_name(identify_built(cache, entry))
        case StrayEntry(store=Store.SELFCHECK):
            from pipcache.inventory.selfcheck_note import identify_note  # a cache has few of them, or none

            return identify_note(cache, entry, deep=deep)
        case StrayEntry(why=Leftover.ORIGIN):
            return identify_origin(cache, entry)
        case StrayEntry(file=file, why=why):
            return Artifact(entry, Kind.UNKNOWN, file.size, notes=(why.value,))
        case UnreadableEntry(error=error):
            return Artifact(entry, Kind.UNKNOWN, 0, problem=f"cannot be read: {error}", unreadable=True)
        case _:
            from pipcache.inventory.uv_artifacts import identify_uv  # pip's cache is read without it

            return identify_uv(cache, entry, deep=deep)


def with_own_name(artifact: Artifact) -> Artifact:
    """Return an artifact with the first name in its entry as its own.

    A page is named by its key before that, and a top folder that names no release can have any name.
    """
    if artifact.own is not None or artifact.kind is Kind.PAGE:
        return artifact
    own = _first_name(artifact.claims)
    return artifact if own is None else artifact._replace(own=own)


def _first_name(claims: Sequence[Claim]) -> Claim | None:
    """Return the first name with a version that is not that of a top folder, else the first without a version."""
    first = None
    for claim in claims:
        if claim.project and claim.place is not Place.TOP_FOLDER:
            if claim.version:
                return claim
            first = first or claim
    return first


def identify_by_head(cache: Cache, entry: Entry) -> Artifact:
    """Return ``entry`` as an artifact named by its head alone; no body of a download is read."""
    if not isinstance(entry, HttpEntry):
        return identify(cache, entry, deep=True)
    response = cache.head(entry)
    artifact = _before_content(entry, response)
    head = response.head
    if head is not None and head.is_redirect:
        return _as_redirect(artifact, head)
    if head is not None:
        kind = Kind.PAGE if is_page_by_head(head) else promised_kind(artifact) or Kind.UNKNOWN
        artifact = artifact._replace(kind=kind)
    return with_own_name(artifact)


def identify_response(
    response: Response, entry: HttpEntry, bases: PageBases | None, look: Look | None = None
) -> Artifact:
    """Return a download as an artifact, and close its response; the arguments are as for ``identify``."""
    try:
        artifact = with_own_name(_of_response(entry, response, bases))
        if look is not None and response.body is not None:
            look(artifact, response.body)
        return artifact
    finally:
        response.close()


def claims_of_metadata(facts: WheelFacts) -> tuple[Claim, ...]:
    """Return the name in the METADATA of a wheel, where it was read."""
    metadata = facts.metadata
    if metadata is None:
        return ()
    return (Claim(Evidence.CONTENT, "METADATA", kept_once(metadata.name), kept_once(metadata.version)),)


def _of_response(entry: HttpEntry, response: Response, bases: PageBases | None) -> Artifact:
    head, content, body = response.head, response.content, response.body
    artifact = _before_content(entry, response)
    if head is not None and head.is_redirect:
        return _as_redirect(artifact, head)
    if content is None:
        return _by_promise(artifact, "a head without a body: pip downloads the file again")
    artifact = _by_content(artifact, content, body)
    if bases is None or body is None or artifact.kind is not Kind.PAGE:
        return artifact
    from pipcache.inventory.page_names import read_clues  # a plain list reads no page

    return artifact._replace(clues=read_clues(artifact, body, bases()))


def _before_content(entry: HttpEntry, response: Response) -> Artifact:
    """Return an entry as an artifact, as far as that is known without its content."""
    head = response.head
    return Artifact(
        entry,
        Kind.PAGE if isinstance(response.content, PageBody) else Kind.UNKNOWN,
        response.size,
        header_claims(head) if head is not None else (),
        head=head,
        problem=response.problem,
        notes=response.notes
        + (("put together by pip after a broken download",) if head and head.was_resumed else ()),
        unreadable=response.unreadable,
        frame=response.frame,
    )


def _by_content(artifact: Artifact, content: Content, body: Body | None) -> Artifact:
    """Return ``artifact`` with the kind and the names that its content gives."""
    match content:
        case PageBody():
            return artifact
        case EmptyBody():
            return _by_promise(artifact, "the body is empty")
        case WheelFacts() as facts:
            return _as_wheel(artifact, facts)
        case SdistFacts() as facts:
            return _as_sdist(artifact, facts)
        case TextBody(metadata=Metadata() as metadata) if not _lists_files(artifact, body):
            claim = Claim(Evidence.CONTENT, "METADATA", metadata.name, metadata.version)
            return artifact._replace(kind=Kind.METADATA, claims=(claim, *artifact.claims))
        case TextBody() as text:
            return _as_text(artifact, text, body)
        case ZipBody(problem=problem):
            fallback = Kind.UNKNOWN if problem else Kind.OTHER
            return _by_promise(artifact, problem or "a ZIP that is neither a wheel nor an sdist", fallback)
        case OpaqueBody(problem=problem):
            is_page = artifact.head is not None and is_page_by_head(artifact.head)
            if is_page or (promised_kind(artifact) is None and _lists_files(artifact, body)):
                return artifact._replace(kind=Kind.PAGE, problem=artifact.problem or problem)
            return _by_promise(artifact, problem or "its content is nothing pip caches")


_PACKAGE_TYPES = {"bdist_wheel": Kind.WHEEL, "sdist": Kind.SDIST}


def promised_kind(artifact: Artifact) -> Kind | None:
    """Return the kind that its headers or its URL promise, whatever the bytes are; None when they promise none."""
    filename = next((claim.filename for claim in artifact.claims if claim.filename), None)
    if filename is not None:
        return kind_of_filename(filename)
    head = artifact.head
    return None if head is None else _PACKAGE_TYPES.get(head.headers.get("x-pypi-file-package-type", ""))


def kind_of_filename(filename: str) -> Kind:
    """Return the kind of the artifact at a URL that ends with a file name."""
    if filename.endswith(".metadata"):
        return Kind.METADATA
    if filename.endswith(".whl"):
        return Kind.WHEEL
    return Kind.SDIST if filename.lower().endswith(SDIST_SUFFIXES) else Kind.OTHER


def _by_promise(artifact: Artifact, problem: str, fallback: Kind = Kind.UNKNOWN) -> Artifact:
    """Return an artifact that its bytes do not name: it has the kind that its headers promise, or ``fallback``."""
    kind = promised_kind(artifact) or fallback
    if kind is Kind.OTHER and fallback is Kind.OTHER:
        return artifact._replace(kind=kind, notes=(*artifact.notes, problem))
    return artifact._replace(kind=kind, problem=artifact.problem or problem)


def _as_redirect(artifact: Artifact, head: Head) -> Artifact:
    """Return a response that sends pip to another URL: it stores no file, so it has no names."""
    location = head.headers.get("location")
    where = f" to {redact_url(location)}" if location else ""
    return artifact._replace(
        kind=Kind.OTHER, claims=(), notes=(*artifact.notes, f"a redirect ({head.status}){where}")
    )


def _as_wheel(artifact: Artifact, facts: WheelFacts) -> Artifact:
    project, _, version = map(sys.intern, facts.folder.partition("-"))
    folder = Claim(Evidence.CONTENT, Place.DIST_INFO.value, project, version or None, place=Place.DIST_INFO)
    tags, build = facts.tags, facts.build
    if not tags:
        named = (parse_filename(claim.filename) for claim in artifact.claims if claim.filename)
        if (
            wheel := next((name for name in named if name is not None and name.tags is not None), None)
        ) is not None:
            tags, build = tuple(expand_tags(["-".join(wheel.tags or ())])), wheel.build
    claims = (folder, *claims_of_metadata(facts), *artifact.claims)
    return artifact._replace(
        kind=Kind.WHEEL,
        claims=claims,
        own=artifact.own or _first_name(claims),
        filenames=tuple(wheel_filenames([facts.folder], build, tags)),
        tags=_tags_kept_once(tags),
        build=build,
    )


@lru_cache(maxsize=1024)
def _tags_kept_once(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags of a wheel, which most others have too."""
    return tags


def _as_sdist(artifact: Artifact, facts: SdistFacts) -> Artifact:
    claims: list[Claim] = []
    if facts.metadata is not None and facts.metadata.name:
        claims.append(Claim(Evidence.CONTENT, "PKG-INFO", facts.metadata.name, facts.metadata.version))
    own = _own_name_of_sdist(artifact, facts, claims)
    known = next((claim.project for claim in (*claims, *artifact.claims) if claim.project), None)
    parsed = split_stem(facts.folder, None if known is None else normalise(known)) if facts.folder else None
    is_release = bool(claims)
    if parsed is not None:
        is_release |= parsed.version is not None and bool(artifact.claims or is_version(parsed.version))
        place = Place.TOP_FOLDER
        claims.append(Claim(Evidence.CONTENT, place.value, parsed.project, parsed.version, place=place))
    if not is_release:
        # the folder of a repository's archive has a branch or a commit where that of an sdist has a version
        kind = promised_kind(artifact) or Kind.OTHER
        return artifact._replace(kind=kind, claims=(*artifact.claims, *claims), own=own)
    named = parsed if parsed is not None and parsed.version is not None else claims[0]
    spelled = stems([named.project], [named.version]) if named.project and named.version else []
    folder = facts.folder.replace("_", "-").lower()
    others = [stem for stem in spelled if stem.replace("_", "-").lower() != folder]
    first = [facts.folder] if named is parsed else []
    return artifact._replace(
        kind=Kind.SDIST,
        claims=(*claims, *artifact.claims),
        own=own,
        filenames=tuple(unique(stem + facts.suffix for stem in (*first, *others))),
    )


def _own_name_of_sdist(artifact: Artifact, facts: SdistFacts, claims: Sequence[Claim]) -> Claim | None:
    """Return the name of an sdist that does not depend on whether PKG-INFO was read; None where it gives none.

    PKG-INFO is read in any case where the top folder names no release.

    Args:
        artifact: the sdist with the names in its headers.
        facts: what it says of itself.
        claims: the name in its PKG-INFO, where it was read and has one.
    """
    # PyPI names the project; the other headers name a file as somebody may have called it
    header = next((claim for claim in artifact.claims if claim.version and claim.place is None), None)
    if not names_release(facts.folder):
        return next(iter(claims), None)
    parsed = split_stem(facts.folder)
    if header is not None and header.project and normalise(header.project) != normalise(parsed.project):
        return header
    place = Place.TOP_FOLDER
    return Claim(Evidence.CONTENT, place.value, parsed.project, parsed.version, place=place)


def _as_text(artifact: Artifact, text: TextBody, body: Body | None) -> Artifact:
    """Return a text as an index page, as another document, or as what a proxy sent instead of a distribution."""
    content_type = artifact.content_type.lower()
    page_format = text.form
    promised = promised_kind(artifact)
    if promised in {Kind.WHEEL, Kind.SDIST} or (page_format is None and promised is not None):
        stored = page_format.value if page_format else "text"
        return _by_promise(artifact, f"its content is {stored}, not what its server named")
    if page_format is None and stated_format(content_type) is None:
        return artifact._replace(kind=Kind.OTHER, notes=(*artifact.notes, _media_type(content_type)))
    lowered = text.start.lower()
    if content_type.startswith(PAGE_TYPES) or any(sign in lowered for sign in _PAGE_SIGNS):
        return artifact._replace(kind=Kind.PAGE)
    from pipcache.index.page import parse_page  # most pages are recognised by their head

    data = b"" if body is None else body.readable(PAGE_LIMIT)
    page = parse_page(data, content_type)
    if page is None and _lists_files(artifact, body):
        return artifact._replace(kind=Kind.PAGE, problem=artifact.problem or "it cannot be decoded")
    if page is not None:
        claims = (Claim(Evidence.CONTENT, "page", page.project),) if page.project else ()
        return artifact._replace(kind=Kind.PAGE, claims=(*claims, *artifact.claims))
    if page_format is PageFormat.JSON:
        artifact = artifact._replace(claims=(*_json_claims(data), *artifact.claims))
    return artifact._replace(kind=Kind.OTHER, notes=(*artifact.notes, _media_type(content_type)))


def _lists_files(artifact: Artifact, body: Body | None) -> bool:
    """Return whether pip may find links to files in a body; it reads what its server calls HTML.

    So it may where the body cannot be decoded here, or has more than is read.
    """
    if body is None or stated_format(artifact.content_type) is None:
        return False
    from pipcache.index.page import parse_page  # few bodies get here

    try:
        return parse_page(body.decoded(PAGE_LIMIT), artifact.content_type) is not None
    except UndecodableBody:
        return True
    except OSError:
        return False


def _json_claims(data: bytes) -> tuple[Claim, ...]:
    """Return the name in a document of PyPI's JSON API, which pip <= 9 requested to look for a newer pip."""
    document = decode_json(data)
    info = document.get("info") if isinstance(document, dict) else None
    if not isinstance(info, dict):
        return ()
    name, version = info.get("name"), info.get("version")
    if not isinstance(name, str):
        return ()
    return (Claim(Evidence.CONTENT, "JSON API", name, version if isinstance(version, str) else None),)


def _media_type(content_type: str) -> str:
    return f"a document ({content_type.partition(';')[0].strip() or 'of no stated type'})"
