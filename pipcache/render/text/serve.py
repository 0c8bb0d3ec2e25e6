"""The answer of ``serve`` as text, and what was asked for in vain."""

from collections.abc import Iterator

from pipcache.server.requests_log import RequestsLog


def how_to_use(url: str, index_url: str) -> Iterator[str]:
    """Yield the URL of the server, and how installers are sent there."""
    yield url
    yield ""
    yield f"  pip:     pip install --index-url {index_url} NAME"
    yield f"  uv:      uv pip install --default-index {index_url} NAME"
    yield f"  poetry:  poetry source add --priority=primary cache {index_url}"
    yield ""
    yield f"Do not commit locks that were made against it: the URLs in them begin with {url}."


def not_served_lines(log: RequestsLog, option: str) -> Iterator[str]:
    """Yield what was asked for and not given, and how projects get into the cache.

    Args:
        log: what was asked for in vain.
        option: the option that a command for the cache needs (``CacheDirectory.option``).
    """
    projects = False
    for missing in log.missing:
        projects = projects or not missing.is_file
        yield f"Not in this cache: {missing.name} (asked by {', '.join(missing.asked_by)})."
    if projects:
        yield "With a network, 'pip download NAME' puts a project and what it needs into the cache."
    for file, asked_by in log.withheld:
        yield f"Withheld: {file.filename}: {file.detail} (asked by {', '.join(asked_by)})."
    names = dict.fromkeys(withheld.file.project for withheld in log.withheld)
    if names:
        yield f"More about that: pipcache verify{option} {' '.join(names)}"
