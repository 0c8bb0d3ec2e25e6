"""Finds what is wrong with the bytes of an artifact alone, by its kind."""

from collections.abc import Iterable, Iterator

from pipcache.archive.flaw import Flaw
from pipcache.archive.metadata import SdistFacts, WheelFacts
from pipcache.archive.record import check_wheel
from pipcache.archive.tar_check import check_tar
from pipcache.archive.zip_check import check_zip
from pipcache.inventory.artifact import Artifact, Kind, Place
from pipcache.inventory.identify import promised_kind
from pipcache.store.content import Content, EmptyBody, OpaqueBody, TextBody, ZipBody, inspect
from pipcache.util.compression import (
    GZIP,
    BrokenStream,
    UndecodableBody,
    archive_format,
    codings,
    decoded_pieces,
)
from pipcache.util.filenames import normalise
from pipcache.util.files import Window
from pipcache.util.progress import Tick
from pipcache.util.versions import same_version
from pipcache.verify.checks import CHECK_OF_DEFECT, Check
from pipcache.verify.page import page_findings
from pipcache.verify.verdict import Finding


def structure_findings(artifact: Artifact, window: Window, tick: Tick) -> list[Finding]:
    """Return what is wrong with an artifact's bytes, without regard to promises.

    Args:
        artifact: the artifact, whose kind says what its bytes must be.
        window: its bytes as they are stored.
        tick: called before each piece; what it raises goes through.

    Raises:
        OSError: the window cannot be read.
    """
    encoding = artifact.encoding
    kind = promised_kind(artifact) or artifact.kind
    if kind is Kind.PAGE or artifact.kind is Kind.PAGE:
        return list(page_findings(artifact, window, tick))
    content = inspect(window, None, deep=True)
    if not isinstance(content, (WheelFacts, SdistFacts, ZipBody)):
        # an archive as it is stored was not coded, whatever coding the server names
        if (problem := _coding_problem(window, encoding, tick)) is not None:
            return [Finding(Check.PC105, "", f"a body in {encoding}", problem)]
        content = inspect(window, encoding, deep=True)
    match kind:
        case Kind.WHEEL | Kind.BUILT:
            return _wheel_findings(artifact, window, content, tick)
        case Kind.SDIST:
            return [*_sdist_findings(window, content, tick), *_name_findings(artifact)]
        case Kind.METADATA:
            is_metadata = isinstance(content, TextBody) and content.metadata is not None
            return [] if is_metadata else [Finding(Check.PC301, "", "a METADATA file", _describe(content))]
        case _:
            return _unnamed_findings(window, content, encoding, tick)


def _findings(flaws: Iterable[Flaw]) -> list[Finding]:
    """Return the findings of an archive's flaws."""
    return [Finding(CHECK_OF_DEFECT[flaw.defect], flaw.where, flaw.expected, flaw.actual) for flaw in flaws]


def _zip_findings(window: Window, tick: Tick) -> list[Finding]:
    return _findings(check_zip(window, lambda _member: None, tick).flaws)


def _unnamed_findings(window: Window, content: Content, encoding: str | None, tick: Tick) -> list[Finding]:
    """Return what is wrong with bytes of which no name says what they are; an archive must still be whole."""
    match content:
        case ZipBody() | WheelFacts() | SdistFacts(suffix=".zip"):
            return _zip_findings(window, tick)
        case SdistFacts() | OpaqueBody(is_broken_archive=True):
            return _findings(check_tar(window, tick))
        case OpaqueBody() if not codings(encoding) and archive_format(window.read(0, 2)) is GZIP:
            # a gzip file must be whole, whatever is in it
            problem = _coding_problem(window, "gzip", tick)
            return [] if problem is None else [Finding(Check.PC402, "", "a body in gzip", problem)]
        case _:
            return []


def _coding_problem(window: Window, encoding: str | None, tick: Tick) -> str | None:
    """Return why a coded body does not decode to its end; None when it does, or when that cannot be tried."""
    if not codings(encoding):
        return None
    try:
        for _ in decoded_pieces(window, encoding, tick):
            pass
    except BrokenStream as error:
        return str(error)
    except UndecodableBody:
        return None
    return None


def _describe(content: Content) -> str:
    """Return what a content is, for people."""
    match content:
        case WheelFacts():
            return "a wheel"
        case SdistFacts():
            return "an sdist"
        case TextBody(metadata=metadata) as text:
            return "metadata" if metadata is not None else text.form.value.upper() if text.form else "text"
        case EmptyBody():
            return "nothing"
        case ZipBody(problem=problem) | OpaqueBody(problem=problem):
            return problem or "other bytes"
        case _:
            return "an index page"


def _wheel_findings(artifact: Artifact, window: Window, content: Content, tick: Tick) -> list[Finding]:
    """Return what is wrong with what should be a wheel."""
    match content:
        case WheelFacts(folder=folder):
            return [*_findings(check_wheel(window, folder, tick)), *_name_findings(artifact)]
        case TextBody() | EmptyBody() | SdistFacts():
            return [Finding(Check.PC301, "", "a wheel", _describe(content))]
        case ZipBody(problem=None):
            return _zip_findings(window, tick) or [Finding(Check.PC301, "", "a wheel", "another ZIP")]
        case _:
            return [Finding(Check.PC401, "", "a wheel", _describe(content))]


def _sdist_findings(window: Window, content: Content, tick: Tick) -> list[Finding]:
    """Return what is wrong with what should be an sdist."""
    match content:
        case TextBody() | EmptyBody() | WheelFacts():
            return [Finding(Check.PC301, "", "an sdist", _describe(content))]
        case SdistFacts(suffix=".zip") | ZipBody():
            return _zip_findings(window, tick)
        case _:
            return _findings(check_tar(window, tick))


_FREE_NAMES = frozenset({Place.TOP_FOLDER, Place.CONTENT_DISPOSITION, Place.ARTIFACTORY_FILENAME})
"""Where an sdist may have any name: PEP 625 came late, and pip goes by PKG-INFO."""


def _name_findings(artifact: Artifact) -> Iterator[Finding]:
    """Yield each claim whose name disagrees with the best claim's (projects by PEP 503, versions by PEP 440)."""
    ignored = _FREE_NAMES if artifact.kind is Kind.SDIST else frozenset()
    claims = [claim for claim in artifact.claims if claim.project and claim.place not in ignored]
    for claim in claims[1:]:
        best = claims[0]
        assert best.project is not None
        assert claim.project is not None
        if normalise(claim.project) != normalise(best.project):
            yield Finding(Check.PC303, claim.detail, f"{best.project} ({best.detail})", claim.project)
        elif best.version and claim.version and not same_version(best.version, claim.version):
            yield Finding(Check.PC303, claim.detail, f"{best.version} ({best.detail})", claim.version)
