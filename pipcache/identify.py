"""Entry (and its bytes) -> artifact: what this is, of which project and version, and how we know.

``identify`` is total: whatever the bytes are, the answer is an artifact, at worst of kind ``unknown``.
"""

import os
import re
from typing import NamedTuple

from pipcache.archives import Metadata, SdistFacts, WheelFacts
from pipcache.artifacts import Artifact, Claim, Evidence, Kind
from pipcache.bodies import (
    Content,
    EmptyBody,
    OpaqueBody,
    PageBody,
    TextBody,
    UndecodableBody,
    ZipBody,
    decode_body,
    inspect,
)
from pipcache.built import ORIGIN_LIMIT, BuildKey, Origin, invert_key, parse_origin
from pipcache.files import File, Window
from pipcache.names import (
    SDIST_SUFFIXES,
    FileName,
    normalise,
    parse_filename,
    split_stem,
    stems,
    unique,
    wheel_filenames,
)
from pipcache.responses import HEAD_LIMIT, Head, MalformedResponse, decode_head, read_inline
from pipcache.scan import BuiltEntry, Entry, HttpEntry, Store, StrayEntry, UnreadableEntry
from pipcache.text import redact_url

REDIRECTS = frozenset({300, 301, 308})
_PAGE_TYPES = ("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html")
_PAGE_SIGNS = (b"<title>links for ", b"<h1>links for ", b'"pypi:repository-version"', b'"simple index"')


def identify(root: str, entry: Entry, *, deep: bool = False) -> Artifact:
    """Return the artifact that ``entry`` below ``root`` is.

    ``deep`` reads METADATA and PKG-INFO too; without it only what tells kind, project and version.
    """
    match entry:
        case HttpEntry():
            return _identify_http(root, entry, deep=deep)
        case BuiltEntry():
            return _identify_built(root, entry)
        case StrayEntry(store=store, file=file, why=why):
            kind = Kind.OTHER if store is Store.SELFCHECK else Kind.UNKNOWN
            return Artifact(entry, kind, file.size, notes=(why,))
        case UnreadableEntry(error=error):
            return Artifact(entry, Kind.UNKNOWN, 0, problem=f"cannot be read: {error}")


def read_file(root: str, file: File, limit: int) -> bytes:
    """Return the first ``limit`` bytes of a file of the cache.

    Raises:
        OSError: it cannot be opened or read, or is no regular file any more.
    """
    with Window.open(root, file) as window:
        return window.read(0, limit)


def open_body(root: str, artifact: Artifact) -> Window:
    """Open the bytes an artifact is: the body of an HTTP entry, the wheel of a built one. The caller closes it.

    Raises:
        OSError: it cannot be opened, or there is none.
    """
    match artifact.entry:
        case HttpEntry(store=Store.HTTP, head=File() as file):
            window = Window.open(root, file)
            if artifact.head is None or artifact.head.body is None:
                return window
            window.start, window.length = artifact.head.body
            return window
        case HttpEntry(body=File() as file) | BuiltEntry(wheel=file) | StrayEntry(file=file):
            return Window.open(root, file)
        case _:
            raise FileNotFoundError("there is no body")


class _Response(NamedTuple):
    head: Head | None
    content: Content | None  # None: there is no body
    size: int
    problem: str | None = None
    notes: tuple[str, ...] = ()


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _read_split(root: str, entry: HttpEntry, *, deep: bool) -> _Response:
    """Read an entry of ``http-v2``: head and body are two files."""
    head: Head | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()
    if entry.head is None:
        notes = ("a body without a head: pip never reads it",)
    else:
        try:
            if entry.head.size > HEAD_LIMIT:
                raise MalformedResponse(f"the head has {entry.head.size} bytes, far more than pip writes")
            head = decode_head(read_file(root, entry.head, HEAD_LIMIT))
        except MalformedResponse as error:
            problem = error.reason
        except OSError as error:
            problem = _reason(error)
    if entry.body is None:
        return _Response(head, None, 0, problem, notes)
    if head is not None and not deep and _is_page_by_head(head):
        return _Response(head, PageBody(), entry.body.size, problem, notes)
    try:
        with Window.open(root, entry.body) as window:
            content = inspect(window, head and head.headers.get("content-encoding"), deep=deep)
            return _Response(head, content, window.length, problem, notes)
    except OSError as error:
        return _Response(head, OpaqueBody(None), entry.body.size, problem or _reason(error), notes)


def _is_page_by_head(head: Head) -> bool:
    """True for what PyPI or a server of the simple API says is an index page; its body need not be opened."""
    headers = head.headers
    content_type = headers.get("content-type", "")
    return head.status not in REDIRECTS and (
        content_type.startswith(_PAGE_TYPES)
        or ("x-pypi-last-serial" in headers and content_type.startswith("text/html"))
    )


