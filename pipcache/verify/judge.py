"""The judgement of one artifact."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import open_body
from pipcache.inventory.proof import has_only_own_names, name_by_digest, prove_by_content
from pipcache.store.body import Body
from pipcache.store.entries import BuiltEntry, HttpEntry, UnpackedEntry, UnreadableEntry
from pipcache.store.response import explain_read_error
from pipcache.store.usability import why_unusable
from pipcache.util.compression import UndecodableBody
from pipcache.util.content_coding import decode_body
from pipcache.util.files import Window
from pipcache.util.hashes import Digests, hash_window, new_digest
from pipcache.util.progress import no_tick
from pipcache.util.untrusted import redact_url
from pipcache.verify.checks import Check, Trait, Verdict
from pipcache.verify.context import Context
from pipcache.verify.head import head_findings, judge_head
from pipcache.verify.local_source import LocalSource, is_local_archive, look_at_archive
from pipcache.verify.promises import Influence, Promise, find_promises
from pipcache.verify.side_file import side_file_findings
from pipcache.verify.structure import check_structure, may_be_wheel, structure_of_sound_wheel
from pipcache.verify.verdict import NO_DIGESTS, Comparison, Finding, Judgement, conclude

_DECODED_LIMIT = 64 << 20
"""The most bytes of a decoded body that are hashed."""

_BLAKE = "blake2b_256"
"""The algorithm of the digest in PyPI's URLs."""

_STRONGER = "a stronger one was tried"


def judge(artifact: Artifact, context: Context) -> Judgement:
    """Return the judgement of an artifact.

    Its bytes are read once for all digests, and again only to look for flaws. What ``context.tick`` raises goes
    through.
    """
    if isinstance(artifact.entry, UnreadableEntry) or artifact.unreadable:
        return Judgement(artifact, Verdict.UNREADABLE, problem=artifact.problem)
    try:
        if isinstance(artifact.entry, UnpackedEntry):
            from pipcache.verify.unpacked import judge_unpacked  # pip's cache is judged without it

            return judge_unpacked(artifact, context)
        if isinstance(artifact.entry, HttpEntry):
            judgement = judge_head(artifact, artifact.entry, context)
            if judgement is not None:
                return judgement
        with open_body(context.cache, artifact) as body:
            return _judge_bytes(artifact, body, context)
    except OSError as error:
        return Judgement(artifact, Verdict.UNREADABLE, problem=explain_read_error(error))


def judge_by_key(artifact: Artifact, context: Context) -> Judgement | None:
    """Return the judgement of a download whose key proves its bytes; None for others, which ``judge`` has to see.

    Its digests are kept in ``context.hashed`` for that. What ``context.tick`` raises goes through.
    """
    if not isinstance(artifact.entry, HttpEntry) or artifact.head is None:
        return None
    with open_body(context.cache, artifact) as body:
        return _judge_by_key(artifact, body, context)


def judge_open(artifact: Artifact, context: Context, *, body: Body) -> Judgement | None:
    """Return what ``judge_by_key`` returns, by a body that is open.

    Where the key does not prove the bytes, ``judge`` will need more of them: ``context`` takes that too.
    """
    judgement = None if artifact.head is None else _judge_by_key(artifact, body, context, is_last_reading=True)
    if judgement is None:
        context.keep_names(artifact, body)
    return judgement


