"""The decisions of the policies as a plan."""

from collections.abc import Iterable, Mapping, Sequence

from pipcache.inventory.artifact import Artifact
from pipcache.removal.clearing import is_inside
from pipcache.removal.plan import Left, Plan, Reason, Removal, files_of, find_takers, in_order, why_left
from pipcache.store.entries import entry_path, is_link
from pipcache.store.scan import Contents


def plan_pruning(
    reasons: Iterable[tuple[Artifact, Reason, str]],
    catalogue: Sequence[Artifact],
    insides: Mapping[str, Contents],
    empty: Sequence[str],
) -> Plan:
    """Return the plan for artifacts that policies take, with what pip left behind, and the ``empty`` folders.

    ``insides`` tells of each build folder what is in it. Links are left, as is what is no ordinary file.
    """
    whys = {entry_path(artifact.entry): (artifact, reason, detail) for artifact, reason, detail in reasons}
    takers = find_takers((artifact.entry for artifact in catalogue), whys.keys())
    removals: list[Removal] = []
    folders = [*empty]
    left = [Left(entry_path(one.entry), why_left(one.entry)) for one in catalogue if is_link(one.entry)]
    for path, (artifact, reason, detail) in whys.items():
        files = files_of(artifact.entry, takers)
        if (inside := insides.get(path)) is not None:
            files, others = is_inside(inside)
            left += others
            folders += inside.empty
        removals.append(Removal(artifact.entry, files, reason, detail, artifact))
    return Plan(in_order(removals), tuple(folders), tuple(left))
