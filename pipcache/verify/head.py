"""The judgement of a head: whether pips can use it, and what it keeps that it should not."""

from pipcache.inventory.artifact import Artifact, path_of
from pipcache.store.cache import Cache
from pipcache.store.cachecontrol import HEAD_LIMIT, MalformedResponse, decode_head, read_inline
from pipcache.store.entries import HttpEntry, entry_path
from pipcache.store.layout import Store
from pipcache.store.usability import doubts_about, doubts_about_usable, why_unusable
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.context import Context
from pipcache.verify.verdict import Finding, Judgement, conclude


def judge_head(artifact: Artifact, entry: HttpEntry, context: Context) -> Judgement | None:
    """Return the judgement of an entry whose head decides alone; None when its body has to be read."""
    if links := {path for path in _head_and_body_paths(entry) if path in context.links}:
        problem = f"{links.pop()} is a symbolic link, which is not followed"
        return Judgement(artifact, Verdict.UNREADABLE, problem=problem)
    if entry.head is None:
        return _judge_incomplete(artifact, Check.PC103, "a head", "none")
    head = artifact.head
    if head is None:
        is_foreign, problem = _why_undecodable(context.cache, entry)
        if is_foreign:
            return Judgement(artifact, Verdict.UNREADABLE, problem=problem)
        return _judge_incomplete(artifact, Check.PC104, "a stored response", problem)
    is_sound = path_of(artifact) in context.hashed  # ``judge_by_key`` has looked at the head
    if not is_sound and (failure := why_unusable(head)) is not None:
        return _judge_incomplete(artifact, Check.PC104, "a response that pip can use", failure)
    if head.is_redirect:
        return conclude(artifact, head_findings(artifact), [])
    has_body = entry.store is Store.HTTP or entry.body is not None
    return None if has_body else _judge_incomplete(artifact, Check.PC102, "a body", "none")


def _head_and_body_paths(entry: HttpEntry) -> tuple[str, str]:
    """Return the paths of the head and the body of an entry, which need not exist."""
    head = entry_path(entry).removesuffix(".body")
    return head, f"{head}.body"


def _judge_incomplete(artifact: Artifact, check: Check, expected: str, actual: str) -> Judgement:
    """Return the judgement of an entry without a usable head or body."""
    return conclude(artifact, [Finding(check, "", expected, actual), *head_findings(artifact)], [])


def _why_undecodable(cache: Cache, entry: HttpEntry) -> tuple[bool, str]:
    """Return why a head does not decode, for people, and before it whether only other pips can read its form.

    Raises:
        OSError: the head cannot be read.
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


def head_findings(artifact: Artifact, *, is_usable: bool = False) -> list[Finding]:
    """Return the findings of a head that leave its verdict alone.

    There is one for each header with credentials of the request that the head keeps for ``Vary``, without the
    credentials, and one for each reason why some pips cannot use the head.

    Args:
        artifact: the artifact.
        is_usable: whether ``why_unusable`` was asked about the head, and had nothing to say.
    """
    head = artifact.head
    if head is None:
        return []
    credentials = [
        Finding(Check.PC106, f"vary: {name}", "no credentials", "credentials")
        for name, value in head.vary.items()
        if value and name.lower() in _SECRETS
    ]
    doubts = (doubts_about_usable if is_usable else doubts_about)(head, artifact.size)
    return [*credentials, *(Finding(Check.PC109, "", "a response that every pip can use", why) for why in doubts)]
