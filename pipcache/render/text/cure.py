"""Commands that remove what ``verify`` found."""

import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipcache.inventory.artifact import Artifact, Kind, path_of
from pipcache.inventory.uv_removal import commands_for
from pipcache.location.locate import CacheDirectory
from pipcache.query.filters import Filters
from pipcache.util.untrusted import redact_text
from pipcache.verify.checks import Check, Verdict
from pipcache.verify.verdict import Judgement

_GO_BY_VERDICT = {Verdict.DAMAGED, Verdict.POISONED}


class Scope(NamedTuple):
    """What a run of ``verify`` looked at.

    Attributes:
        selectors: the selectors as they were written.
        filters: the filters.
        against: the lock files.
        is_usual: every check counts, and no more promises were tried than the verdicts of ``remove`` need.
    """

    selectors: Sequence[str] = ()
    filters: Filters = Filters()
    against: Sequence[str] = ()
    is_usual: bool = True

    @property
    def is_repeatable(self) -> bool:
        """Whether ``remove`` comes to the same verdicts over the same artifacts, and no secret is in its line."""
        return self.is_usual and all(redact_text(text) == text for text in self.selectors)


def cure_of(cache: CacheDirectory, judgement: Judgement) -> str | None:
    """Return the command that removes an artifact, where that may cure it; None elsewhere, or without a key.

    Of another installer's cache it is that installer's own.
    """
    artifact = judgement.artifact
    if artifact.tool == "uv":
        return _cure_in_uv(cache, [judgement])
    if not judgement.is_curable or artifact.key is None:
        return None
    if artifact.kind is not Kind.BUILT or judgement.verdict not in _GO_BY_VERDICT:
        return f"pipcache remove {artifact.key}{cache.option}"
    # its folder's key may be that of other wheels too, so it goes by its verdict
    files = sorted({finding.by for finding in judgement.findings if finding.check is Check.PC206})
    against = "".join(f" --against {shlex.quote(file)}" for file in files)
    name = shlex.quote(artifact.filename or artifact.key)
    return f"pipcache remove --{judgement.verdict} {name}{against}{cache.option}"


def _cure_in_uv(cache: CacheDirectory, judgements: Iterable[Judgement]) -> str | None:
    """Return the commands of uv that remove what has findings; None where nothing is to be removed."""
    artifacts = [judgement.artifact for judgement in judgements if judgement.findings]
    return " && ".join(commands_for(cache.path, artifacts)) if artifacts else None


def cure_of_all(cache: CacheDirectory, judgements: Sequence[Judgement], scope: Scope) -> str | None:
    """Return the command line that removes all artifacts whose findings that may cure; None without such.

    What is damaged or poisoned goes by its verdict, where ``remove`` comes to the same; all else by keys.
    """
    if cache.tool == "uv":
        return _cure_in_uv(cache, judgements)
    curable = [
        judgement for judgement in judgements if judgement.is_curable and judgement.artifact.key is not None
    ]
    if not curable:
        return None
    by_verdict = [
        judgement for judgement in curable if scope.is_repeatable and judgement.verdict in _GO_BY_VERDICT
    ]
    commands = []
    if by_verdict:
        verdicts = sorted({judgement.verdict for judgement in by_verdict})
        words = [*(f"--{verdict}" for verdict in verdicts), *scope.selectors, *_filter_options(scope.filters)]
        words += [word for file in scope.against for word in ("--against", file)]
        commands.append(f"pipcache remove {shlex.join(words)}{cache.option}")
    going = {path_of(judgement.artifact) for judgement in by_verdict}
    others = [judgement.artifact for judgement in curable if path_of(judgement.artifact) not in going]
    going = {path_of(artifact) for artifact in others}
    kept = [judgement.artifact for judgement in judgements if path_of(judgement.artifact) not in going]
    # --keep-pages keeps those too that are named
    pages, _ = _exact_selectors([artifact for artifact in others if artifact.kind is Kind.PAGE], kept)
    keys, names = _exact_selectors([artifact for artifact in others if artifact.kind is not Kind.PAGE], kept)
    if pages:
        commands.append(f"pipcache remove {shlex.join(pages)}{cache.option}")
    if keys:
        commands.append(f"pipcache remove {shlex.join(keys)} --keep-pages{cache.option}")
    if names:
        commands.append(f"pipcache remove {shlex.join(names)} --kind built --keep-pages{cache.option}")
    return " && ".join(commands) or None


def _exact_selectors(meant: Iterable[Artifact], kept: Sequence[Artifact]) -> tuple[list[str], list[str]]:
    """Return the keys that select what is meant and nothing that is kept, and file names of built wheels else."""
    kept_keys = {artifact.key for artifact in kept}
    kept_names = {artifact.filename for artifact in kept if artifact.kind is Kind.BUILT}
    keys: dict[str, None] = {}
    names: dict[str, None] = {}
    for artifact in meant:
        if artifact.key is not None and artifact.key not in kept_keys:
            keys[artifact.key] = None
        elif artifact.kind is Kind.BUILT and artifact.filename and artifact.filename not in kept_names:
            names[artifact.filename] = None
    return [*keys], [*names]


def _filter_options(filters: Filters) -> list[str]:
    """Return the options that a command takes for these filters."""
    words = [word for kind in sorted(filters.kinds) for word in ("--kind", kind.value)]
    words += [word for store in sorted(filters.stores) for word in ("--store", store.value)]
    ages = (("--older-than", filters.older_than), ("--newer-than", filters.newer_than))
    words += [word for option, age in ages if age is not None for word in (option, f"{age:.0f}s")]
    words += [word for source in filters.sources for word in ("--from", source.text)]
    words += [word for interpreter in sorted(filters.built_by) for word in ("--built-by", interpreter)]
    words += [f"--{status}" for status in sorted(filters.statuses)]
    return words + ([] if filters.larger_than is None else ["--larger-than", f"{filters.larger_than}B"])