def _judge_by_key(
    artifact: Artifact, body: Body, context: Context, *, is_last_reading: bool = False
) -> Judgement | None:
    """Return what ``judge_by_key`` returns, by the body of a download that has a head.

    Where ``is_last_reading``, the bytes are hashed for all promises that are known by now.
    """
    assert artifact.head is not None
    if why_unusable(artifact.head) is not None or head_findings(artifact, is_usable=True):
        return None
    try:
        if _length_findings(artifact, (window := body.window).length):
            return None
        algorithms = {_BLAKE, *context.digests}
        promises = find_promises(artifact, context.locks)
        if not artifact.is_from_pypi:
            # judge() will need what pages and headers promise: hash these now too, and the file is read once
            algorithms |= {"sha256", *(promise.measure for promise in promises if not promise.is_size)}
        digests = hash_window(window, algorithms, context.tick)
    except OSError:
        return None
    context.hashed[path_of(artifact)] = digests
    proved = artifact
    if not artifact.url_proved:
        proved = prove_by_content(artifact, Digests(digests[_BLAKE], "", None))
        promises = promises if proved is artifact else find_promises(proved, context.locks)
    comparisons = [
        _compare_value(promise, digests[promise.measure])
        if promise.measure in digests
        else Comparison(promise, None, _STRONGER)
        for promise in promises
    ]
    is_proved = any(comparison.is_proof for comparison in comparisons)
    is_broken = any(comparison.is_broken for comparison in comparisons)
    if not is_proved or is_broken:
        if is_last_reading and (missing := _measures(promises) - digests.keys()):
            with suppress(OSError):  # ``judge`` will read it again, and say so
                context.hashed[path_of(artifact)] = digests | hash_window(window, missing, no_tick)
        return None
    return conclude(proved, [], comparisons)._replace(digests=_kept_digests(digests, context))


def _judge_bytes(artifact: Artifact, body: Body, context: Context) -> Judgement:
    """Compare the bytes with the promises, and look for flaws unless a decisive promise is kept."""
    is_sound = path_of(artifact) in context.sound  # and all digests are known: it is not opened again
    size = body.length if is_sound else body.window.length
    length = _length_findings(artifact, size)
    is_hashed = path_of(artifact) in context.hashed
    comparisons, proved, digests = _compare_with_promises(artifact, body, size, context)
    comparisons = _without_namesakes(comparisons)
    is_proved = any(comparison.is_proof for comparison in comparisons)
    is_supported = any(comparison.is_support for comparison in comparisons)
    broken = [comparison for comparison in comparisons if comparison.is_broken]
    findings = [*length, *(() if is_hashed else head_findings(artifact))]
    problem: str | None = None
    if context.thorough or broken or not is_proved or length:
        if is_sound and may_be_wheel(proved):
            structure = structure_of_sound_wheel(proved)
        else:
            was_whole = context.page_reader().was_whole(proved)
            structure = check_structure(proved, body.window, context.tick, was_whole=was_whole)
        findings += structure.findings
        problem = structure.problem
        is_itself = not broken and not any(Trait.WHOLENESS in finding.check.traits for finding in findings)
        if is_itself and (side := context.side_file(proved)) is not None:
            findings += side_file_findings(proved, body.window, side, context.cache)
        findings += _built_wheel_findings(proved, context)
        local = _look_at_local_source(proved, context)
        findings += local.findings
        if local.note is not None:
            proved = proved._replace(notes=(*proved.notes, local.note))
    findings = _of_two_generations(artifact, findings)
    findings += _etag_findings(proved, comparisons)
    for comparison in broken:
        if comparison.promise.covers_version and is_supported:
            continue  # another file of a version that the lock file pins
        if is_proved and comparison.promise.influence is Influence.WHEN_BROKEN:
            continue  # the wheel's origin.json is wrong, not the download
        findings.append(_finding_of(comparison))
    if artifact.kind is Kind.WHEEL:
        context.hashed.pop(path_of(artifact), None)  # an sdist is judged again beside the wheels built from it
    judgement = conclude(proved, findings, comparisons, problem)
    return judgement._replace(digests=_kept_digests(digests, context))


def _kept_digests(digests: Mapping[str, str], context: Context) -> Mapping[str, str]:
    """Return the digests that a judgement is to have."""
    return {name: digest for name, digest in digests.items() if name in context.digests} or NO_DIGESTS


def _without_namesakes(comparisons: list[Comparison]) -> list[Comparison]:
    """Leave out digests of files of the same name, where the bytes are proved or are those of another of these."""
    of_name = [comparison for comparison in comparisons if comparison.promise.covers_name]
    if not any(comparison.is_kept for comparison in of_name) and not any(
        comparison.is_proof for comparison in comparisons
    ):
        return comparisons
    return [
        comparison for comparison in comparisons if comparison not in of_name or comparison.is_kept is not False
    ]


