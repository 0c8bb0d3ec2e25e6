"""``prune`` for GitHub Actions: a step summary and outputs."""

from collections.abc import Iterator

from pipcache.prune.result import Pruned
from pipcache.removal.plan import allocated
from pipcache.render.text.prune import by_policy, policy_name
from pipcache.util.units import format_size
from pipcache.util.untrusted import clean


def github_lines(pruned: Pruned) -> Iterator[str]:
    """Yield a Markdown table for a job's summary, then ``key=value`` lines for a step's outputs."""
    yield "| pipcache prune | entries | files | size |"
    yield "| --- | ---: | ---: | ---: |"
    for reason, members in by_policy(pruned.gone).items():
        files = [file for removal in members for file in removal.files]
        size = format_size(allocated(files))
        yield f"| {policy_name(reason)} | {len(members):,} | {len(files):,} | {size} |"
    count = sum(len(removal.files) for removal in pruned.gone)
    verb = "would be removed" if pruned.outcome is None and pruned.plan.removals else "removed"
    freed = format_size(pruned.before - pruned.after)
    yield f"| **{verb}** | **{len(pruned.gone):,}** | **{count:,}** | **{freed}** |"
    yield f"| **kept** | **{pruned.kept:,}** | | **{format_size(pruned.after)}** |"
    if pruned.over is not None:
        told = clean(pruned.over).replace("|", "\\|")
        yield f"| too large | | | {told} |"
    values = {
        "kept": pruned.kept,
        "removed": len(pruned.gone),
        "failed": pruned.failed,
        "unseen": pruned.unseen,
        "bytes_before": pruned.before,
        "bytes_after": pruned.after,
        "too_large": int(pruned.over is not None),
        "interrupted": int(pruned.outcome is not None and pruned.outcome.is_interrupted),
    }
    yield from (f"{name}={value}" for name, value in values.items())
