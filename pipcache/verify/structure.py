"""Finds what is wrong with the bytes of an artifact alone, by its kind."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcache.archive.core_metadata import METADATA_LIMIT, metadata_flaws
from pipcache.archive.flaw import Defect, Flaw
from pipcache.archive.metadata import SdistFacts, WheelFacts
from pipcache.archive.record import check_wheel
from pipcache.archive.tar_check import check_tar
from pipcache.archive.unpacked_paths import zip_sdist_flaws
from pipcache.archive.zip_check import check_zip
from pipcache.archive.zip_reader import MOST_MEMBERS, ZipDirectory, is_zip
from pipcache.inventory.artifact import Artifact, Claim, Evidence, Kind, Place
from pipcache.inventory.identify import promised_kind
from pipcache.store.content import Content, EmptyBody, OpaqueBody, TextBody, ZipBody, inspect
from pipcache.util.budget import TooMuchInItError
from pipcache.util.compression import GZIP, BrokenStream, UndecodableBody, archive_format
from pipcache.util.content_coding import codings, decode_body, decoded_pieces
from pipcache.util.filenames import normalise
from pipcache.util.files import Window
from pipcache.util.progress import Tick
from pipcache.util.versions import parse_version, same_version
from pipcache.verify.checks import CHECK_OF_DEFECT, Check
from pipcache.verify.page import page_findings
from pipcache.verify.verdict import MOST_FINDINGS, Finding


class Structure(NamedTuple):
    """What is wrong with the bytes of an artifact alone.

    Attributes:
        findings: what is wrong.
        problem: why not all of it could be judged here, for people; None where it could.
    """

    findings: list[Finding]
    problem: str | None = None


class _Unjudged(NamedTuple):
    """Why a part of an archive could not be judged here."""

    reason: str


def check_structure(artifact: Artifact, window: Window, tick: Tick, *, was_whole: bool | None = None) -> Structure:
    """Return what is wrong with an artifact's bytes, without regard to promises.

    Args:
        artifact: the artifact, whose kind says what its bytes must be.
        window: its bytes as they are stored.
        tick: called before each piece; what it raises goes through.
        was_whole: of an index page, as in ``page_findings``.

    Raises:
        OSError: the window cannot be read.
    """
    try:
        results = _check(artifact, window, tick, was_whole=was_whole)
    except TooMuchInItError as error:
        results = [_Unjudged(error.reason), *_hidden_zip_results(window, tick)]
    return _bounded(results)


def may_be_wheel(artifact: Artifact) -> bool:
    """Return whether its names promise that a download is a wheel."""
    return (promised_kind(artifact) or artifact.kind) is Kind.WHEEL and artifact.kind is Kind.WHEEL


def structure_of_sound_wheel(wheel: Artifact) -> Structure:
    """Return what ``check_structure`` returns of a wheel whose archive and RECORD have no flaw."""
    return _bounded(name_findings(wheel))


def structure_of(flaws: Iterable[Flaw]) -> Structure:
    """Return what is wrong with an unpacked wheel, by the flaws of its folder."""
    return _bounded(_results(flaws))


_LONGEST_TEXT = 1_000  # characters; the names of members can have 65,535 bytes


_Result = Finding | _Unjudged


def _bounded(results: Iterable[_Result]) -> Structure:
    """Return the first findings of each check, with texts of a bounded length, and the first problem."""
    counts: Counter[Check] = Counter()
    findings: list[Finding] = []
    problem: str | None = None
    for result in results:
        if isinstance(result, _Unjudged):
            problem = problem or result.reason
            continue
        counts[result.check] += 1
        if counts[result.check] <= MOST_FINDINGS:
            findings.append(Finding(result.check, *map(_shortened, result[1:])))
    return Structure(findings, problem)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


def _check(artifact: Artifact, window: Window, tick: Tick, *, was_whole: bool | None) -> list[_Result]:
    """Return what ``check_structure`` returns, in a single list."""
    encoding = artifact.encoding
    kind = promised_kind(artifact) or artifact.kind
    if kind is Kind.PAGE or artifact.kind is Kind.PAGE:
        of_page = page_findings(artifact, window, tick, was_whole=was_whole)
        results = [result if isinstance(result, Finding) else _Unjudged(result) for result in of_page]
        return [*results, *_hidden_zip_results(window, tick)]
    content = inspect(window, None, deep=True)
    if not isinstance(content, (WheelFacts, SdistFacts, ZipBody)):
        # an archive as it is stored was not coded, whatever coding the server names
        if (problem := _coding_problem(window, encoding, tick)) is not None:
            return [problem, *_hidden_zip_results(window, tick)]
        content = inspect(window, encoding, deep=True)
    if isinstance(content, ZipBody) and content.has_too_much:
        return [_Unjudged(content.problem or "")]
    match kind:
        case Kind.WHEEL | Kind.BUILT:
            return _wheel_results(artifact, window, content, tick)
        case Kind.SDIST:
            return [*_sdist_results(artifact, window, content, tick), *name_findings(artifact)]
        case Kind.METADATA:
            hidden = _hidden_zip_results(window, tick)
            if not isinstance(content, TextBody) or content.metadata is None:
                return [Finding(Check.PC301, "", "a METADATA file", _describe(content)), *hidden]
            flaws = metadata_flaws(decode_body(window, encoding, METADATA_LIMIT + 1), "METADATA")
            return [*_results(flaws), *hidden]
        case _:
            return _unnamed_results(window, content, encoding, tick)


def _results(flaws: Iterable[Flaw]) -> list[_Result]:
    """Return the findings of an archive's flaws, and what of it could not be judged."""
    return [
        _Unjudged(f"{flaw.where}: {flaw.actual}" if flaw.where else flaw.actual)
        if flaw.defect is Defect.UNREADABLE
        else Finding(CHECK_OF_DEFECT[flaw.defect], flaw.where, flaw.expected, flaw.actual)
        for flaw in flaws
    ]


