"""The judgement of one artifact."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.body import open_body
from pipcache.inventory.proof import prove_by_content
from pipcache.store.cache import Cache
from pipcache.store.cachecontrol import HEAD_LIMIT, MalformedResponse, decode_head, read_inline
from pipcache.store.entries import HttpEntry, UnreadableEntry, entry_path
from pipcache.store.layout import Store
from pipcache.store.response import explain_read_error
from pipcache.util.compression import UndecodableBody, codings, decode_body
from pipcache.util.files import Window
from pipcache.util.hashes import Digests, hash_window, new_digest
from pipcache.util.untrusted import redact_url
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.context import Context
from pipcache.verify.promises import Promise, Weight, promises
from pipcache.verify.verdict import Finding, Judgement, Tried, summed

_DECODED_LIMIT = 64 << 20


def judge(artifact: Artifact, context: Context) -> Judgement:
    """Return the judgement of one artifact; its bytes are read once for all digests, and again only for flaws.

    What ``context.tick`` raises goes through.
    """
    if isinstance(artifact.entry, UnreadableEntry) or artifact.unreadable:
        return Judgement(artifact, Verdict.UNREADABLE, problem=artifact.problem)
    try:
        if isinstance(artifact.entry, HttpEntry):
            early = _judge_head(artifact, artifact.entry, context)
            if early is not None:
                return early
        with open_body(context.cache, artifact) as body:
            return _judge_bytes(artifact, body.window, context)
    except OSError as error:
        return Judgement(artifact, Verdict.UNREADABLE, problem=explain_read_error(error))


def judge_by_key(artifact: Artifact, context: Context) -> Judgement | None:
    """Return the judgement of a download whose key proves its bytes; None for all others, which need more.

    What ``context.tick`` raises goes through.
    """
    if not isinstance(artifact.entry, HttpEntry) or artifact.head is None or _credentials(artifact):
        return None
    try:
        with open_body(context.cache, artifact) as body:
            if _length_finding(artifact, window := body.window):
                return None
            wanted = {_BLAKE}
            if artifact.came_from != "PyPI":
                # it will need what pages and headers promise, and no body is read twice for its digests
                wanted |= {
                    "sha256",
                    *(one.what for one in promises(artifact, context.locks) if one.what != "size"),
                }
            digests = hash_window(window, wanted, context.tick)
    except OSError:
        return None
    context.hashed[path_of(artifact)] = digests
    blake = digests[_BLAKE]
    proved = artifact if artifact.url_proved else prove_by_content(artifact, Digests(blake, "", None))
    tried = [
        _compared(one, digests[one.what]) if one.what in digests else Tried(one, None, _STRONGER)
        for one in promises(proved, context.locks)
    ]
    is_proved = any(one.is_kept and one.is_strong for one in tried)
    return summed(proved, [], tried) if is_proved and not any(one.is_broken for one in tried) else None


_BLAKE = "blake2b_256"

_STRONGER = "a stronger one was tried"


def _judge_head(artifact: Artifact, entry: HttpEntry, context: Context) -> Judgement | None:
    """Return the judgement of an entry whose head alone decides; None when its body is to be looked at."""
    if linked := {path for path in _parts(entry) if path in context.links}:
        problem = f"{linked.pop()} is a symbolic link, which is not followed"
        return Judgement(artifact, Verdict.UNREADABLE, problem=problem)
    if entry.head is None:
        return _broken(artifact, Check.PC103, "a head", "none")
    head = artifact.head
    if head is None:
        is_foreign, why = _why_undecodable(context.cache, entry)
        if is_foreign:
            return Judgement(artifact, Verdict.UNREADABLE, problem=why)
        return _broken(artifact, Check.PC104, "a stored response", why)
    if head.is_redirect:
        return summed(artifact, _credentials(artifact), [])
    has_body = entry.body is not None if entry.store is Store.HTTP_V2 else head.body is not None
    return None if has_body else _broken(artifact, Check.PC102, "a body", "none")


def _parts(entry: HttpEntry) -> tuple[str, str]:
    """Return where the head and the body of an entry lie, whether they are there or not."""
    head = entry_path(entry).removesuffix(".body")
    return head, f"{head}.body"


def _broken(artifact: Artifact, check: Check, expected: str, actual: str) -> Judgement:
    return summed(artifact, [Finding(check, "", expected, actual), *_credentials(artifact)], [])


def _why_undecodable(cache: Cache, entry: HttpEntry) -> tuple[bool, str]:
    """Return (is it in a form of other pips, why) for a head that does not decode.

    Raises:
        OSError: it cannot be read.
    """
    assert entry.head is not None
    try:
        if entry.store is Store.HTTP:
            with cache.open(entry.head) as window:
                read_inline(window)
        elif entry.head.size > HEAD_LIMIT:
            return False, f"{entry.head.size} bytes, far more than pip writes"
        else:
            decode_head(cache.read(entry.head, HEAD_LIMIT))
    except MalformedResponse as error:
        return error.is_foreign, error.reason
    return False, "it decodes now"


_SECRETS = frozenset({"authorization", "proxy-authorization", "cookie"})


def _credentials(artifact: Artifact) -> list[Finding]:
    """Return a finding for each secret of the request that ``vary`` holds; the secret is not told."""
    vary = artifact.head.vary if artifact.head is not None else {}
    return [
        Finding(Check.PC106, f"vary: {name}", "no credentials", "credentials")
        for name, value in vary.items()
        if value and name.lower() in _SECRETS
    ]


def _judge_bytes(artifact: Artifact, window: Window, context: Context) -> Judgement:
    """Hash what the promises need, and look for flaws where no strong one was kept."""
    length = _length_finding(artifact, window)
    tried, proved = _try(artifact, window, context)
    kept_strong = any(one.is_kept and one.is_strong for one in tried)
    broken = [one for one in tried if one.is_broken]
    findings = [*length, *_credentials(artifact)]
    if context.thorough or broken or not kept_strong or length:
        from pipcache.verify.structure import structure_findings  # noqa: PLC0415 - not where keys prove everything

        findings += structure_findings(proved, window, context.tick)
        findings += _built_findings(proved, context)
    findings += _etag_findings(proved, tried)
    vouched = any(one.is_kept and one.promise.weight is not Weight.WITNESS for one in tried)
    for one in broken:
        if one.promise.of_version and vouched:
            continue  # a file the lock does not know, of a version it knows
        if not (one.promise.weight is Weight.WITNESS and kept_strong):
            findings.append(_broken_promise(one))
    return summed(proved, findings, tried)


def _etag_findings(artifact: Artifact, tried: Iterable[Tried]) -> Iterator[Finding]:
    """Yield an ETag that is not kept where the key does not follow from PyPI's bytes either."""
    is_pypis = artifact.head is not None and "x-pypi-file-project" in artifact.head.headers
    if not is_pypis or artifact.url_proved or artifact.kind not in {Kind.WHEEL, Kind.SDIST}:
        return
    for one in tried:
        if one.promise.check is Check.PC207 and one.is_kept is False:
            yield _broken_promise(one)