def _read_joint(root: str, file: File, *, deep: bool) -> _Response:
    """Read an entry of ``http``: the body is inside the head's file."""
    try:
        with Window.open(root, file) as window:
            head = read_inline(window)
            if head.body is None:
                return _Response(head, None, 0)
            body = window.part(*head.body)
            return _Response(head, inspect(body, head.headers.get("content-encoding"), deep=deep), body.length)
    except MalformedResponse as error:
        notes = ("old serialisation",) if error.old else ()
        return _Response(None, OpaqueBody(None), file.size, error.reason, notes)
    except OSError as error:
        return _Response(None, OpaqueBody(None), file.size, _reason(error))


def _identify_http(root: str, entry: HttpEntry, *, deep: bool) -> Artifact:
    if entry.store is Store.HTTP and entry.head is not None:
        response = _read_joint(root, entry.head, deep=deep)
    else:
        response = _read_split(root, entry, deep=deep)
    head, content = response.head, response.content
    header = _header_claims(head) if head is not None else ()
    artifact = Artifact(
        entry,
        Kind.UNKNOWN,
        response.size,
        header,
        head=head,
        problem=response.problem,
        notes=response.notes
        + (("put together by pip after a broken download",) if head and head.was_resumed else ()),
    )
    if head is not None and head.status in REDIRECTS:
        return _redirect(artifact, head)
    match content:
        case PageBody():
            return artifact._replace(kind=Kind.PAGE)
        case None if head is not None:
            return _promised(artifact, "a head without a body: pip takes it for a miss")
        case None | EmptyBody():
            return _promised(artifact, "the body is empty")
        case WheelFacts() as facts:
            return _as_wheel(artifact, facts)
        case SdistFacts() as facts:
            return _as_sdist(artifact, facts)
        case TextBody(metadata=Metadata() as metadata):
            claim = Claim(Evidence.CONTENT, "METADATA", metadata.name, metadata.version)
            return artifact._replace(kind=Kind.METADATA, claims=(claim, *header))
        case TextBody() as text:
            return _as_text(root, artifact, text)
        case ZipBody(problem=problem):
            return _promised(artifact, problem or "a ZIP that is neither a wheel nor an sdist", Kind.OTHER)
        case OpaqueBody(problem=problem):
            return _promised(artifact, problem or "its content is nothing pip caches")


_NAMED = r"""(?i)filename\*?=(?:UTF-8'')?"?([^";]+)"""
_PACKAGE_TYPES = {"bdist_wheel": Kind.WHEEL, "sdist": Kind.SDIST}


def _header_claims(head: Head) -> tuple[Claim, ...]:
    """Return the names the response's headers give (PyPI's since 2022-12; RFC 6266; Artifactory's)."""
    claims: list[Claim] = []
    headers = head.headers
    if project := headers.get("x-pypi-file-project"):
        claims.append(Claim(Evidence.HEADER, "x-pypi-file-project", project, headers.get("x-pypi-file-version")))
    for name in ("x-artifactory-filename", "content-disposition"):
        if not (value := headers.get(name)):
            continue
        found = re.search(_NAMED, value) if name == "content-disposition" else None
        filename = os.path.basename(found[1].strip() if found else value)
        if (parsed := parse_filename(filename)) is not None:
            claims.append(Claim(Evidence.HEADER, name, parsed.project, parsed.version, filename))
    return tuple(claims)


def promised_kind(artifact: Artifact) -> Kind | None:
    """Return the kind its headers or its URL promise, whatever the bytes are; None when they promise none."""
    filename = next((claim.filename for claim in artifact.claims if claim.filename), None)
    if filename is not None:
        return kind_of_filename(filename)
    head = artifact.head
    return None if head is None else _PACKAGE_TYPES.get(head.headers.get("x-pypi-file-package-type", ""))


def kind_of_filename(filename: str) -> Kind:
    """Return the kind of artifact a URL with this last part is."""
    if filename.endswith(".metadata"):
        return Kind.METADATA
    if filename.endswith(".whl"):
        return Kind.WHEEL
    return Kind.SDIST if filename.lower().endswith(SDIST_SUFFIXES) else Kind.OTHER


def _promised(artifact: Artifact, problem: str, otherwise: Kind = Kind.UNKNOWN) -> Artifact:
    """Return an artifact whose bytes tell nothing: its kind is the one the headers promise."""
    kind = promised_kind(artifact) or otherwise
    if kind is Kind.OTHER and otherwise is Kind.OTHER:
        return artifact._replace(kind=kind, notes=(*artifact.notes, problem))
    return artifact._replace(kind=kind, problem=artifact.problem or problem)


def _redirect(artifact: Artifact, head: Head) -> Artifact:
    location = head.headers.get("location")
    where = f" to {redact_url(location)}" if location else ""
    return artifact._replace(
        kind=Kind.OTHER, claims=(), notes=(*artifact.notes, f"a redirect ({head.status}){where}")
    )


def _as_wheel(artifact: Artifact, facts: WheelFacts) -> Artifact:
    project, _, version = facts.folder.partition("-")
    claims = [Claim(Evidence.CONTENT, ".dist-info", project, version or None)]
    if facts.metadata is not None:
        claims.append(Claim(Evidence.CONTENT, "METADATA", facts.metadata.name, facts.metadata.version))
    return artifact._replace(
        kind=Kind.WHEEL,
        claims=(*claims, *artifact.claims),
        filenames=tuple(wheel_filenames([facts.folder], facts.build, facts.tags)),
        tags=facts.tags,
        build=facts.build,
    )