def _zip_results(window: Window, tick: Tick) -> list[_Result]:
    return _results(check_zip(window, lambda _member: None, tick).flaws)


def _hidden_zip_results(window: Window, tick: Tick) -> list[_Result]:
    """Return what is wrong with a ZIP behind other bytes: pip reads it from its end, and never looks at these."""
    return _zip_results(window, tick) if is_zip(window) else []


def _unnamed_results(window: Window, content: Content, encoding: str | None, tick: Tick) -> list[_Result]:
    """Return what is wrong with bytes of which no name says what they are; an archive must still be whole."""
    match content:
        case ZipBody() | WheelFacts() | SdistFacts(suffix=".zip"):
            return _zip_results(window, tick)
        case SdistFacts() | OpaqueBody(is_broken_archive=True):
            return _results(check_tar(window, tick))
        case OpaqueBody() if not codings(encoding) and archive_format(window.read(0, 2)) is GZIP:
            # a gzip file must be whole, whatever is in it
            problem = _coding_problem(window, "gzip", tick)
            problems = [problem._replace(check=Check.PC402)] if isinstance(problem, Finding) else []
            return [*problems, *_hidden_zip_results(window, tick)]
        case _:
            return _hidden_zip_results(window, tick)


def _coding_problem(window: Window, encoding: str | None, tick: Tick) -> _Result | None:
    """Return why a coded body does not decode to its end, or cannot be decoded here; None when it does."""
    if not codings(encoding):
        return None
    try:
        for _ in decoded_pieces(window, encoding, tick):
            pass
    except BrokenStream as error:
        return Finding(Check.PC105, "", f"a body in {encoding}", str(error))
    except UndecodableBody as error:
        return _Unjudged(error.reason)
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


def _wheel_results(artifact: Artifact, window: Window, content: Content, tick: Tick) -> list[_Result]:
    """Return what is wrong with what should be a wheel."""
    match content:
        case WheelFacts(folder=folder) as facts:
            own = _claims_inside(facts) if artifact.kind is Kind.BUILT else ()
            return [*_results(check_wheel(window, folder, tick)), *name_findings(artifact, own)]
        case TextBody() | EmptyBody() | SdistFacts():
            return [Finding(Check.PC301, "", "a wheel", _describe(content))]
        case ZipBody(problem=None):
            return _zip_results(window, tick) or [Finding(Check.PC301, "", "a wheel", "another ZIP")]
        case _:
            return [Finding(Check.PC401, "", "a wheel", _describe(content))]


def _sdist_results(artifact: Artifact, window: Window, content: Content, tick: Tick) -> list[_Result]:
    """Return what is wrong with what should be an sdist."""
    # what a direct URL names may be built from a subdirectory
    of_index = artifact.listed is not None or (artifact.is_from_pypi and artifact.url_proved)
    match content:
        case TextBody() | EmptyBody() | WheelFacts():
            return [Finding(Check.PC301, "", "an sdist", _describe(content))]
        case SdistFacts(suffix=".zip") | ZipBody():
            form = [*_form_findings(artifact, ".zip")]
            return [*form, *_zip_results(window, tick), *_results(_zip_sdist_flaws(window, of_index=of_index))]
        case SdistFacts(suffix=suffix):
            return [*_form_findings(artifact, suffix), *_results(check_tar(window, tick, of_index=of_index))]
        case _:
            return _results(check_tar(window, tick))