def _broken_promise(tried: Tried) -> Finding:
    promise = tried.promise
    unit = "{} bytes" if promise.what == "size" else f"{promise.what} {{}}"
    others = f", or {len(promise.or_else)} others" if promise.or_else else ""
    expected = unit.format(promise.expected) + ("..." if promise.is_prefix else others)
    return Finding(promise.check, promise.by, expected, unit.format(tried.actual))


def _length_finding(artifact: Artifact, window: Window) -> list[Finding]:
    """Compare with ``Content-Length``, which counts the bytes as they came (RFC 9110, 8.6)."""
    headers = artifact.head.headers if artifact.head is not None else {}
    stated = headers.get("content-length", "")
    if headers.get("transfer-encoding") or codings(headers.get("content-encoding")):
        return []  # a coded body tells itself where it ends
    if not re.fullmatch(r"[0-9]{1,18}", stated) or int(stated) == window.length:
        return []
    return [Finding(Check.PC101, "content-length", f"{stated} bytes", f"{window.length} bytes")]


def _try(artifact: Artifact, window: Window, context: Context) -> tuple[list[Tried], Artifact]:
    """Return the promises with what the bytes are, and the artifact with the proof by its key."""
    found = promises(artifact, context.locks, context.witnesses(artifact))
    needed = found if context.thorough else _enough(found)
    can_be_proved = artifact.kind in {Kind.WHEEL, Kind.SDIST} and isinstance(artifact.entry, HttpEntry)
    has_strong = any(one.is_strong and not one.of_version for one in needed)
    wants_proof = can_be_proved and not artifact.url_proved and (context.thorough or not has_strong)
    algorithms = {one.what for one in needed if one.what != "size" and not one.of_decoded}
    if wants_proof:
        algorithms.add(_BLAKE)
    digests = context.hashed.get(path_of(artifact), {})
    if algorithms := algorithms - digests.keys():
        digests = digests | hash_window(window, algorithms, context.tick)
    if wants_proof and (blake := digests.get(_BLAKE)) is not None:
        artifact = prove_by_content(artifact, Digests(blake, "", None))
        if artifact.url_proved:
            by_key = [one for one in promises(artifact, context.locks) if one.check is Check.PC201]
            found, needed = [*by_key, *found], [*by_key, *needed]
    tried = [_tried(one, artifact, window, digests, is_needed=one in needed) for one in found]
    return tried, artifact


