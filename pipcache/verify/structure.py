"""Flaws that the bytes show by themselves, by kind."""

from collections.abc import Iterator

from pipcache.archive.flaw import Flaw
from pipcache.archive.metadata import SdistFacts, WheelFacts
from pipcache.archive.record import RECORD_LIMIT, RecordCheck, parse_record
from pipcache.archive.tar_check import check_tar
from pipcache.archive.zip_check import check_zip
from pipcache.archive.zip_reader import Member, ZipDirectory
from pipcache.inventory.artifact import Artifact, Kind
from pipcache.inventory.identify import promised_kind
from pipcache.store.content import Content, EmptyBody, OpaqueBody, TextBody, ZipBody, inspect
from pipcache.util.compression import BrokenCoding, UndecodableBody, codings, plain_pieces
from pipcache.util.filenames import normalise
from pipcache.util.files import Window
from pipcache.util.progress import Tick
from pipcache.util.versions import same_version
from pipcache.verify.checks import Check
from pipcache.verify.page import page_flaws


def flaws_of(artifact: Artifact, window: Window, tick: Tick) -> list[Flaw]:
    """Return what is wrong with the bytes of ``artifact`` in ``window``, whatever was promised of them."""
    encoding = artifact.encoding
    kind = promised_kind(artifact) or artifact.kind
    if kind is Kind.PAGE or artifact.kind is Kind.PAGE:
        return list(page_flaws(artifact, window, tick))
    content = inspect(window, None, deep=True)
    if not isinstance(content, (WheelFacts, SdistFacts, ZipBody)):
        # pip writes files down as they come, so a coding that a server names for an archive means nothing
        if (flaw := _coding_flaw(window, encoding, tick)) is not None:
            return [flaw]
        content = inspect(window, encoding, deep=True)
    match kind:
        case Kind.WHEEL | Kind.BUILT:
            return _wheel_flaws(artifact, window, content, tick)
        case Kind.SDIST:
            return [*_sdist_flaws(window, content, tick), *_name_flaws(artifact)]
        case Kind.METADATA:
            told = _described(content)
            return [] if told == "metadata" else [Flaw(Check.PC301, "", "a METADATA file", told)]
        case _:
            return _nameless_flaws(window, content, encoding, tick)


def _nameless_flaws(window: Window, content: Content, encoding: str | None, tick: Tick) -> list[Flaw]:
    """Return what is wrong with bytes of nobody's name: an archive is to be whole all the same."""
    match content:
        case ZipBody() | WheelFacts() | SdistFacts(suffix=".zip"):
            return check_zip(window, _nobody, tick).flaws
        case SdistFacts() | OpaqueBody(problem="an archive that does not unpack"):
            return check_tar(window, tick)
        case OpaqueBody() if not codings(encoding) and window.read(0, 2) == b"\x1f\x8b":
            # whatever is in it
            flaw = _coding_flaw(window, "gzip", tick)
            return [] if flaw is None else [flaw._replace(check=Check.PC402)]
        case _:
            return []


def _coding_flaw(window: Window, encoding: str | None, tick: Tick) -> Flaw | None:
    """Return why a coded body does not decode to its end; None when it does, or when that cannot be tried."""
    if not codings(encoding):
        return None
    try:
        for _ in plain_pieces(window, encoding, tick):
            pass
    except BrokenCoding as error:
        return Flaw(Check.PC105, "", f"a body in {encoding}", str(error))
    except UndecodableBody:
        return None
    return None


def _nobody(member: Member) -> None:
    del member


def _described(content: Content) -> str:
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


def _wheel_flaws(artifact: Artifact, window: Window, content: Content, tick: Tick) -> list[Flaw]:
    match content:
        case WheelFacts(folder=folder):
            return [*_archive_flaws(window, folder, tick), *_name_flaws(artifact)]
        case TextBody() | EmptyBody() | SdistFacts():
            return [Flaw(Check.PC301, "", "a wheel", _described(content))]
        case ZipBody(problem=None):
            return check_zip(window, _nobody, tick).flaws or [Flaw(Check.PC301, "", "a wheel", "another ZIP")]
        case _:
            return [Flaw(Check.PC401, "", "a wheel", _described(content))]


def _archive_flaws(window: Window, folder: str, tick: Tick) -> Iterator[Flaw]:
    """Yield what is wrong with a wheel's archive and its RECORD, both from one reading of its members."""
    directory = ZipDirectory(window)
    path = f"{folder}.dist-info/RECORD"
    found = [member for member in directory.ending(path) if member.name == path]
    rows = parse_record(directory.read(found[-1], RECORD_LIMIT)) if found else None
    record = RecordCheck(folder, rows or {})
    checked = check_zip(window, record.observe, tick)
    yield from checked.flaws
    # bytes that are broken anyway say nothing more by a digest, nor does a broken RECORD
    broken = {flaw.where for flaw in checked.flaws if flaw.check in {Check.PC401, Check.PC402}}
    if rows is None:
        yield Flaw(Check.PC504, path, "RECORD", "none" if not found else "something else")
    elif not broken & {path, ""}:
        for flaw in record.flaws(checked.members):
            if flaw.check is not Check.PC502 or flaw.where not in broken:
                yield flaw


def _sdist_flaws(window: Window, content: Content, tick: Tick) -> list[Flaw]:
    match content:
        case TextBody() | EmptyBody() | WheelFacts():
            return [Flaw(Check.PC301, "", "an sdist", _described(content))]
        case SdistFacts(suffix=".zip") | ZipBody():
            return check_zip(window, _nobody, tick).flaws
        case _:
            return check_tar(window, tick)


_FREE = frozenset({"top folder", "content-disposition", "x-artifactory-filename"})


def _name_flaws(artifact: Artifact) -> Iterator[Flaw]:
    """Yield each source of a name that disagrees with the best one (projects by PEP 503, versions by PEP 440)."""
    # an sdist and its top folder may be called anything (PEP 625 came late), and pip goes by PKG-INFO
    free = _FREE if artifact.kind is Kind.SDIST else frozenset()
    named = [claim for claim in artifact.claims if claim.project and claim.detail not in free]
    for claim in named[1:]:
        best = named[0]
        assert best.project is not None
        assert claim.project is not None
        if normalise(claim.project) != normalise(best.project):
            yield Flaw(Check.PC303, claim.detail, f"{best.project} ({best.detail})", claim.project)
        elif best.version and claim.version and not same_version(best.version, claim.version):
            yield Flaw(Check.PC303, claim.detail, f"{best.version} ({best.detail})", claim.version)