_FORMS = {
    (".zip",): {".zip"},
    (".tar.gz", ".tgz"): {".tar.gz"},
    (".tar.bz2", ".tbz"): {".tar.bz2"},
    (".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"): {".tar.xz", ".tar.lzma"},
}
"""The usual endings of what pip unpacks under each ending (``utils/unpacking.py``); under others, anything."""


def _form_findings(artifact: Artifact, suffix: str) -> Iterator[Finding]:
    """Yield that an sdist is packed in another form than its name says: pip unpacks it by its name.

    Args:
        artifact: the sdist.
        suffix: the usual ending for what it is.
    """
    filename = next((claim.filename for claim in artifact.claims if claim.filename), "").lower()
    for endings, forms in _FORMS.items():
        if filename.endswith(endings) and suffix not in forms:
            # pip before 26.1 takes for a ZIP what has a ZIP's end
            check = Check.PC507 if suffix == ".zip" else Check.PC301
            yield Finding(check, "", f"what ends with {' or '.join(endings)}", f"a {suffix} file")


def _zip_sdist_flaws(window: Window, *, of_index: bool) -> Iterator[Flaw]:
    """Yield the members of a ``.zip`` sdist that pip does not unpack."""
    try:
        directory = ZipDirectory(window)
    except ValueError:
        return
    yield from zip_sdist_flaws(list(directory.first_members()[:MOST_MEMBERS]), of_index=of_index)


_FREE_NAMES = frozenset(
    {
        *(Place.TOP_FOLDER, Place.CONTENT_DISPOSITION, Place.ARTIFACTORY_FILENAME, Place.SUBDIRECTORY),
        Place.ANOTHER_LISTING,
    }
)
"""Where an sdist may have any name: PEP 625 came late, and pip goes by PKG-INFO."""


def _claims_inside(facts: WheelFacts) -> Iterator[Claim]:
    """Yield the names in a built wheel, which has its name from its file."""
    project, _, version = facts.folder.partition("-")
    yield Claim(Evidence.CONTENT, Place.DIST_INFO.value, project, version or None, place=Place.DIST_INFO)
    if facts.metadata is not None:
        # older builders write a version into file names with "_" for all that is no letter, digit or dot
        version = facts.metadata.version or ""
        escaped = re.sub(r"[^A-Za-z0-9.]+", "_", version)
        spelled = escaped if escaped == facts.folder.partition("-")[2] else version
        yield Claim(Evidence.CONTENT, "METADATA", facts.metadata.name, spelled or None)


def name_findings(artifact: Artifact, inside: Iterable[Claim] = ()) -> Iterator[Finding]:
    """Yield each claim whose name disagrees with the best claim's (projects by PEP 503, versions by PEP 440).

    A wheel that was built from an sdist must have its project, but may have a version that the build made.

    Args:
        artifact: the artifact.
        inside: names in its bytes that are no claims of the artifact.
    """
    is_built = artifact.kind is Kind.BUILT
    ignored = _FREE_NAMES if artifact.kind is Kind.SDIST else frozenset({Place.ANOTHER_LISTING})
    named = [claim for claim in (*artifact.claims, *inside) if claim.project and claim.place not in ignored]
    claims = sorted(named, key=lambda claim: claim.evidence is Evidence.ORIGIN)
    for claim in claims[1:]:
        best = claims[0]
        assert best.project is not None
        assert claim.project is not None
        is_of_wheel = claim.evidence is Evidence.ORIGIN and not is_built
        if is_of_wheel and best.evidence is Evidence.ORIGIN:
            return  # several wheels
        if normalise(claim.project) != normalise(best.project):
            yield Finding(Check.PC303, claim.detail, f"{best.project} ({best.detail})", claim.project)
        elif not (best.version and claim.version) or is_of_wheel:
            continue
        elif not same_version(best.version, claim.version) and _promises_version(claim):
            yield Finding(Check.PC303, claim.detail, f"{best.version} ({best.detail})", claim.version)


def _promises_version(claim: Claim) -> bool:
    """Return whether a claim's version must be the artifact's: a URL may have any text where PEP 440 has none."""
    return claim.evidence is not Evidence.ORIGIN or parse_version(claim.version or "") is not None
