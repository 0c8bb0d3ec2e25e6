"""``prune`` for GitHub Actions: a step summary and outputs."""

from collections.abc import Iterator

from pipcache.prune.result import PruneResult
from pipcache.removal.plan import allocated
from pipcache.render.text.prune import by_policy, policy_name
from pipcache.util.units import format_size
from pipcache.util.untrusted import clean


def github_lines(result: PruneResult) -> Iterator[str]:
    """Yield a Markdown table for a job's summary, then ``key=value`` lines for a step's outputs."""
    yield "| pipcache prune | entries | files | size |"
    yield "| --- | ---: | ---: | ---: |"
    for reason, members in by_policy(result.removed).items():
        files = [file for removal in members for file in removal.files]
        size = format_size(allocated(files))
        yield f"| {policy_name(reason)} | {len(members):,} | {len(files):,} | {size} |"
    count = sum(len(removal.files) for removal in result.removed)
    verb = "would be removed" if result.outcome is None and result.plan.removals else "removed"
    freed = format_size(result.before - result.after)
    yield f"| **{verb}** | **{len(result.removed):,}** | **{count:,}** | **{freed}** |"
    yield f"| **kept** | **{result.kept:,}** | | **{format_size(result.after)}** |"
    if result.too_large is not None:
        excess = clean(result.too_large).replace("|", "\\|")
        yield f"| too large | | | {excess} |"
    values = {
        "kept": result.kept,
        "removed": len(result.removed),
        "failed": result.failed,
        "unseen": result.unreadable,
        "bytes_before": result.before,
        "bytes_after": result.after,
        "too_large": int(result.too_large is not None),
        "interrupted": int(result.outcome is not None and result.outcome.is_interrupted),
    }
    yield from (f"{name}={value}" for name, value in values.items())