_OF_CUT_PAGES = frozenset({Check.PC105, Check.PC107})


def _of_two_generations(artifact: Artifact, findings: list[Finding]) -> list[Finding]:
    """Return ``findings``, where the length of a coded page that decodes to its end is that of another page."""
    is_cut = any(finding.check in _OF_CUT_PAGES for finding in findings)
    if is_cut or artifact.kind is not Kind.PAGE or not artifact.encoding:
        return findings
    return [
        finding._replace(check=Check.PC108) if finding.check is Check.PC101 else finding for finding in findings
    ]


def _etag_findings(artifact: Artifact, comparisons: Iterable[Comparison]) -> Iterator[Finding]:
    """Yield a broken ETag of a file that has PyPI's headers, and whose bytes the key does not prove either."""
    is_pypis = artifact.head is not None and "x-pypi-file-project" in artifact.head.headers
    if not is_pypis or artifact.url_proved or artifact.kind not in {Kind.WHEEL, Kind.SDIST}:
        return
    for comparison in comparisons:
        if comparison.promise.check is Check.PC207 and comparison.is_kept is False:
            yield _finding_of(comparison)


def _finding_of(comparison: Comparison) -> Finding:
    """Return the finding of a broken promise."""
    promise = comparison.promise
    spelled = "{} bytes" if promise.is_size else f"{promise.measure} {{}}"
    others = f", or {len(promise.alternatives)} others" if promise.alternatives else ""
    expected = spelled.format(promise.expected) + ("..." if promise.is_prefix else others)
    return Finding(promise.check, promise.by, expected, spelled.format(comparison.actual))


def _length_findings(artifact: Artifact, size: int) -> list[Finding]:
    """Compare with the lengths that the head states: of the body, or of the file of which it is a part."""
    head = artifact.head
    if head is None or (head.stated_length == size and head.whole_length is None):
        return []
    stated = {"content-length": head.stated_length, "content-range": head.whole_length}
    return [
        Finding(Check.PC101, name, f"{length} bytes", f"{size} bytes")
        for name, length in stated.items()
        if length not in {None, size}
    ]


def _compare_with_promises(
    artifact: Artifact, body: Body, size: int, context: Context
) -> tuple[list[Comparison], Artifact, Mapping[str, str]]:
    """Return the bytes compared with every promise, the artifact, and the digests of the bytes.

    The artifact is proved by its key where that is possible.
    """
    promises = find_promises(artifact, context.locks, context.promises_of_built_wheels(artifact))
    needed = promises if context.thorough else _needed_promises(promises)
    can_be_proved = artifact.kind in {Kind.WHEEL, Kind.SDIST} and isinstance(artifact.entry, HttpEntry)
    has_decisive = any(promise.is_decisive and not promise.is_of_name for promise in needed)
    wants_proof = can_be_proved and not artifact.url_proved and (context.thorough or not has_decisive)
    algorithms = _measures(needed)
    algorithms |= context.digests
    if wants_proof:
        algorithms.add(_BLAKE)
    digests = context.hashed.get(path_of(artifact), {})
    if algorithms := algorithms - digests.keys():
        digests = digests | hash_window(body.window, algorithms, context.tick)
    is_tried = path_of(artifact) in context.unproved and has_only_own_names(artifact)
    if wants_proof and not is_tried and (blake := digests.get(_BLAKE)) is not None:
        artifact = prove_by_content(artifact, Digests(blake, "", None))
        if artifact.url_proved:
            of_key = [
                promise for promise in find_promises(artifact, context.locks) if promise.check is Check.PC201
            ]
            promises, needed = [*of_key, *promises], [*of_key, *needed]
    comparisons = [
        Comparison(promise, str(size))
        if promise.is_size
        else _compare(promise, artifact, body, digests, is_needed=promise in needed)
        for promise in promises
    ]
    if artifact.named_rows and artifact.listed is None:
        proved_by = {
            comparison.promise.measure: comparison.actual
            for comparison in comparisons
            if comparison.promise.covers_name and comparison.promise.is_strong and comparison.actual is not None
        }
        artifact = name_by_digest(artifact, proved_by)
    return comparisons, artifact, digests


