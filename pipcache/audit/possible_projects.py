"""The projects that indicators can match, by their names and by the file names in them."""

from collections.abc import Iterable

from pipcache.advisories.model import Indicator
from pipcache.query.selector import Selector
from pipcache.util.filenames import normalise, parse_filename
from pipcache.util.urls import filename_in


def projects_of(
    indicators: Iterable[Indicator], selectors: Iterable[tuple[Indicator, Selector]]
) -> frozenset[str] | None:
    """Return the projects that can match; None when any project can."""
    projects: set[str] = set()
    if any(selector.project is None for _, selector in selectors):
        return None
    for indicator in indicators:
        names = {indicator.project} if indicator.project is not None else set[str]()
        for filename in filter(None, (indicator.filename, *map(filename_in, indicator.urls))):
            names |= _possible_projects(filename)
        if not names:
            return None
        projects |= names
    return frozenset(projects)


def _possible_projects(filename: str) -> set[str]:
    """Return the projects that a file name may be of, normalised."""
    parsed = parse_filename(filename)
    if parsed is None or parsed.is_wheel:
        return {normalise(parsed.project)} if parsed is not None else set()
    # the name of an sdist does not show where its version begins
    parts = filename.split("-")
    return {normalise("-".join(parts[:end])) for end in range(1, len(parts))}


def by_possible_project(filenames: Iterable[str]) -> dict[str, list[str]]:
    """Return file names by the projects that they may be of."""
    by_project: dict[str, list[str]] = {}
    for filename in filenames:
        for project in _possible_projects(filename):
            by_project.setdefault(project, []).append(filename)
    return by_project