def _enough(found: Sequence[Promise]) -> list[Promise]:
    """Return the promises a verdict needs: what lock files say, one strong one, or all weak ones."""
    outside = [one for one in found if one.is_outside]
    inside = [one for one in found if not one.is_outside]
    strong = next((one for one in inside if one.is_strong), None)
    if any(one.is_strong and not one.of_version for one in outside):
        return outside
    return [*outside, strong] if strong is not None else [*outside, *inside]


def _tried(
    promise: Promise, artifact: Artifact, window: Window, digests: Mapping[str, str], *, is_needed: bool
) -> Tried:
    if promise.what == "size":
        return Tried(promise, str(window.length))
    if not is_needed and (promise.of_decoded or promise.what not in digests):
        return Tried(promise, None, _STRONGER)
    if promise.of_decoded:
        return _tried_decoded(promise, artifact, window)
    return _compared(promise, digests.get(promise.what))


def _compared(promise: Promise, actual: str | None) -> Tried:
    if actual is None:
        return Tried(promise, None, "not allowed or not known here")
    if len(actual) != len(promise.expected) and not promise.is_prefix:
        return Tried(promise, None, f"no digest of {promise.what} is as long as this")
    return Tried(promise, actual)


def _tried_decoded(promise: Promise, artifact: Artifact, window: Window) -> Tried:
    digest = new_digest(promise.what)
    try:
        data = decode_body(window, artifact.encoding, _DECODED_LIMIT)
    except UndecodableBody as error:
        return Tried(promise, None, error.reason)
    if digest is not None:
        digest.update(data)
    return _compared(promise, None if digest is None else digest.hexdigest())


def _built_findings(artifact: Artifact, context: Context) -> Iterator[Finding]:
    """Yield what does not fit between a built wheel, its folder's key and its source (pip ``cache.py``)."""
    source = artifact.source
    if artifact.kind is not Kind.BUILT or source is None:
        return
    if source.is_directory:
        yield Finding(Check.PC603, "origin.json", "an archive, or a commit", redact_url(source.url))
    if artifact.build_key is None and context.is_misplaced(artifact):
        yield Finding(Check.PC601, "origin.json", f"the key of {redact_url(source.url)}", artifact.key or "")
    for sdist in context.sources(artifact):
        # of two that disagree the one is accused that nothing else vouches for
        if judge(sdist, context).verdict is not Verdict.VERIFIED:
            continue
        with open_body(context.cache, sdist) as body:
            digests = body.digests({algorithm for algorithm, _ in source.hashes}, context.tick)
        for algorithm, expected in source.hashes:
            if (actual := digests.get(algorithm)) is not None and actual != expected.lower():
                yield Finding(Check.PC602, "origin.json", f"{algorithm} {expected}", f"{algorithm} {actual}")