def _as_sdist(artifact: Artifact, facts: SdistFacts) -> Artifact:
    claims: list[Claim] = []
    if facts.metadata is not None and facts.metadata.name:
        claims.append(Claim(Evidence.CONTENT, "PKG-INFO", facts.metadata.name, facts.metadata.version))
    known = next((claim.project for claim in (*claims, *artifact.claims) if claim.project), None)
    parsed = split_stem(facts.folder, None if known is None else normalise(known))
    claims.append(Claim(Evidence.CONTENT, "top folder", parsed.project, parsed.version))
    if parsed.version is None or not (claims[:-1] or artifact.claims or parsed.version[:1].isdigit()):
        # a repository's archive is named for a branch or a commit, an sdist for a version
        return artifact._replace(kind=promised_kind(artifact) or Kind.OTHER, claims=(*artifact.claims, *claims))
    spelled = stems([parsed.project], [parsed.version])
    alike = [stem for stem in spelled if stem.replace("_", "-").lower() != facts.folder.replace("_", "-").lower()]
    return artifact._replace(
        kind=Kind.SDIST,
        claims=(*claims, *artifact.claims),
        filenames=tuple(unique(stem + facts.suffix for stem in (facts.folder, *alike))),
    )


def _as_text(root: str, artifact: Artifact, text: TextBody) -> Artifact:
    """Tell index pages from the sign-in page a proxy sent instead of a wheel, and from other documents."""
    head = artifact.head
    content_type = head.headers.get("content-type", "") if head is not None else ""
    form = text.form
    promised = promised_kind(artifact)
    if promised in {Kind.WHEEL, Kind.SDIST} or (form is None and promised is not None):
        return _promised(artifact, f"its content is {form.value if form else 'text'}, not what its server named")
    if form is None:
        return artifact._replace(kind=Kind.OTHER, notes=(*artifact.notes, _media_type(content_type)))
    lowered = text.start.lower()
    if content_type.startswith(_PAGE_TYPES) or any(sign in lowered for sign in _PAGE_SIGNS):
        return artifact._replace(kind=Kind.PAGE)
    from pipcache.pages import PAGE_LIMIT, parse_page  # noqa: PLC0415 - rare: most pages show what they are

    try:
        with open_body(root, artifact) as window:
            data = decode_body(window, head and head.headers.get("content-encoding"), PAGE_LIMIT)
    except (OSError, UndecodableBody):
        data = b""
    page = parse_page(data)
    if page is not None:
        claims = (Claim(Evidence.CONTENT, "page", page.project),) if page.project else ()
        return artifact._replace(kind=Kind.PAGE, claims=(*claims, *artifact.claims))
    return artifact._replace(kind=Kind.OTHER, notes=(*artifact.notes, _media_type(content_type)))


def _media_type(content_type: str) -> str:
    return f"a document ({content_type.partition(';')[0].strip() or 'of no stated type'})"


def _identify_built(root: str, entry: BuiltEntry) -> Artifact:
    filename = os.path.basename(entry.wheel.path)
    parsed = parse_filename(filename)
    claims: list[Claim] = []
    notes: list[str] = []
    if parsed is not None:
        claims.append(Claim(Evidence.FILENAME, "file name", parsed.project, parsed.version, filename))
    source, build_key = _read_origin(root, entry, parsed, notes)
    if source is not None and source.commit is None:
        from urllib.parse import unquote  # noqa: PLC0415 - only where something was built

        last = unquote(source.url.rpartition("/")[2])
        named = parse_filename(last, parsed and normalise(parsed.project))
        if named is not None and named.version is not None:
            claims.append(Claim(Evidence.ORIGIN, "origin.json", named.project, named.version))
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
    )


def _read_origin(
    root: str, entry: BuiltEntry, parsed: FileName | None, notes: list[str]
) -> tuple[Origin | None, BuildKey | None]:
    if entry.origin is None:
        notes.append("no origin.json: built before pip 22.2, or its writing was interrupted")
        return None, None
    try:
        source = parse_origin(read_file(root, entry.origin, ORIGIN_LIMIT))
    except OSError as error:
        notes.append(f"origin.json {_reason(error)}")
        return None, None
    if source is None:
        notes.append("origin.json is not what pip writes; pip ignores it")
        return None, None
    hint = parsed.tags[0].rpartition(".")[2] if parsed is not None and parsed.tags is not None else None
    inverted = invert_key(entry.key, [source], hint)
    if inverted is None:
        notes.append("the folder's key is not that of its origin.json: moved, or altered")
        return source, None
    build_key = inverted[1]
    if build_key.is_legacy:
        notes.append("under a key of pip before 20.0; no pip since 21.0 looks there")
    elif build_key.algorithm is None and source.hashes and source.commit is None:
        notes.append(
            "its key lacks the archive's digest: from a direct URL, or of pip 22.3 (then no other pip looks there)"
        )
    if source.is_directory:
        notes.append("built from a local folder by a pip before 26.2, which should not have kept it")
    return source, build_key