def _measures(promises: Iterable[Promise]) -> set[str]:
    """Return the algorithms by which the stored bytes are compared with promises."""
    return {promise.measure for promise in promises if not (promise.is_size or promise.covers_decoded)}


def _needed_promises(promises: Sequence[Promise]) -> list[Promise]:
    """Return the promises a verdict needs: those of lock files, and a decisive one, or all where there is none."""
    outside = [promise for promise in promises if promise.is_outside]
    inside = [promise for promise in promises if not promise.is_outside]
    if any(promise.is_decisive and not promise.is_of_name for promise in outside):
        return outside
    decisive = next((promise for promise in inside if promise.is_decisive and not promise.is_of_name), None)
    return [*outside, decisive] if decisive is not None else [*outside, *inside]


def _compare(
    promise: Promise, artifact: Artifact, body: Body, digests: Mapping[str, str], *, is_needed: bool
) -> Comparison:
    """Compare bytes with a promise of a digest; not where it is not needed and more has to be read for it."""
    if not is_needed and (promise.covers_decoded or promise.measure not in digests):
        return Comparison(promise, None, _STRONGER)
    if promise.covers_decoded:
        return _compare_decoded(promise, artifact, body.window)
    return _compare_value(promise, digests.get(promise.measure))


def _compare_value(promise: Promise, digest: str | None) -> Comparison:
    """Compare a digest with a promise; None where it could not be computed."""
    if digest is None:
        return Comparison(promise, None, "not allowed or not known here")
    if len(digest) != len(promise.expected) and not promise.is_prefix:
        return Comparison(promise, None, f"no digest of {promise.measure} is as long as this")
    return Comparison(promise, promise.expected if digest == promise.expected else digest)


def _compare_decoded(promise: Promise, artifact: Artifact, window: Window) -> Comparison:
    """Compare the digest of a decoded body with a promise."""
    digest = new_digest(promise.measure)
    try:
        data = decode_body(window, artifact.encoding, _DECODED_LIMIT)
    except UndecodableBody as error:
        return Comparison(promise, None, error.reason)
    if digest is not None:
        digest.update(data)
    return _compare_value(promise, None if digest is None else digest.hexdigest())


def _built_wheel_findings(wheel: Artifact, context: Context) -> Iterator[Finding]:
    """Yield where a built wheel, its folder's key and its source disagree (pip ``cache.py``)."""
    source = wheel.source
    if wheel.kind is not Kind.BUILT or source is None or wheel.store.is_uvs:
        return
    if source.is_directory:
        yield Finding(Check.PC603, "origin.json", "an archive, or a commit", redact_url(source.url))
    if wheel.build_key is None and context.is_misplaced(wheel):
        yield Finding(Check.PC601, "origin.json", f"the key of {redact_url(source.url)}", wheel.key or "")
    for sdist in context.sources(wheel):
        # when an sdist and a wheel built from it disagree, report the one that no other promise supports
        if judge(sdist, context).verdict is not Verdict.VERIFIED:
            continue
        with open_body(context.cache, sdist) as body:
            digests = body.digests({algorithm for algorithm, _ in source.hashes}, context.tick)
        for algorithm, expected in source.hashes:
            if (actual := digests.get(algorithm)) is not None and actual != expected.lower():
                yield Finding(Check.PC602, "origin.json", f"{algorithm} {expected}", f"{algorithm} {actual}")


def _look_at_local_source(wheel: Artifact, context: Context) -> LocalSource:
    """Return what is known of the local archive that a wheel was built from; nothing where it is not looked at."""
    entry, source = wheel.entry, wheel.source
    if context.local_digests is None or source is None or not is_local_archive(source):
        return LocalSource()
    if not isinstance(entry, BuiltEntry) or entry.origin is None:
        return LocalSource()
    return look_at_archive(source, entry.origin.stat.st_uid, context.local_digests, context.tick)
