"""The page at ``/`` for people: what is served, what is withheld and why, and how to install from it."""

from collections.abc import Iterable, Iterator
from html import escape as escape_html

from pipcache.offline.simple_pages import quote_name
from pipcache.server.catalog import Overview
from pipcache.util.units import counted, format_size
from pipcache.util.untrusted import clean
from pipcache.util.versions import parse_version

_STYLE = """
body { font-family: system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25em .75em .25em 0; vertical-align: top; border-bottom: 1px solid #ddd;
  overflow-wrap: anywhere }
td.number, th.number { text-align: right; white-space: nowrap }
pre { background: #f4f4f4; padding: .75em; overflow-x: auto }
.bad { color: #a00 }
"""

_MOST_VERSIONS = 6


def front_page(projects: Iterable[Overview], host: str) -> bytes:
    """Return the page.

    Args:
        projects: what the cache has; names, versions and reasons are strangers' text.
        host: under which the client reached the server, with the port.
    """
    overviews = list(projects)
    url = f"http://{host}/simple/"
    files, size = sum(overview.files for overview in overviews), sum(overview.size for overview in overviews)
    total = f"{counted(len(overviews), 'project')}, {counted(files, 'file')}, {format_size(size)}"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>pip's cache as an index</title><style>{_STYLE}</style></head><body>",
        "<h1>pip's cache as an index</h1>",
        (
            f"<p>{_text(total)}. Only this machine can reach this server, and it asks no other index. "
            "A project is verified when it is first asked for.</p>"
        ),
        "<pre>",
        _text(f"pip install --index-url {url} NAME"),
        _text(f"uv pip install --default-index {url} NAME"),
        _text(f"poetry source add --priority=primary cache {url}"),
        "</pre>",
        (
            "<table><thead><tr><th>project</th><th>versions</th>"
            '<th class="number">files</th><th class="number">size</th><th>state</th></tr></thead><tbody>'
        ),
        *map(_row, overviews),
        "</tbody></table>",
        *_withheld(overviews),
        "</body></html>",
    ]
    return "\n".join(lines).encode()


def _row(overview: Overview) -> str:
    name = _text(overview.name or "(no name)")
    if overview.name:
        name = f'<a href="/simple/{escape_html(quote_name(overview.name))}/">{name}</a>'
    cells = [
        f"<td>{name}</td>",
        f"<td>{_text(_versions(overview.versions))}</td>",
        f'<td class="number">{overview.files}</td>',
        f'<td class="number">{_text(format_size(overview.size))}</td>',
        f"<td>{_state(overview)}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _versions(versions: Iterable[str]) -> str:
    """Return versions for people, the newest first."""

    def age(version: str) -> tuple[bool, object]:
        parsed = parse_version(version)
        return (False, version) if parsed is None else (True, parsed)

    ordered = sorted(versions, key=age, reverse=True)
    rest = len(ordered) - _MOST_VERSIONS
    return ", ".join(ordered[:_MOST_VERSIONS]) + (f" and {rest} more" if rest > 0 else "")


def _state(overview: Overview) -> str:
    project = overview.project
    if project is None:
        return "not asked for yet"
    parts = [_text(f"{len(project.files)} served")] if project.files else []
    if project.withheld:
        parts.append(f'<span class="bad">{len(project.withheld)} withheld</span>')
    return ", ".join(parts)


def _withheld(overviews: Iterable[Overview]) -> Iterator[str]:
    rows = [
        f"<tr><td>{_text(withheld.filename)}</td><td>{_text(withheld.detail)}</td></tr>"
        for overview in overviews
        if overview.project is not None
        for withheld in overview.project.withheld.values()
    ]
    if rows:
        yield "<h2>Withheld</h2><table><thead><tr><th>file</th><th>why</th></tr></thead><tbody>"
        yield from rows
        yield "</tbody></table>"


def _text(text: str) -> str:
    return escape_html(clean(text))
